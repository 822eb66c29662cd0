"""Seeing from outside whether Redis kept the streams, and how far they have been worked off."""

from collections.abc import Callable
from typing import cast
from uuid import uuid4

from angarium_chassis.streams.broker import redis_of
from angarium_contracts.stream_names import (
    EPOCH_KEY,
    deliveries_requested,
    deliveries_settled,
    messages_accepted,
)
from faststream.redis import RedisBroker
from redis.asyncio import Redis
from redis.exceptions import RedisError

from angarium_gateway.application.relay import StreamUnavailable
from angarium_gateway.domain.open_batches import OpenBatch

type EntryOrder = tuple[int, int]

_END_OF_MILLISECOND = (1 << 64) - 1
FOLLOWED_MAX = 10_000


def entry_order(entry_id: bytes) -> EntryOrder:
    """What entry ids (`milliseconds-sequence`) sort by."""
    milliseconds, _, sequence = entry_id.partition(b"-")
    return int(milliseconds), int(sequence)


class RedisStreamWatch:
    """Implements the port `StreamWatch`.

    A batch passes three streams. Each is passed when its oldest entry is younger than the
    moment at which the batch was seen to have left the stream before it: entries are deleted
    when they are acknowledged, in one step with what follows from them.
    """

    def __init__(
        self,
        broker: RedisBroker,
        *,
        replica: str,
        make_epoch: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._broker = broker
        self._replica = replica
        self._make_epoch = make_epoch
        self._progress: dict[tuple[bytes, int], tuple[int, EntryOrder]] = {}

    @property
    def _redis(self) -> Redis:
        return redis_of(self._broker)

    async def identity(self) -> str:
        """See the port: the server's run and the epoch that its streams began with."""
        try:
            server = await self._redis.info("server")
            await self._redis.set(EPOCH_KEY, self._make_epoch(), nx=True)
            epoch = await self._redis.get(EPOCH_KEY)
        except (RedisError, OSError, TimeoutError) as error:
            raise StreamUnavailable(f"{type(error).__name__}: {error}") from error
        return f"{server['run_id']} {epoch!r}"

    async def passed(self, batch: OpenBatch) -> bool:
        """See the port."""
        if batch.entry_id is None:
            return False
        key = batch.batch_id, batch.publication
        stage, bound = self._progress.get(key, (0, entry_order(batch.entry_id)))
        streams = (
            messages_accepted(batch.stream_number),
            deliveries_requested(batch.stream_number),
            deliveries_settled(self._replica),
        )
        try:
            while stage < len(streams) and await self._left(streams[stage], bound):
                seconds, _ = await self._redis.time()
                stage, bound = stage + 1, (int(seconds) * 1000 + 999, _END_OF_MILLISECOND)
        except (RedisError, OSError, TimeoutError) as error:
            raise StreamUnavailable(f"{type(error).__name__}: {error}") from error
        return self._note(key, stage, bound, stages=len(streams))

    async def _left(self, stream: str, bound: EntryOrder) -> bool:
        oldest = await self._redis.xrange(stream, count=1)
        return not oldest or entry_order(cast("bytes", oldest[0][0])) > bound

    def _note(self, key: tuple[bytes, int], stage: int, bound: EntryOrder, *, stages: int) -> bool:
        if stage == stages:
            self._progress.pop(key, None)
            return True
        if len(self._progress) >= FOLLOWED_MAX:
            self._progress.clear()
        self._progress[key] = stage, bound
        return False
