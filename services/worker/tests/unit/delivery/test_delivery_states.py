"""The tables of states are true: the real code takes every step in them, and no other."""

import random
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database.tables import attempt, pending_delivery
from angarium_worker.application.delivery.chunk import FirstAttempt
from angarium_worker.application.endpoints.endpoint_config import Inactive, ResolvedEndpoint
from angarium_worker.application.ledger.manual_ledger import ManualLedger
from angarium_worker.application.ledger.records import Ledger, Record
from angarium_worker.domain.delivery import ENDED, Delivery, DeliveryKey, DeliveryState, Lane
from angarium_worker.domain.delivery_states import (
    DELIVERY,
    GUARD,
    STANDING,
    EndpointStatus,
    GuardState,
    ImpossibleStep,
    Transition,
    after,
)
from angarium_worker.domain.endpoint_guard import EndpointGuard, Result
from angarium_worker.domain.verdict import (
    Aborted,
    Cancelled,
    Delivered,
    Exhausted,
    Gone,
    Judgement,
    Parked,
    Queued,
    Retry,
    Unsent,
    Verdict,
)
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from .delivery_scenarios import EMPTY, SCENARIOS
from .delivery_watch import IN_MEMORY, Watch, ended_as, recorded, row_state, settled


def steps(transitions: Iterable[Transition[Any]]) -> set[Any]:
    return {step for each in transitions for step in each.steps()}


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Sees every state of every first attempt."""
    watch = Watch()
    slot: Any = FirstAttempt.__dict__["state"]

    def put(first: FirstAttempt, state: DeliveryState) -> None:
        slot.__set__(first, state)
        if state is DeliveryState.REQUESTED:
            watch.began(first.key)
        elif state in IN_MEMORY:
            watch.moved(first.key, state)

    seen = property(lambda first: slot.__get__(first, FirstAttempt), put)
    monkeypatch.setattr(FirstAttempt, "state", seen)
    return watch


@pytest.fixture
def fakes(fakes: SimpleNamespace, watch: Watch) -> SimpleNamespace:
    """The usual fakes; the ledger tells what is written, leased and given back."""

    class Changes(fakes.Changes):  # type: ignore[misc, name-defined]
        def happened(self) -> None:
            watch.look()
            super().happened()

    class WatchedLedger(fakes.FakeLedger):  # type: ignore[misc, name-defined]
        async def record(self, records: Any) -> Any:
            held = await super().record(records)
            for record in records:
                recorded(watch, record)
                for outcome in record.leased:
                    if outcome.delivery.key in held:
                        settled(watch, outcome)
            return held

        async def lease_due(self, **limits: Any) -> list[Delivery]:
            leased: list[Delivery] = await super().lease_due(**limits)
            for due in leased:
                watch.held(due.key, None)
            return leased

        async def release(self, leased: Any) -> None:
            await super().release(leased)
            for due in leased:
                key = due.key
                self.due_at[key] = self.now_us
                watch.moved(key, row_state(self.pending[key].lane))

    return SimpleNamespace(Changes=Changes, FakeLedger=WatchedLedger)


@pytest.fixture
def worker(start_rig: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    """Starts workers that are watched."""

    def start(**options: Any) -> Any:
        rig = start_rig(**options)
        watch.rigs.append(rig)
        take = rig.lanes.take_from_lanes

        async def take_and_tell(takes: Any, **limits: Any) -> Any:
            taken = await take(takes, **limits)
            for due in taken:
                watch.held(due.key, due.lane)
            return taken

        rig.lanes.take_from_lanes = take_and_tell
        return rig

    return start


async def test_workers_take_every_step_of_a_delivery_and_no_other(
    worker: Any, watch: Watch
) -> None:
    for scenario in SCENARIOS:
        watch.states.clear()
        watch.rigs.clear()
        await scenario(worker, watch)

    declared = steps(each for each in DELIVERY if not each.by_command)
    assert watch.seen - declared == set()
    assert declared - watch.seen == set()


async def _standing(database: Database, ledger: Ledger, key: DeliveryKey) -> DeliveryState | None:
    async with database.engine.connect() as connection:
        found = select(pending_delivery.c.lane).where(pending_delivery.c.message_id == key[0])
        row = (await connection.execute(found)).first()
        if row is not None:
            return row_state(row.lane)
        if key not in await ledger.known([key]):
            return None
        tried = select(attempt.c.response_status).where(attempt.c.message_id == key[0])
        made = (await connection.execute(tried)).first()
    return DeliveryState.CANCELLED if made is None else ended_as(made.response_status)[0]


async def _bring_about(
    ledger: Ledger, state: DeliveryState | None, key: DeliveryKey, make_attempt: Any
) -> None:
    attempted = make_attempt(
        message_id=key[0],
        endpoint_id=key[1],
        response_status=500 if state is DeliveryState.EXHAUSTED else 200,
        status=int(state is DeliveryState.EXHAUSTED),
    )
    row = EMPTY._replace(message_id=key[0], endpoint_id=key[1])
    cancelled = row._replace(cancelled="disabled")
    match state:
        case None:
            return
        case DeliveryState.SCHEDULED:
            record = Record(pending=[row])
        case DeliveryState.IN_LANE:
            record = Record(pending=[row._replace(lane=Lane.FIRST)])
        case DeliveryState.CANCELLED:
            record = Record(cancelled=[cancelled])
        case _:
            record = Record(attempts=[attempted])
    await ledger.record([record])


@pytest.mark.parametrize("lane", [None, Lane.RETRY])
async def test_commands_take_every_step_that_is_theirs_and_no_other(
    database: Database,
    ledger: Ledger,
    manual_ledger: ManualLedger,
    attempt_row: Any,
    new_id: Callable[[], bytes],
    lane: Lane | None,
) -> None:
    seen = set()
    for before in (None, *ENDED, DeliveryState.SCHEDULED, DeliveryState.IN_LANE):
        for resends in (True, False):
            key = (new_id(), b"e" * 16)
            await _bring_about(ledger, before, key, attempt_row)
            assert await _standing(database, ledger, key) is before
            if resends:
                row = EMPTY._replace(message_id=key[0], endpoint_id=key[1], trigger=1, lane=lane)
                await manual_ledger.resend([row], only_missing=False)
            else:
                await manual_ledger.cancel(
                    message_id=key[0],
                    endpoint_id=None,
                    reason="not wanted",
                    by_hand=True,
                    rows_max=9,
                    lease_s=60.0,
                )
            after = await _standing(database, ledger, key)
            if after is not before:
                seen.add((before, after, None))

    other = DeliveryState.SCHEDULED if lane is not None else DeliveryState.IN_LANE
    declared = steps(each for each in DELIVERY if each.by_command and each.target is not other)
    assert seen == declared


def test_every_verdict_and_every_state_has_its_place() -> None:
    judged = set(get_args(Judgement.__value__)) | set(get_args(Unsent.__value__))

    assert {verdict for each in DELIVERY for verdict in each.verdicts} == judged
    reached = {each.target for each in DELIVERY}
    assert reached == set(DeliveryState)
    left = {source for each in DELIVERY for source in each.sources}
    assert left == set(DeliveryState)


@given(
    state=st.sampled_from(DeliveryState),
    verdict=st.sampled_from(
        [
            Delivered(),
            Exhausted(),
            Gone(),
            Aborted(),
            Retry(5.0),
            Parked(5.0),
            Queued(),
            Queued(retry=True),
            Cancelled("gone"),
        ]
    ),
    lane=st.sampled_from([None, *Lane]),
    limits=st.sampled_from([(False, False), (True, False), (True, True)]),
)
def test_what_becomes_of_a_delivery_is_a_step_of_the_table_or_an_error(
    state: DeliveryState, verdict: Verdict, lane: Lane | None, limits: tuple[bool, bool]
) -> None:
    strict, fifo = limits
    try:
        step = after(state, verdict, lane=lane, strict=strict, fifo=fifo)
    except ImpossibleStep:
        targets = {
            to for source, to, cause in steps(DELIVERY) if (source, cause) == (state, type(verdict))
        }
        assert targets <= {DeliveryState.SCHEDULED}
        return
    assert (state, step.state, type(verdict)) in steps(DELIVERY)
    assert (step.lane is not None) is (step.state is DeliveryState.IN_LANE)
    if strict and step.state not in ENDED:
        assert step.lane is not None, "it would pass others by"
    if fifo and step.lane is not None:
        assert step.lane is Lane.FIRST


class GuardWalk:
    """Uses a real guard at random, as `EndpointGuards` does, and notes how its state changes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.guard = EndpointGuard()
        self.now_s = 1.0
        self.open: list[tuple[int, float]] = []
        self.seen: set[Any] = {(None, GuardState(self.guard.state), None)}

    def go(self, turns: int) -> None:
        for _ in range(turns):
            before = GuardState(self.guard.state)
            self._do()
            after = GuardState(self.guard.state)
            if before is not after:
                self.seen.add((before, after, None))

    def _do(self) -> None:
        guard, chance = self.guard, self.random.random()
        self.now_s += self.random.expovariate(1.0) * self.random.choice((0.01, 1.0, 20.0))
        if chance < 0.45:
            guard.arrived(self.now_s)
            from_lane = self.random.random() < 0.3
            ticket = guard.begin(self.now_s, retry=False, from_lane=from_lane)
            if ticket:
                self.open.append((ticket, self.now_s))
        elif chance < 0.55:
            guard.backlog = True
        elif chance < 0.58:
            guard.lane_empty(self.now_s)
        elif chance < 0.6 and self.open:
            guard.abandon(self.open.pop()[0])
        elif chance < 0.61:
            guard.reset()
        elif chance < 0.7:
            guard.quota(self.now_s)
        elif self.open:
            ticket, begun_s = self.open.pop(self.random.randrange(len(self.open)))
            bad = int(self.now_s / 300) % 2
            choices = (Result.FAILED, Result.REFUSED) if bad else tuple(Result)
            weights = (9, 1) if bad else (90, 2, 1, 1, 1)
            (result,) = self.random.choices(choices, weights)
            guard.ended(ticket, result, begun_s, self.now_s, self.random.random())


def test_the_guard_takes_every_step_that_is_declared_and_no_other() -> None:
    seen: set[Any] = set()
    for seed in range(60):
        walk = GuardWalk(seed)
        walk.go(2_000)
        seen |= walk.seen

    assert seen == steps(GUARD)


async def test_only_an_enabled_endpoint_is_sent_to(worker: Any) -> None:
    rig = worker()
    by_standing = {
        EndpointStatus.ENABLED: rig.add_endpoint(),
        EndpointStatus.DISABLED: rig.add_endpoint(disabled=True),
        EndpointStatus.DELETED: rig.add_endpoint(deleted=True),
    }
    known = await rig.cache.load(dict.fromkeys(by_standing.values(), 1))

    assert {each.target for each in STANDING} == set(by_standing)
    for standing, endpoint_id in by_standing.items():
        endpoint = known[endpoint_id]
        assert isinstance(endpoint, ResolvedEndpoint) is (standing is EndpointStatus.ENABLED)
        if isinstance(endpoint, Inactive):
            assert standing.value in endpoint.reason
