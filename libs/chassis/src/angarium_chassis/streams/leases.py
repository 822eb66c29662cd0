"""Leases on the entries that a consumer works on.

A consumer that dies leaves its entries pending, and others take them over once they have been idle
for `lease_s`. A consumer that lives renews the idle time of its entries. Without that, entries with
slow endpoints would be taken over and their messages sent twice.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import cast

from redis.asyncio import Redis

RENEW_PER_CALL_MAX = 1_000


class EntryLeases:
    """The entries of one stream and group that this consumer holds."""

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
        self.consumer = consumer
        self._lease_s = lease_s
        self._clock_s = clock_s
        self._taken_at_s: dict[bytes, float] = {}
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._taken_at_s)

    def take(self, entry_ids: Iterable[bytes]) -> None:
        """Add entries that Redis has just delivered to this consumer."""
        now_s = self._clock_s()
        for entry_id in entry_ids:
            self._taken_at_s[entry_id] = now_s
        if self._taken_at_s:
            self._some.set()

    def holds(self, entry_id: bytes) -> bool:
        """True while the entry is this consumer's, as far as it knows."""
        return entry_id in self._taken_at_s

    def release(self, entry_ids: Iterable[bytes]) -> None:
        """Remove entries that are acknowledged, or returned for another try."""
        for entry_id in entry_ids:
            self._taken_at_s.pop(entry_id, None)

    async def keep(self) -> None:
        """Renew leases until cancelled.

        Sends nothing while entries are finished within a third of a lease, and does not even wake
        up while none is held.
        """
        while True:
            if not self._taken_at_s:
                self._some.clear()
                await self._some.wait()
            await asyncio.sleep(self._lease_s / 6)
            await self.renew()

    async def renew(self) -> None:
        """Renew entries held for a third of a lease, and drop those that others have taken."""
        now_s = self._clock_s()
        ageing = sorted(
            (
                entry_id
                for entry_id, taken_at_s in self._taken_at_s.items()
                if now_s - taken_at_s >= self._lease_s / 3
            ),
            key=_order,
        )
        for start in range(0, len(ageing), RENEW_PER_CALL_MAX):
            await self._renew(ageing[start : start + RENEW_PER_CALL_MAX])

    async def _renew(self, ageing: list[bytes]) -> None:
        # Renewing means claiming: without this question, a process that was paused for longer than
        # a lease would take its entries back from the consumer that works on them by now.
        ours = await self._still_ours(ageing)
        kept: list[int | bytes | str | memoryview[int]] = [
            entry_id for entry_id in ageing if entry_id in ours
        ]
        self.release(entry_id for entry_id in ageing if entry_id not in ours)
        if kept:
            # JUSTID, because a claim without it counts as a delivery: an entry that is merely slow
            # would reach the quarantine by its renewals.
            await self._redis().xclaim(
                self._stream, self._group, self.consumer, 0, kept, justid=True
            )
            # Not those finished during the call, which nothing would release again.
            self.take(entry_id for entry_id in ageing if entry_id in self._taken_at_s)

    async def _still_ours(self, ageing: list[bytes]) -> set[bytes]:
        """The entries of `ageing`, which is in order, that are pending for this consumer.

        The range also contains younger entries, so that one response may not reach its end.
        """
        ours: set[bytes] = set()
        lowest: bytes = ageing[0]
        while True:
            rows = await self._redis().xpending_range(
                self._stream, self._group, lowest, ageing[-1], RENEW_PER_CALL_MAX, self.consumer
            )
            found = [cast("bytes", row["message_id"]) for row in rows]
            ours.update(found)
            if len(found) < RENEW_PER_CALL_MAX:
                return ours
            lowest = b"(" + found[-1]


def _order(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition(b"-")
    return int(milliseconds), int(sequence)
