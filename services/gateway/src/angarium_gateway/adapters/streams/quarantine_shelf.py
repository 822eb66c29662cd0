"""The quarantine of one service, in Redis."""

from collections.abc import AsyncIterator, Callable

from angarium_chassis.streams.quarantine import QuarantineContents
from angarium_chassis.streams.quarantined_entry import QuarantinedEntry
from redis.asyncio import Redis

from .redis_failures import redis_failures


class RedisShelf:
    """Implements the port `Shelf`. Every method raises `StreamUnavailable`."""

    def __init__(self, redis: Callable[[], Redis], service: str) -> None:
        self._redis = redis
        self._service = service

    @property
    def _contents(self) -> QuarantineContents:
        return QuarantineContents(self._redis(), self._service)

    async def entries(self) -> AsyncIterator[QuarantinedEntry]:
        """See the port."""
        with redis_failures():
            async for entry in self._contents.entries():
                yield entry

    async def in_order(
        self, past: str | None = None, *, descending: bool = True
    ) -> AsyncIterator[QuarantinedEntry]:
        """See the port."""
        with redis_failures():
            async for entry in self._contents.in_order(past, descending=descending):
                yield entry

    async def find(self, entry_id: str) -> QuarantinedEntry | None:
        """See the port."""
        with redis_failures():
            return await self._contents.find(entry_id)

    async def replay(self, entry: QuarantinedEntry, body: bytes) -> str | None:
        """See the port."""
        with redis_failures():
            return await self._contents.replay(entry, body)

    async def drop(self, entry_id: str) -> bool:
        """See the port."""
        with redis_failures():
            return await self._contents.drop(entry_id)
