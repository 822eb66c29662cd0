"""Which entries this process has in hand, and keeping others from taking them.

A consumer that dies leaves its entries pending; others take over what has been idle for
long enough. One that lives but works long renews its entries' idle time.
"""

import asyncio
from collections.abc import Callable, Iterable

from redis.asyncio import Redis

RENEW_PER_CALL_MAX = 1_000


class EntryLeases:
    """The entries of one stream and group that one consumer holds."""

    def __init__(
        self,
        redis: Callable[[], Redis],
        *,
        stream: str,
        group: str,
        consumer: str,
        lease_s: float,
        clock_s: Callable[[], float],
    ) -> None:
        self._redis = redis
        self._stream = stream
        self._group = group
        self._consumer = consumer
        self._lease_s = lease_s
        self._clock_s = clock_s
        self._taken_at_s: dict[bytes, float] = {}

    def __len__(self) -> int:
        return len(self._taken_at_s)

    def take(self, entry_ids: Iterable[bytes]) -> None:
        """Note entries that a read or a claim just gave to this consumer."""
        now_s = self._clock_s()
        for entry_id in entry_ids:
            self._taken_at_s[entry_id] = now_s

    def holds(self, entry_id: bytes) -> bool:
        """Whether the entry is still this consumer's, as far as it knows."""
        return entry_id in self._taken_at_s

    def release(self, entry_ids: Iterable[bytes]) -> None:
        """Forget entries: acknowledged, or given back."""
        for entry_id in entry_ids:
            self._taken_at_s.pop(entry_id, None)

    async def keep(self) -> None:
        """Renew for ever. Costs nothing while entries are finished within a third of a lease."""
        while True:
            await asyncio.sleep(self._lease_s / 6)
            await self.renew()

    async def renew(self) -> None:
        """Renew the entries in hand for a third of a lease; drop those that others took."""
        now_s = self._clock_s()
        ageing = [
            entry_id
            for entry_id, taken_at_s in self._taken_at_s.items()
            if now_s - taken_at_s >= self._lease_s / 3
        ][:RENEW_PER_CALL_MAX]
        if not ageing:
            return
        pending = await self._redis().xpending_range(
            self._stream, self._group, ageing[0], ageing[-1], RENEW_PER_CALL_MAX, self._consumer
        )
        ours = {row["message_id"] for row in pending}
        kept: list[int | bytes | str | memoryview[int]] = [
            entry_id for entry_id in ageing if entry_id in ours
        ]
        self.release(entry_id for entry_id in ageing if entry_id not in ours)
        if kept:
            await self._redis().xclaim(
                self._stream, self._group, self._consumer, 0, kept, justid=True
            )
            self.take(entry_id for entry_id in ageing if entry_id in self._taken_at_s)
