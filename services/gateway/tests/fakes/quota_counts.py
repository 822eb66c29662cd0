"""Counts of quotas in memory, shared by as many limiters as a test has."""

from collections import Counter
from dataclasses import dataclass, field

from angarium_gateway.application.tenants.rate_limiter import CountsUnavailable
from angarium_gateway.domain.quotas import Quota


@dataclass
class MemoryQuotaCounts:
    """Implements `SharedCounts`; unavailable while `down`."""

    counts: Counter[tuple[bytes, str, int]] = field(default_factory=Counter)
    calls: int = 0
    down: bool = False

    async def add(self, quota: Quota, window: int, amount: int) -> int:
        self.calls += 1
        if self.down:
            raise CountsUnavailable("away")
        key = (quota.subject, quota.rate.value, window)
        self.counts[key] += amount
        return self.counts[key]
