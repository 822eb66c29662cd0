"""Publishes batches to `messages.accepted`."""

from collections.abc import Sequence

from angarium_chassis.streams.broker import redis_of
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

    async def __call__(self, batches: Sequence[StoredBatch]) -> Sequence[bytes]:
        """See the port."""
        try:
            if not batches:
                await redis_of(self._broker).ping()
                return ()
            return await self._writer.write(
                [
                    Publication(
                        messages_accepted(batch.stream_number), batch.entry(self._settle_to)
                    )
                    for batch in batches
                ]
            )
        except (RedisError, OSError, TimeoutError) as error:
            raise StreamUnavailable(f"{type(error).__name__}: {error}") from error
