"""Counts of quotas in Redis."""

import asyncio
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from angarium_gateway.application.tenants.rate_limiter import CountsUnavailable
from angarium_gateway.domain.quotas import WINDOW_S, Quota

TIMEOUT_S = 0.25
"""A request waits no longer than this for a Redis that does not answer."""


class RedisQuotaCounts:
    """Implements `SharedCounts`. A count lives for two windows."""

    def __init__(self, redis: Callable[[], Redis]) -> None:
        self._redis = redis

    async def add(self, quota: Quota, window: int, amount: int) -> int:
        """See `SharedCounts`."""
        key = f"quota:{quota.rate}:{quota.subject.hex()}:{window}"
        try:
            async with asyncio.timeout(TIMEOUT_S):
                async with self._redis().pipeline(transaction=False) as pipe:
                    pipe.incrby(key, amount)
                    pipe.expire(key, 2 * WINDOW_S)
                    total, _ = await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise CountsUnavailable(f"{type(error).__name__}: {error}") from None
        return int(total)
