"""A world to simulate the hot path in: streams that forget, services that are slow, replicas
that die. The hot path in it is the one that production builds."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from angarium_contracts.hot_path import DeliveriesSettled, SettledChunk
from angarium_gateway.application.publish.batch_store import StoredBatch
from angarium_gateway.application.unavailable import JournalUnavailable, StreamUnavailable
from angarium_gateway.build_hot_path import HotPathLimits, HotPathPorts, build_hot_path
from angarium_gateway.domain.open_batches import OpenBatch

from .journal_model import JournalModel, a_message
from .relay_rig import STREAM_NUMBERS, ScheduleModel
from .simulated_time import Running, now_s

WINDOW_BYTES = 4_000
BATCH_BYTES_MAX = 3 * 300


@dataclass(frozen=True)
class Chunk:
    """An entry between dispatcher and worker."""

    batch: StoredBatch
    settle_to: str
    number: int
    chunks: int


class RedisModel:
    """Three kinds of streams; entries leave them when their work is done."""

    def __init__(self) -> None:
        self.down = False
        self.runs = 1
        self.accepted: dict[int, tuple[StoredBatch, str]] = {}
        self.requested: dict[int, Chunk] = {}
        self.settled: dict[str, dict[int, SettledChunk]] = {}
        self.in_hand: set[int] = set()
        self.numbers = count(1)

    def forget_everything(self) -> None:
        self.runs += 1
        self.accepted.clear()
        self.requested.clear()
        self.settled.clear()

    def holds(self, batch: OpenBatch, replica: str) -> bool:
        """Whether anything of this publication is left."""
        key = batch.batch_id, batch.publication
        return (
            any((one.id, one.publication) == key for one, _ in self.accepted.values())
            or any((c.batch.id, c.batch.publication) == key for c in self.requested.values())
            or any(
                (c.batch_id, c.publication) == key for c in self.settled.get(replica, {}).values()
            )
        )

    def bytes_open(self) -> int:
        batches = {one.id: one for one, _ in self.accepted.values()}
        batches |= {chunk.batch.id: chunk.batch for chunk in self.requested.values()}
        return sum(one.size_bytes for one in batches.values())


class World:
    """Everything but the gateway, and its gateways as they come and go. `faults` is how likely a
    fault is in a second; with `calm` set there are none any more."""

    def __init__(self, seed: int, *, faults: float) -> None:
        self.random = random.Random(seed)
        self.faults = faults
        self.calm = faults == 0
        self.journal = JournalModel()
        self.redis = RedisModel()
        self.delivered: dict[bytes, int] = {}
        self.most_open_bytes = 0
        self.fault_count = 0
        self.last_commit_s = 0.0
        self.publications: set[int] = set()
        self.gateway = Gateway(self, "replica-0")

    async def dispatcher(self) -> None:
        """Cuts each batch into chunks; a batch may have nobody to go to."""
        while True:
            await asyncio.sleep(self.random.uniform(0.001, 0.05))
            if self.redis.down or not self.redis.accepted:
                continue
            entry_id = self.random.choice(list(self.redis.accepted))
            batch, settle_to = self.redis.accepted.pop(entry_id)
            chunks = self.random.choice((0, 1, 1, 2, 3))
            for number in range(chunks):
                self.redis.requested[next(self.redis.numbers)] = Chunk(
                    batch, settle_to, number, chunks
                )
            if not chunks:
                self.settle(Chunk(batch, settle_to, 0, 0))

    async def worker(self) -> None:
        """Delivers. The chunk goes and its settlement comes in one step, as in the real one."""
        while True:
            await asyncio.sleep(self.random.uniform(0.001, 0.03))
            free = [one for one in self.redis.requested if one not in self.redis.in_hand]
            if self.redis.down or not free:
                continue
            entry_id = self.random.choice(free)
            self.redis.in_hand.add(entry_id)
            chunk = self.redis.requested[entry_id]
            for message in chunk.batch.messages[chunk.number :: chunk.chunks]:
                if chunk.batch.publication == 1 or message.id not in self.delivered:
                    self.delivered[message.id] = self.delivered.get(message.id, 0) + 1
            await asyncio.sleep(self.random.uniform(0, 0.2))
            if self.redis.requested.pop(entry_id, None) is not None:
                self.settle(chunk)

    def settle(self, chunk: Chunk) -> None:
        stream = self.redis.settled.setdefault(chunk.settle_to, {})
        stream[next(self.redis.numbers)] = SettledChunk(
            chunk.batch.id, chunk.batch.publication, chunk.number, chunk.chunks
        )
        if not chunk.chunks:
            for message in chunk.batch.messages:
                self.delivered.setdefault(message.id, 1)

    async def trouble(self) -> None:
        """Once a second something may happen."""
        while True:
            await asyncio.sleep(1)
            self.most_open_bytes = max(self.most_open_bytes, self.gateway.window.used_bytes)
            if not self.calm and self.random.random() < self.faults:
                self.fault_count += 1
                await self.random.choice(FAULTS)(self)

    async def clients(self, count: int) -> None:
        """Posts groups of one to three messages; one that is not accepted is not repeated."""
        for _ in range(count):
            await asyncio.sleep(self.random.uniform(0, 0.2))
            self.last_commit_s = now_s()
            group = [a_message() for _ in range(self.random.randint(1, 3))]
            try:
                await self.gateway.commit(group)
            except JournalUnavailable:
                await asyncio.sleep(0.2)


class Gateway:
    """One replica: the hot path that production builds, over the world's models."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        ports = HotPathPorts(
            journal=world.journal,
            batches=world.journal,
            schedule=ScheduleModel(world.journal),
            publish=self.publish,
            watch=self,
        )
        limits = HotPathLimits(window_bytes=WINDOW_BYTES)
        path = build_hot_path(ports, limits, owner=name, clock_s=now_s)
        self.window, self.relay, self.settlement = path.window, path.relay, path.settlement
        self.commit = path.commit_messages
        self.loops = (
            path.relay.run,
            path.scheduler.run,
            path.settlement.run,
            path.recovery.run,
            path.membership.run,
            self.read_settled,
        )
        self.running: Running | None = None

    async def start(self) -> None:
        self.running = Running(*self.loops)
        await self.running.__aenter__()

    async def stop(self) -> None:
        if self.running is not None:
            await self.running.__aexit__()

    async def publish(self, batches: Sequence[StoredBatch]) -> Sequence[bytes]:
        await asyncio.sleep(0.001)
        redis = self.world.redis
        if redis.down:
            raise StreamUnavailable("away")
        ids = []
        for batch in batches:
            number = next(redis.numbers)
            redis.accepted[number] = batch, self.name
            self.world.publications.add(batch.publication)
            ids.append(b"%d-0" % number)
        if not self.world.calm and self.world.random.random() < self.world.faults / 10:
            raise StreamUnavailable("the answer was lost")
        return ids

    async def read_settled(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            stream = self.world.redis.settled.get(self.name, {})
            if stream and not self.world.redis.down:
                entries = dict(stream)
                await self.settlement.on_settled([DeliveriesSettled(tuple(entries.values()))])
                for entry_id in entries:
                    stream.pop(entry_id, None)

    async def identities(self, numbers: Collection[int]) -> Mapping[int, str]:
        await asyncio.sleep(0.001)
        if self.world.redis.down:
            raise StreamUnavailable("away")
        return dict.fromkeys({*STREAM_NUMBERS, *numbers}, str(self.world.redis.runs))

    async def passed(self, batches: Sequence[OpenBatch]) -> list[OpenBatch]:
        await asyncio.sleep(0.001)
        if self.world.redis.down:
            raise StreamUnavailable("away")
        return [
            batch
            for batch in batches
            if batch.entry_id is not None and not self.world.redis.holds(batch, self.name)
        ]


async def _flush(world: World) -> None:
    world.redis.forget_everything()


async def _redis_away(world: World) -> None:
    world.redis.down = True
    await asyncio.sleep(world.random.uniform(0.1, 5))
    if world.random.random() < 0.5:
        world.redis.forget_everything()
    world.redis.down = False


async def _entry_lost(world: World) -> None:
    redis = world.redis
    streams: list[MutableMapping[int, Any]] = [redis.accepted, redis.requested]
    stream = world.random.choice([*streams, *redis.settled.values()])
    if stream:
        del stream[world.random.choice(list(stream))]


async def _journal_away(world: World) -> None:
    world.journal.trouble.down = True
    await asyncio.sleep(world.random.uniform(0.1, 5))
    world.journal.trouble.down = False


async def _answer_lost(world: World) -> None:
    world.journal.trouble.once = world.random.choice(("before", "after"))


async def _late_commit(world: World) -> None:
    loop = asyncio.get_running_loop()
    delay_s = world.random.uniform(0.1, 25)

    def late(store: Callable[[], None]) -> None:
        loop.call_later(delay_s, store)

    world.journal.late = late


async def _restart(world: World) -> None:
    """The process dies or is stopped; its successor, or a neighbour, goes on."""
    old = world.gateway
    world.gateway = Gateway(world, f"replica-{next(world.redis.numbers)}")
    await old.stop()
    world.journal.known.discard(old.name)
    await world.gateway.start()


async def _taken_for_dead(world: World) -> None:
    """A neighbour adopts everything of a replica that lives, and dies itself."""
    name = world.gateway.name
    world.journal.known.discard(name)
    for row in world.journal.rows.values():
        if row.owner == name:
            row.owner, row.publication, row.published = "neighbour", row.publication + 1, False
    world.journal.dead.add("neighbour")


type Fault = Callable[[World], Awaitable[None]]
FAULTS: tuple[Fault, ...] = (
    _flush,
    _redis_away,
    _entry_lost,
    _entry_lost,
    _journal_away,
    _answer_lost,
    _late_commit,
    _restart,
    _taken_for_dead,
)
