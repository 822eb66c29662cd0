"""Rates of tenants and API keys, bounded over all gateways.

Each minute is a window with one count, shared by all gateways. A gateway takes a share of the
window at a time and hands it out from memory, so that a message costs no round trip. The sum of
all shares never exceeds the quota; what a gateway took and did not use by the end of the minute is
lost to the others, at most a fiftieth of the quota for each gateway.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import structlog
from angarium_chassis.lru_cache import LruCache

from angarium_gateway.domain.quotas import WINDOW_S, Quota, Rate

POOLS_MAX = 20_000
SHARES_OF_A_WINDOW = 50
LOCAL_FOR_S = 1.0
"""After a failure of the shared counts, this gateway counts alone for so long."""

log = structlog.get_logger()


class CountsUnavailable(Exception):
    """The shared counts do not answer."""


class SharedCounts(Protocol):
    """Counts that all gateways share."""

    async def add(self, quota: Quota, window: int, amount: int) -> int:
        """Add to the count of a window, and return it. Raises `CountsUnavailable`."""
        ...


class Standing(NamedTuple):
    """How much of a quota is left in the current window, which ends in `resets_in_s`."""

    quota: Quota
    remaining: int
    resets_in_s: int


class QuotaExceeded(Exception):
    """The window has no room for a request."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(standing.quota.rate)
        self.standing = standing


@dataclass(slots=True)
class _Pool:
    """This gateway's share of a window. `left_for_all` is the last known rest beside it."""

    window: int = -1
    permits: int = 0
    left_for_all: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class RateLimiter:
    """Spends quotas. `unix_s` is the clock whose minutes are the windows."""

    def __init__(self, counts: SharedCounts, unix_s: Callable[[], float]) -> None:
        self._counts = counts
        self._unix_s = unix_s
        self._pools: LruCache[tuple[bytes, Rate], _Pool] = LruCache(POOLS_MAX)
        self._alone = _LocalCounts()
        self._alone_until_s = 0.0

    async def spend(
        self, quotas: Sequence[Quota], costs: Mapping[Rate, int]
    ) -> tuple[Standing, ...]:
        """Spend `costs` from each quota that they count for. Either all quotas have room, or
        nothing is spent and `QuotaExceeded` is raised."""
        now_s = self._unix_s()
        window, second = divmod(int(now_s), WINDOW_S)
        spent: list[tuple[_Pool, int]] = []
        standings = []
        for quota in quotas:
            cost = costs.get(quota.rate, 0)
            if not cost:
                continue
            pool = self._pool(quota, window)
            if pool.permits < cost:
                await self._top_up(pool, quota, window, cost)
            enough = pool.permits >= cost and pool.window == window
            if enough:
                pool.permits -= cost
                spent.append((pool, cost))
            standing = Standing(quota, pool.permits + pool.left_for_all, WINDOW_S - second)
            if not enough:
                for other, amount in spent:
                    other.permits += amount
                raise QuotaExceeded(standing)
            standings.append(standing)
        return tuple(standings)

    def _pool(self, quota: Quota, window: int) -> _Pool:
        key = (quota.subject, quota.rate)
        pool = self._pools.get(key)
        if pool is None:
            pool = _Pool()
            self._pools.put(key, pool)
        if pool.window != window:
            self._pools.touch(key)
            pool.window, pool.permits, pool.left_for_all = window, 0, quota.per_minute
        return pool

    async def _top_up(self, pool: _Pool, quota: Quota, window: int, cost: int) -> None:
        """Take another share of the window, unless another request has done so meanwhile."""
        async with pool.lock:
            lacking = cost - pool.permits
            if lacking <= 0 or pool.window != window or pool.left_for_all <= 0:
                return
            amount = max(lacking, quota.per_minute // SHARES_OF_A_WINDOW)
            total = await self._add(quota, window, amount)
            if pool.window == window:
                pool.permits += amount - min(amount, max(0, total - quota.per_minute))
                pool.left_for_all = max(0, quota.per_minute - total)

    async def _add(self, quota: Quota, window: int, amount: int) -> int:
        now_s = self._unix_s()
        if now_s >= self._alone_until_s:
            try:
                return await self._counts.add(quota, window, amount)
            except CountsUnavailable as error:
                self._alone_until_s = now_s + LOCAL_FOR_S
                log.warning("quotas.counted_alone", error=str(error)[:200])
        return self._alone.add(quota, window, amount)


class _LocalCounts:
    """The counts of this gateway alone, while the shared ones are away."""

    def __init__(self) -> None:
        self._window = -1
        self._counts: dict[tuple[bytes, Rate], int] = {}

    def add(self, quota: Quota, window: int, amount: int) -> int:
        if window != self._window or len(self._counts) >= POOLS_MAX:
            self._window, self._counts = window, {}
        key = (quota.subject, quota.rate)
        self._counts[key] = self._counts.get(key, 0) + amount
        return self._counts[key]
