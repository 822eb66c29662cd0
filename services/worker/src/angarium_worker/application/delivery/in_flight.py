"""The deliveries that have begun in this process and are not on record yet."""

from collections.abc import Collection

from angarium_chassis.waiting import Waiters

from angarium_worker.domain.delivery import DeliveryKey


class InFlight:
    """A set of deliveries that can be waited for."""

    def __init__(self) -> None:
        self._keys: set[DeliveryKey] = set()
        self._waiters = Waiters()
        self.add = self._keys.add
        self.discard = self._keys.discard

    def has_any(self, keys: Collection[DeliveryKey]) -> bool:
        """True while one of `keys` is in flight."""
        return not self._keys.isdisjoint(keys)

    async def until_none(self, keys: Collection[DeliveryKey]) -> None:
        """Wait until none of `keys` is in flight."""
        while self.has_any(keys):
            await self._waiters.wait()

    def some_left(self) -> None:
        """Wake the waiters, after some deliveries were discarded."""
        if self._waiters.waiting:
            self._waiters.wake()
