"""What waits for a disabled or deleted endpoint ends, in bounded steps."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from angarium_contracts.directory import EndpointState
from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.endpoints.closed_endpoints import ClosedEndpoints
from angarium_worker.application.endpoints.endpoint_cache import EndpointCache
from angarium_worker.application.endpoints.endpoint_owner import GoneEndpoint
from angarium_worker.application.ledger.manual_ledger import CancelCount
from angarium_worker.application.ledger.records import StorageDown
from angarium_worker.domain.delivery import Delivery

FIRST, SECOND, THIRD = b"1" * 16, b"2" * 16, b"3" * 16


class World:
    """Implements `ManualLedger` and the copy of the endpoints: how many deliveries wait for each
    endpoint, and which steps were taken. Steps wait for `let_through`."""

    def __init__(self, changes: Any) -> None:
        self.changes = changes
        self.pending: dict[bytes, int] = {}
        self.steps: list[tuple[bytes, int]] = []
        self.reasons: dict[bytes, str] = {}
        self.down = 0
        self.asked = 0
        self.let_through = asyncio.Event()
        self.let_through.set()

    async def resend(self, rows: Sequence[Delivery], *, only_missing: bool) -> int:
        raise NotImplementedError

    async def cancel(
        self,
        *,
        message_id: bytes | None,
        endpoint_id: bytes | None,
        reason: str,
        by_hand: bool,
        rows_max: int,
        lease_s: float,
    ) -> CancelCount:
        assert (message_id, by_hand, lease_s) == (None, False, 40.0)
        assert endpoint_id is not None
        self.asked += 1
        self.changes.happened()
        await self.let_through.wait()
        if self.down:
            self.down -= 1
            raise StorageDown("down")
        ended = min(rows_max, self.pending.get(endpoint_id, 0))
        self.pending[endpoint_id] = self.pending.get(endpoint_id, 0) - ended
        self.steps.append((endpoint_id, ended))
        self.reasons[endpoint_id] = reason
        self.changes.happened()
        return CancelCount(ended, 0)

    async def version(self) -> int:
        return 0

    async def read(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState]:
        return []

    async def store(self, endpoints: Sequence[EndpointState], version: int | None) -> None:
        return

    async def current(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState] | None:
        return [_state(each, version=5) for each in endpoint_ids]

    async def disable(
        self, gone: GoneEndpoint, reason: str, failing_since: datetime | None = None
    ) -> bool:
        raise NotImplementedError


def _state(endpoint_id: bytes, *, version: int = 1, **members: Any) -> EndpointState:
    return EndpointState(
        id=endpoint_id,
        tenant_id=b"t" * 16,
        application_id=b"a" * 16,
        version=version,
        url="https://example.com/",
        secrets=(b"whsec_" + b"c2VjcmV0" * 4,),
        **members,
    )


@pytest.fixture
async def world(fakes: Any) -> World:
    return World(fakes.Changes())


@pytest.fixture
def cache(world: World, fakes: Any) -> EndpointCache:
    return EndpointCache(world, world, lambda sealed, _: sealed, fakes.destinations())


@pytest.fixture
async def make(world: World, cache: EndpointCache) -> AsyncIterator[Callable[..., ClosedEndpoints]]:
    running: list[asyncio.Task[None]] = []

    def begin(**options: Any) -> ClosedEndpoints:
        options = {"rows_per_step": 10, "retry_s_min": 0.001} | options
        closed = ClosedEndpoints(world, cache, WorkerCounters(), lease_s=40.0, **options)
        running.append(asyncio.create_task(closed.run()))
        return closed

    yield begin
    for task in running:
        assert not task.done()
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_what_waits_for_a_closed_endpoint_ends_in_bounded_steps_with_the_reason(
    world: World, make: Callable[..., ClosedEndpoints]
) -> None:
    world.pending = {FIRST: 25, SECOND: 5, THIRD: 7}
    closed = make()
    closed.changed(
        [_state(FIRST, disabled=True), _state(SECOND, deleted=True, disabled=True), _state(THIRD)]
    )
    await world.changes.until(lambda: not len(closed) and len(world.steps) >= 4)
    assert world.steps == [(FIRST, 10), (SECOND, 5), (FIRST, 10), (FIRST, 5)]
    assert world.reasons == {FIRST: "the endpoint is disabled", SECOND: "the endpoint is deleted"}
    assert world.pending[THIRD] == 7


async def test_an_endpoint_told_of_twice_is_closed_once(
    world: World, make: Callable[..., ClosedEndpoints]
) -> None:
    closed = make()
    for _ in range(3):
        closed.close(FIRST, 1, "gone")
    closed.close(SECOND, 1, "gone")
    await world.changes.until(lambda: len(world.steps) == 2)
    assert world.steps == [(FIRST, 0), (SECOND, 0)]


async def test_an_outage_is_waited_out(world: World, make: Callable[..., ClosedEndpoints]) -> None:
    world.pending, world.down = {FIRST: 3}, 3
    make().close(FIRST, 1, "gone")
    await world.changes.until(lambda: world.steps == [(FIRST, 3)])
    assert world.asked == 4


async def test_an_endpoint_enabled_again_keeps_what_is_left(
    world: World, make: Callable[..., ClosedEndpoints]
) -> None:
    world.pending = {FIRST: 25}
    world.let_through.clear()
    closed = make()
    closed.changed([_state(FIRST, version=2, disabled=True)])
    await world.changes.until(lambda: world.asked == 1)
    closed.changed([_state(FIRST, version=1)])
    assert len(closed) == 1
    closed.changed([_state(FIRST, version=3)])
    world.let_through.set()
    closed.close(SECOND, 1, "gone")
    await world.changes.until(lambda: len(world.steps) == 2)
    assert world.steps == [(FIRST, 10), (SECOND, 0)]
    assert world.pending[FIRST] == 15


async def test_an_endpoint_that_the_book_knows_to_be_open_in_a_newer_version_is_left_alone(
    world: World, cache: EndpointCache, make: Callable[..., ClosedEndpoints]
) -> None:
    await cache.load({FIRST: 1})
    closed = make()
    closed.close(FIRST, 4, "an old word")
    closed.close(SECOND, 1, "gone")
    await world.changes.until(lambda: len(world.steps) == 1)
    closed.close(FIRST, 5, "a newer word")
    await world.changes.until(lambda: len(world.steps) == 2)
    assert [endpoint_id for endpoint_id, _ in world.steps] == [SECOND, FIRST]


async def test_a_newer_word_while_a_step_is_taken_is_heard(
    world: World, make: Callable[..., ClosedEndpoints]
) -> None:
    world.let_through.clear()
    closed = make()
    closed.close(FIRST, 1, "first word")
    await world.changes.until(lambda: world.asked == 1)
    closed.close(FIRST, 3, "second word")
    closed.close(FIRST, 2, "between")
    world.let_through.set()
    await world.changes.until(lambda: len(world.steps) == 2)
    assert world.reasons == {FIRST: "second word"}


async def test_how_many_wait_is_bounded(world: World, make: Callable[..., ClosedEndpoints]) -> None:
    world.let_through.clear()
    closed = make(endpoints_max=2)
    for each in (FIRST, SECOND, THIRD):
        closed.close(each, 1, "gone")
    assert len(closed) == 2
    world.let_through.set()
    await world.changes.until(lambda: len(world.steps) == 2)
    assert [endpoint_id for endpoint_id, _ in world.steps] == [FIRST, SECOND]
