"""Publishes batches to `messages.accepted`."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from angarium_chassis.streams.broker import redis_of
from angarium_chassis.streams.cluster_client import ClusterClient
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_contracts.stream_names import messages_accepted
from faststream.redis import RedisBroker
from redis.exceptions import RedisError

from angarium_gateway.application.publish.batch_store import StoredBatch
from angarium_gateway.application.unavailable import StreamUnavailable


class BatchPublisher:
    """Implements the port `PublishBatches`. Workers report settlements to the stream
    `settle_to`."""

    def __init__(self, broker: RedisBroker, *, settle_to: str) -> None:
        self._broker = broker
        self._writer = StreamWriter(broker)
        self._settle_to = settle_to

    async def __call__(self, batches: Sequence[StoredBatch]) -> Sequence[bytes | None]:
        """See the port."""
        try:
            if not batches:
                await redis_of(self._broker).ping()
                return ()
            if isinstance(redis_of(self._broker), ClusterClient):
                return await self._by_stream(batches)
            return await self._write(batches)
        except (RedisError, OSError, TimeoutError) as error:
            raise StreamUnavailable(f"{type(error).__name__}: {error}") from error

    async def _by_stream(self, batches: Sequence[StoredBatch]) -> Sequence[bytes | None]:
        """Publish to each stream by itself: its node may be the only one that does not answer.

        In one write, all batches would be published again, flagged, until that node is back.
        """
        places: defaultdict[int, list[int]] = defaultdict(list)
        for place, batch in enumerate(batches):
            places[batch.stream_number].append(place)
        outcomes = await asyncio.gather(
            *[self._write([batches[place] for place in some]) for some in places.values()],
            return_exceptions=True,
        )
        found: list[bytes | None] = [None] * len(batches)
        errors: list[BaseException] = []
        for some, outcome in zip(places.values(), outcomes, strict=True):
            if isinstance(outcome, BaseException):
                errors.append(outcome)
                continue
            for place, entry_id in zip(some, outcome, strict=True):
                found[place] = entry_id
        unexpected = [
            each for each in errors if not isinstance(each, RedisError | OSError | TimeoutError)
        ]
        if unexpected or len(errors) == len(outcomes):
            raise (unexpected or errors)[0]
        return found

    async def _write(self, batches: Sequence[StoredBatch]) -> Sequence[bytes]:
        return await self._writer.write(
            [
                Publication(messages_accepted(batch.stream_number), batch.entry(self._settle_to))
                for batch in batches
            ]
        )
