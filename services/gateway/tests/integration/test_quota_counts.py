"""Counts of quotas in a real Redis: shared by gateways, and away within a bound."""

import asyncio

import pytest
from angarium_gateway.adapters.streams.quota_counts import RedisQuotaCounts
from angarium_gateway.application.tenants.rate_limiter import (
    CountsUnavailable,
    QuotaExceeded,
    RateLimiter,
)
from angarium_gateway.domain.quotas import WINDOW_S, Quota, Rate
from redis.asyncio import Redis

QUOTA = Quota(b"t" * 16, Rate.MESSAGES, 1_000, of_key=False)
NOW_S = 100.0 * WINDOW_S


async def spent(limiter: RateLimiter, times: int) -> int:
    granted = 0
    for _ in range(times):
        try:
            await limiter.spend([QUOTA], {Rate.MESSAGES: 1})
        except QuotaExceeded:
            return granted
        granted += 1
    return granted


async def test_gateways_share_a_quota(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        gateways = [RateLimiter(RedisQuotaCounts(lambda: redis), lambda: NOW_S) for _ in range(3)]
        granted = await asyncio.gather(*[spent(gateway, 1_000) for gateway in gateways])
        assert sum(granted) == QUOTA.per_minute
        (key,) = [key async for key in redis.scan_iter("quota:*")]
        assert 0 < await redis.ttl(key) <= 2 * WINDOW_S


async def test_a_redis_that_is_away_is_told() -> None:
    async with Redis.from_url("redis://127.0.0.1:1/0") as redis:
        with pytest.raises(CountsUnavailable):
            await RedisQuotaCounts(lambda: redis).add(QUOTA, 1, 1)


async def test_a_redis_that_does_not_answer_is_away() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Redis.from_url(f"redis://127.0.0.1:{port}/0") as redis:
        with pytest.raises(CountsUnavailable):
            await RedisQuotaCounts(lambda: redis).add(QUOTA, 1, 1)
