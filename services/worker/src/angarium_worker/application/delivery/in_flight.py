"""Which deliveries have begun in this process and are not on record yet."""

import asyncio
from collections.abc import Collection

from angarium_worker.domain.delivery import DeliveryKey


class InFlight:
    """A set of deliveries that can be waited for."""

    def __init__(self) -> None:
        self._keys: set[DeliveryKey] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self.add = self._keys.add
        self.discard = self._keys.discard

    def has_any(self, keys: Collection[DeliveryKey]) -> bool:
        """Whether one of `keys` is in flight."""
        return not self._keys.isdisjoint(keys)

    async def until_none(self, keys: Collection[DeliveryKey]) -> None:
        """Wait until none of `keys` is in flight."""
        while self.has_any(keys):
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future

    def some_left(self) -> None:
        """Let those who wait look again, after some were discarded."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)
