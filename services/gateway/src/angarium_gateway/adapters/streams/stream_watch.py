"""Observes whether Redis has kept the streams, and which of their entries are processed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from uuid import uuid4

from angarium_chassis.streams.broker import redis_of
from angarium_chassis.streams.cluster_client import ClusterClient
from angarium_chassis.streams.servers import server_runs
from angarium_contracts.stream_names import (
    EPOCH_KEY,
    deliveries_requested,
    deliveries_settled,
    epoch_of,
    messages_accepted,
)
from faststream.redis import RedisBroker
from redis.asyncio import Redis
from redis.exceptions import RedisError

from angarium_gateway.application.unavailable import StreamUnavailable
from angarium_gateway.domain.open_batches import OpenBatch

type EntryOrder = tuple[int, int]

_END_OF_MILLISECOND = (1 << 64) - 1
_EMPTY: EntryOrder = (1 << 64, 0)
"""The position of an empty stream: after every entry."""


def entry_order(entry_id: bytes) -> EntryOrder:
    """The sort key of an entry id (`milliseconds-sequence`)."""
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
        stream_count: int = 1,
        make_epoch: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._broker = broker
        self._replica = replica
        self._stream_count = stream_count
        self._make_epoch = make_epoch
        self._progress: dict[tuple[bytes, int], tuple[int, EntryOrder]] = {}

    @property
    def _redis(self) -> Redis:
        return redis_of(self._broker)

    async def identities(self, numbers: Collection[int]) -> Mapping[int, str]:
        """See the port: the run of a server, and the epoch that its streams began with.

        In a cluster, those of the servers that a batch of the number passes.
        """
        wanted = sorted({*range(self._stream_count), *numbers})
        try:
            if not isinstance(self._redis, ClusterClient):
                return dict.fromkeys(wanted, await self._identity_of_one())
            settled = await self._identity(epoch_of(deliveries_settled(self._replica)))
        except (RedisError, OSError, TimeoutError) as error:
            raise StreamUnavailable(f"{type(error).__name__}: {error}") from error
        found: dict[int, str] = {}
        for number in wanted:
            # A server that does not answer is compared once it does.
            with suppress(RedisError, OSError, TimeoutError):
                found[number] = f"{await self._identity(epoch_of(str(number)))} {settled}"
        return found

    async def _identity_of_one(self) -> str:
        """That of a single server: it is asked every second, so in one round trip."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.info("server")
            pipe.set(EPOCH_KEY, self._make_epoch(), nx=True)
            pipe.get(EPOCH_KEY)
            server, _, epoch = await pipe.execute()
        return f"{server['run_id']} {epoch!r}"

    async def _identity(self, epoch_key: str) -> str:
        [run] = await server_runs(self._redis, [epoch_key])
        await self._redis.set(epoch_key, self._make_epoch(), nx=True)
        return f"{run} {await self._redis.get(epoch_key)!r}"

    async def passed(self, batches: Sequence[OpenBatch]) -> list[OpenBatch]:
        """See the port. One round trip (in a cluster, of each stream's slot), whatever the number
        of batches."""
        published = [batch for batch in batches if batch.entry_id is not None]
        if not published:
            self._progress.clear()
            return []
        try:
            oldest, ends = await self._oldest(sorted({batch.stream_number for batch in published}))
        except (RedisError, OSError, TimeoutError) as error:
            raise StreamUnavailable(f"{type(error).__name__}: {error}") from error
        progress: dict[tuple[bytes, int], tuple[int, EntryOrder]] = {}
        passed: list[OpenBatch] = []
        for batch in published:
            key = batch.batch_id, batch.publication
            stage, bound = self._progress.get(key, (0, entry_order(batch.entry_id or b"")))
            streams = self._streams_of(batch.stream_number)
            while stage < len(streams) and oldest[streams[stage]] > bound:
                stage += 1
                if stage < len(streams):
                    bound = ends[streams[stage]]
            if stage == len(streams):
                passed.append(batch)
            else:
                progress[key] = stage, bound
        self._progress = progress
        return passed

    def _streams_of(self, number: int) -> tuple[str, str, str]:
        """The streams that a batch passes, in order."""
        return (
            messages_accepted(number),
            deliveries_requested(number),
            deliveries_settled(self._replica),
        )

    async def _oldest(
        self, numbers: Sequence[int]
    ) -> tuple[dict[str, EntryOrder], dict[str, EntryOrder]]:
        """The oldest entry of each stream, and the end of the current second by its server's clock,
        which gives the ids of its entries.

        Streams are read in the order in which a batch passes them: an entry that moves on between
        two reads is then seen in the later stream, and never in none.
        """
        by_stage = zip(*(self._streams_of(number) for number in numbers), strict=True)
        streams = list(dict.fromkeys(stream for stage in by_stage for stream in stage))
        async with self._redis.pipeline(transaction=False) as pipe:
            for stream in streams:
                pipe.xrange(stream, count=1)
                pipe.time()
            answers = await pipe.execute()
        oldest = {
            stream: entry_order(found[0][0]) if found else _EMPTY
            for stream, found in zip(streams, answers[::2], strict=True)
        }
        ends = {
            stream: (int(seconds) * 1000 + 999, _END_OF_MILLISECOND)
            for stream, (seconds, _) in zip(streams, answers[1::2], strict=True)
        }
        return oldest, ends
