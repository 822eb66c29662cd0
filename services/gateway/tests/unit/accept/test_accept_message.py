"""Accepting a message: each of its outcomes, and what reaches the journal."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.adapters.http.accept_route import busy
from angarium_gateway.adapters.http.batch_results import refused_result
from angarium_gateway.adapters.metrics import GatewayMetrics
from angarium_gateway.application.accept.accept_message import (
    Accepted,
    AcceptMessage,
    AcceptOutcome,
    Busy,
    Draft,
    EventIdTaken,
    KeyReused,
)
from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.domain.digests import key_digest
from angarium_gateway.domain.fair_level import RATE_MIN
from angarium_gateway.domain.messages import (
    CommitOutcome,
    EarlierRequest,
    EventTaken,
    KeyTaken,
)
from msgspec.structs import replace

from ...fakes.directory_models import CopyModel, DispatcherModel, a_state
from ...fakes.journal_model import (
    TENANT,
    a_message,
    new_id,
)
from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import Running, now_s, simulated

DRAFT = Draft("invoice.paid", b'{"a": 1}', channels=("c",), tags=("t",), trace="00-1-1-01")
KEYED = Draft("invoice.paid", b'{"a": 1}', key="k-1", request_digest=b"d" * 16)
KEY_DIGEST = key_digest(TENANT, "k-1")


class Accepting(Rig):
    def __init__(self, waiting_max: int = 100) -> None:
        super().__init__(waiting_max=waiting_max)
        self.copy = CopyModel()
        self.dispatcher = DispatcherModel()
        self.state = self.copy.put(a_state(uid="acme"))
        self.directory = ApplicationDirectory(self.copy, self.dispatcher)
        self.commits, self.scheduled = self.path.commits, self.path.scheduled
        self.accept = AcceptMessage(
            self.directory,
            self.journal,
            self.commits,
            new_id,
            self.scheduled,
            self.path.counters,
        )

    async def __call__(self, draft: Draft = DRAFT, ref: str = "acme", **more: Any) -> AcceptOutcome:
        async with Running(self.commits.run), Running(self.scheduled.run):
            return await self.accept(TENANT, ref, draft, **more)

    def refuse(self, outcome: CommitOutcome) -> None:
        """The journal refuses whatever comes."""

        class Refusing(dict):  # type: ignore[type-arg]
            def get(self, *_: object) -> CommitOutcome:
                return outcome

        self.journal.outcomes = Refusing()


@simulated
async def test_an_accepted_message_is_in_the_journal_as_it_was_drafted() -> None:
    rig = Accepting()
    outcome = await rig()
    assert isinstance(outcome, Accepted)
    ((message,),) = [batch.messages for batch in rig.journal.commits]
    assert outcome.message is message
    assert (message.tenant_id, message.application_id) == (TENANT, rig.state.id)
    assert (message.event_type, message.payload) == (DRAFT.event_type, DRAFT.payload)
    assert (message.channels, message.tags, message.trace) == (("c",), ("t",), "00-1-1-01")
    assert (message.key_digest, message.request_digest, message.event_id) == (None, None, None)


@simulated
async def test_an_event_id_that_is_taken_is_named() -> None:
    rig = Accepting()
    rig.refuse(EventTaken())
    assert await rig(Draft("a.b", b"{}", event_id="e-1")) == EventIdTaken("e-1")


@simulated
async def test_a_repeat_under_its_key_gives_the_message_of_the_first_request() -> None:
    rig = Accepting()
    rig.refuse(KeyTaken())
    first = a_message()
    rig.journal.earlier_requests[KEY_DIGEST] = EarlierRequest(b"d" * 16, first)
    assert await rig(KEYED) == Accepted(first)


@simulated
async def test_another_request_under_a_used_key_is_refused() -> None:
    rig = Accepting()
    rig.refuse(KeyTaken())
    rig.journal.earlier_requests[KEY_DIGEST] = EarlierRequest(b"x" * 16, a_message())
    assert await rig(KEYED) == KeyReused()


@simulated
async def test_a_repeat_of_a_request_that_was_refused_for_its_event_is_refused_again() -> None:
    rig = Accepting()
    rig.refuse(KeyTaken())
    rig.journal.earlier_requests[KEY_DIGEST] = EarlierRequest(b"d" * 16, None)
    draft = Draft("a.b", b"{}", event_id="e-1", key="k-1", request_digest=b"d" * 16)
    assert await rig(draft) == EventIdTaken("e-1")


@simulated
async def test_a_key_that_expired_between_two_looks_asks_for_another_try() -> None:
    rig = Accepting()
    rig.refuse(KeyTaken())
    assert isinstance(await rig(KEYED), Busy)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_without_an_answer_of_the_journal_nothing_is_accepted(moment: str) -> None:
    @simulated
    async def scenario() -> None:
        rig = Accepting()
        rig.journal.trouble.once = moment
        assert isinstance(await rig(), Busy)

    scenario()


@simulated
async def test_a_journal_that_fails_during_the_replay_is_no_acceptance() -> None:
    rig = Accepting()
    rig.refuse(KeyTaken())
    commit = rig.journal.commit

    async def then_away(batch: Any) -> Any:
        outcomes = await commit(batch)
        rig.journal.trouble.down = True
        return outcomes

    rig.journal.commit = then_away  # type: ignore[method-assign]
    assert isinstance(await rig(KEYED), Busy)


@simulated
async def test_more_messages_than_may_wait_are_told_to_come_back() -> None:
    rig = Accepting(waiting_max=2)
    tasks = [asyncio.ensure_future(rig.accept(TENANT, "acme", DRAFT)) for _ in range(5)]
    await asyncio.sleep(1)
    async with Running(rig.commits.run):
        outcomes = await asyncio.gather(*tasks)
    kinds = sorted(type(outcome).__name__ for outcome in outcomes)
    assert kinds == ["Accepted", "Accepted", "Busy", "Busy", "Busy"]
    assert sum(len(batch.messages) for batch in rig.journal.commits) == 2


@simulated
async def test_one_tenant_is_told_to_come_back_before_the_others_are() -> None:
    rig = Accepting(waiting_max=4)
    other = a_message(tenant_id=b"o" * 16)
    waiting = [rig.commits.submit(other, other.size_bytes)]
    tasks = [asyncio.ensure_future(rig.accept(TENANT, "acme", DRAFT)) for _ in range(3)]
    await asyncio.sleep(0.1)
    waiting.append(rig.commits.submit(other, other.size_bytes))
    async with Running(rig.commits.run):
        outcomes = await asyncio.gather(*tasks)
        await asyncio.gather(*waiting)
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 2
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, Busy)]
    assert refused.by_tenant
    assert busy(refused).status == 429
    assert ("retry-after", "1") in busy(refused).headers
    assert refused_result(0, busy(refused)).status == "unavailable"
    assert busy(Busy("Everything is full.")).status == 503


@simulated
async def test_an_unknown_application_is_a_problem_and_commits_nothing() -> None:
    rig = Accepting()
    outcome = await rig(ref="nobody")
    assert isinstance(outcome, Problem)
    assert outcome.code is ProblemCode.NOT_FOUND
    assert rig.journal.commits == []


@simulated
async def test_the_application_that_a_message_brings_along_is_created_when_there_is_none() -> None:
    rig = Accepting()
    made = a_state(uid="new")

    async def create() -> ApplicationState:
        return made

    outcome = await rig(ref="new", create_missing=create)
    assert isinstance(outcome, Accepted)
    assert outcome.message.application_id == made.id


@simulated
async def test_a_known_application_is_not_created_again() -> None:
    rig = Accepting()

    async def create() -> ApplicationState:
        raise AssertionError("there is one")

    assert isinstance(await rig(create_missing=create), Accepted)
    rig.dispatcher.problem = Problem(code=ProblemCode.UNAVAILABLE, detail="away")
    outcome = await rig(ref="other", create_missing=create)
    assert outcome == rig.dispatcher.problem


@simulated
async def test_why_an_application_could_not_be_created_is_told() -> None:
    rig = Accepting()
    problem = Problem(code=ProblemCode.INVALID, detail="no", field="application.name")

    async def create() -> Problem:
        return problem

    assert await rig(ref="new", create_missing=create) == problem
    assert rig.journal.commits == []


@simulated
async def test_a_database_that_is_away_while_the_application_is_looked_up_is_busy() -> None:
    rig = Accepting()
    rig.copy.down = True
    assert isinstance(await rig(), Busy)


@simulated
async def test_a_message_with_a_time_of_its_own_is_scheduled_and_opens_no_batch() -> None:
    rig = Accepting()
    deliver_at = datetime(2030, 1, 2, tzinfo=UTC)
    outcome = await rig(replace(KEYED, deliver_at=deliver_at))
    assert isinstance(outcome, Accepted)
    assert rig.journal.scheduled == [outcome.message]
    assert (outcome.message.deliver_at, outcome.message.key_digest) == (deliver_at, KEY_DIGEST)
    assert (rig.journal.commits, rig.journal.rows) == ([], {})


@simulated
async def test_a_repeat_of_a_scheduled_request_gets_its_message_also_after_its_time() -> None:
    earlier = a_message(
        key_digest=KEY_DIGEST, request_digest=b"d" * 16, deliver_at=datetime(2030, 1, 2, tzinfo=UTC)
    )
    for draft in (KEYED, replace(KEYED, deliver_at=earlier.deliver_at)):
        rig = Accepting()
        rig.journal.earlier_requests[KEY_DIGEST] = EarlierRequest(b"d" * 16, earlier)
        rig.refuse(KeyTaken())
        assert await rig(draft) == Accepted(earlier)
        assert rig.journal.scheduled == []


@simulated
async def test_an_event_id_that_is_taken_refuses_a_scheduled_message_too() -> None:
    rig = Accepting()
    rig.refuse(EventTaken())
    draft = replace(DRAFT, event_id="e", deliver_at=datetime(2030, 1, 2, tzinfo=UTC))
    assert await rig(draft) == EventIdTaken("e")


def counted(rig: Accepting) -> dict[tuple[str, ...], float]:
    metrics = GatewayMetrics(
        rig.path, clock_s=now_s, directory_age_s=lambda: 0.0, statistics_lag_s=lambda: 0.0
    )
    return {
        (each.name.removeprefix("angarium_gateway_"), *each.labels.values()): each.value
        for metric in metrics.collect()
        for each in metric.samples
    }


@simulated
async def test_messages_are_counted_where_they_are_committed() -> None:
    rig = Accepting()
    later = replace(DRAFT, deliver_at=datetime(2030, 1, 2, tzinfo=UTC))
    async with Running(rig.commits.run), Running(rig.scheduled.run):
        for draft in (DRAFT, DRAFT, later):
            await rig.accept(TENANT, "acme", draft)

    found = counted(rig)
    assert found["messages_accepted_total", "immediate"] == 2
    assert found["tenant_messages_per_second_max",] == RATE_MIN
    assert found["messages_accepted_total", "scheduled"] == 1
    assert found["group_size_messages_count", "immediate"] == 2
    assert found["group_size_messages_sum", "scheduled"] == 1
    assert found["group_commit_seconds_count", "immediate"] == 2


@simulated
async def test_a_repeated_or_failed_request_counts_as_that_and_as_no_message() -> None:
    rig = Accepting()
    rig.refuse(KeyTaken())
    rig.journal.earlier_requests[KEY_DIGEST] = EarlierRequest(b"d" * 16, a_message())
    async with Running(rig.commits.run):
        await rig.accept(TENANT, "acme", KEYED)
        rig.journal.trouble.once = "before"
        await rig.accept(TENANT, "acme", DRAFT)

    found = counted(rig)
    assert found["messages_replayed_total",] == 1
    assert found["messages_accepted_total", "immediate"] == 0
    assert found["group_commits_failed_total", "immediate"] == 1
