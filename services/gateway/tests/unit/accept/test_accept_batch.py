"""Accepting many messages at once: outcomes in order, few commits, nothing half told."""

import asyncio
from datetime import UTC, datetime

from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.accept.accept_batch import (
    SLICE_MAX,
    AcceptBatch,
    BatchItem,
    BatchOutcome,
)
from angarium_gateway.application.accept.accept_counters import AcceptCounters
from angarium_gateway.application.accept.accept_message import Accepted, Busy, Draft
from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from msgspec.structs import replace

from ...fakes.directory_models import CopyModel, DispatcherModel, a_state
from ...fakes.journal_model import TENANT, new_ids
from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import Running, simulated

DRAFT = Draft("invoice.paid", b'{"a": 1}')
LATER = datetime(2030, 1, 1, tzinfo=UTC)


class Accepting(Rig):
    def __init__(self, waiting_max: int = 1_000) -> None:
        super().__init__(waiting_max=waiting_max)
        self.copy = CopyModel()
        self.state = self.copy.put(a_state(uid="acme"))
        directory = ApplicationDirectory(self.copy, DispatcherModel())
        self.commits, self.scheduled = self.path.commits, self.path.scheduled
        self.counters = AcceptCounters()
        self.accept = AcceptBatch(
            directory, self.journal, self.commits, new_ids, self.scheduled, self.counters
        )

    async def __call__(self, *items: BatchItem) -> list[BatchOutcome]:
        async with Running(self.commits.run), Running(self.scheduled.run):
            return list(await self.accept(TENANT, items))


def items(count: int) -> list[BatchItem]:
    return [BatchItem("acme", replace(DRAFT, event_id=f"e-{number}")) for number in range(count)]


def event_ids(outcomes: list[BatchOutcome]) -> list[str | None]:
    return [each.message.event_id if isinstance(each, Accepted) else None for each in outcomes]


@simulated
async def test_a_batch_takes_one_commit_for_each_slice_in_order() -> None:
    rig = Accepting()
    outcomes = await rig(*items(2 * SLICE_MAX + 1))
    assert event_ids(outcomes) == [f"e-{number}" for number in range(2 * SLICE_MAX + 1)]
    assert [len(each.messages) for each in rig.journal.commits] == [SLICE_MAX, SLICE_MAX, 1]
    stored = [message.id for each in rig.journal.commits for message in each.messages]
    assert stored == sorted(stored)


@simulated
async def test_only_one_slice_waits_at_a_time() -> None:
    rig = Accepting()
    waiting = asyncio.ensure_future(rig.accept(TENANT, items(3 * SLICE_MAX)))
    await asyncio.sleep(0)
    assert rig.commits.waiting == SLICE_MAX
    async with Running(rig.commits.run):
        assert len(await waiting) == 3 * SLICE_MAX


@simulated
async def test_a_slice_that_does_not_fit_is_refused_whole() -> None:
    rig = Accepting(waiting_max=SLICE_MAX - 1)
    outcomes = await rig(*items(SLICE_MAX + 1))
    assert [type(each) for each in outcomes] == [Busy] * SLICE_MAX + [Accepted]


@simulated
async def test_a_commit_that_fails_refuses_its_own_messages_only() -> None:
    rig = Accepting()
    rig.journal.trouble.once = "after"
    outcomes = await rig(*items(SLICE_MAX + 2))
    assert [type(each) for each in outcomes] == [Busy] * SLICE_MAX + [Accepted] * 2


@simulated
async def test_scheduled_messages_open_no_batch_and_keep_their_places() -> None:
    rig = Accepting()
    outcomes = await rig(
        BatchItem("acme", DRAFT),
        BatchItem("acme", replace(DRAFT, deliver_at=LATER)),
        BatchItem("acme", DRAFT),
    )
    assert [type(each) for each in outcomes] == [Accepted] * 3
    ((scheduled,), (batch,)) = rig.journal.scheduled, rig.journal.commits
    assert scheduled.deliver_at == LATER
    assert len(batch.messages) == 2


@simulated
async def test_an_application_is_created_once_for_all_items_that_name_it() -> None:
    rig = Accepting()
    created: list[str] = []

    async def create() -> ApplicationState:
        created.append("new")
        return a_state(uid="new")

    async def refuse() -> Problem:
        return Problem(code=ProblemCode.QUOTA_REACHED, detail="full")

    outcomes = await rig(
        BatchItem("new", DRAFT),
        BatchItem("new", DRAFT, create),
        BatchItem("new", DRAFT, create),
        BatchItem("full", DRAFT, refuse),
        BatchItem("unknown", DRAFT),
    )
    assert [type(each) for each in outcomes] == [Accepted] * 3 + [Problem] * 2
    assert created == ["new"]
