"""The order of keys and "accepted once", in every interleaving that Hypothesis tries.

Relays run without leases here, each with all lanes, as two would of which one has been frozen: each
step of reading, storing, answering and recording happens when the test says so, requests of relays
that crashed are still stored, and batches are stored in part.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from angarium_outbox.counters import RelayCounters
from angarium_outbox.leases import Leases
from angarium_outbox.posting import Failure, Posted, Poster
from angarium_outbox.sender import Sender
from angarium_outbox.settings import RelaySettings
from angarium_outbox.store import OrderKey, OutboxStore, PendingEvent, order_key
from angarium_outbox.wake import WakeSignal
from hypothesis import given, note
from hypothesis import strategies as st

SETTINGS = RelaySettings(api_url="http://x", api_key="k", senders=1, batch_events_max=3)
STEPS_MAX = 400


class World:
    """The database, the platform, and the steps that wait for the test."""

    def __init__(self, keys: Sequence[str | None]) -> None:
        self.pending = {
            position: PendingEvent(
                position, int(key != "a"), "acme", key, f"e{position}", "a.b", "{}", None, 1, 0
            )
            for position, key in enumerate(keys)
        }
        self.stored: list[PendingEvent] = []
        self.leased = True
        self.steps: list[asyncio.Future[int]] = []
        self.requests: set[asyncio.Task[Posted]] = set()

    async def step(self) -> int:
        """Wait for the test; gives the number by which it chose what happens."""
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.steps.append(waiting)
        return await waiting


class Store:
    """Stands for `OutboxStore`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def read(
        self, _: Collection[int], *, without: Collection[OrderKey], events_max: int, bytes_max: int
    ) -> list[PendingEvent]:
        await self.world.step()
        read = [each for each in self.world.pending.values() if order_key(each) not in without]
        await self.world.step()
        return read[:events_max]

    pending = read

    async def settle(self, accepted: Collection[int], set_aside: Mapping[int, str]) -> None:
        await self.world.step()
        for position in (*accepted, *set_aside):
            self.world.pending.pop(position, None)
        await self.world.step()


class Platform:
    """Stands for `Poster`. A request goes on although the relay that sent it has crashed."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def post(self, batch: Sequence[PendingEvent]) -> Posted:
        request = asyncio.create_task(self._store(list(batch)))
        self.world.requests.add(request)
        return await asyncio.shield(request)

    async def _store(self, batch: list[PendingEvent]) -> Posted:
        chosen = await self.world.step()
        posted = Posted()
        for place, event in enumerate(batch):
            if chosen >> 4 >> place & 1:
                posted.failure = Failure("not stored")
                continue
            if event not in self.world.stored:
                self.world.stored.append(event)
            posted.accepted.append(event.position)
        if await self.world.step() % 4 == 0:
            return Posted(failure=Failure("the answer was lost"))
        return posted


class AllLanes:
    """Stands for `Leases`. One of two lanes is lost from time to time, and comes back."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def lanes(self) -> frozenset[int]:
        return frozenset({0, 1}) if self.world.leased else frozenset({1})


class _Impatient(Sender):
    """Does not wait between requests."""

    async def _back_off(self, failure: Failure) -> None:
        await asyncio.sleep(0)


def start_relay(world: World, stopping: asyncio.Event) -> asyncio.Task[None]:
    signal = WakeSignal()
    signal.wait = lambda _: world.step()  # type: ignore[method-assign, assignment, return-value]
    sender = _Impatient(
        cast("OutboxStore", Store(world)),
        cast("Leases", AllLanes(world)),
        cast("Poster", Platform(world)),
        SETTINGS,
        RelayCounters(),
        signal,
        number=0,
        stopping=stopping,
        random=lambda: 0.5,
    )
    return asyncio.create_task(sender.run())


async def run(keys: Sequence[str | None], choices: Sequence[int]) -> World:
    """Run two relays by the choices, and then one to the end without faults."""
    world, stopping = World(keys), asyncio.Event()
    relays = [start_relay(world, stopping) for _ in range(2)]
    for choice in choices:
        await settled()
        if choice % 23 == 0:
            crashed = choice // 23 % 2
            relays[crashed].cancel()
            await asyncio.gather(relays[crashed], return_exceptions=True)
            relays[crashed] = start_relay(world, stopping)
        world.leased = choice % 5 != 0
        take(world, choice // 7, choice)
    world.leased = True
    for _ in range(STEPS_MAX):
        await settled()
        if not world.pending:
            break
        take(world, 0, 1)
    for task in (*relays, *world.requests):
        task.cancel()
    await asyncio.gather(*relays, *world.requests, return_exceptions=True)
    return world


async def settled() -> None:
    """Let everything run up to its next step."""
    for _ in range(12):
        await asyncio.sleep(0)


def take(world: World, which: int, chosen: int) -> None:
    """Let one of the steps happen that wait."""
    world.steps = [step for step in world.steps if not step.done()]
    if world.steps:
        world.steps.pop(which % len(world.steps)).set_result(chosen)


_keys = st.lists(st.sampled_from(["a", "b", None]), min_size=1, max_size=8)


@given(_keys, st.lists(st.integers(0, 10_000), max_size=120))
def test_every_event_is_accepted_once_and_each_key_in_order(
    keys: list[str | None], choices: list[int]
) -> None:
    world = asyncio.run(run(keys, choices))

    note(f"stored: {[(each.order_key, each.position) for each in world.stored]}")
    assert not world.pending
    assert sorted(each.position for each in world.stored) == list(range(len(keys)))
    of_key: dict[Any, list[int]] = defaultdict(list)
    for event in world.stored:
        of_key[order_key(event)].append(event.position)
    assert all(positions == sorted(positions) for positions in of_key.values())
