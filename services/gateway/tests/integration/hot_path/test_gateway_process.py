"""The gateway as it runs: whatever it answered with 202 is settled in the end."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from angarium_chassis.streams.broker import SOCKET_TIMEOUT_S
from angarium_cli.engines import ValkeyProcess
from angarium_gateway.main import SETTLE_BEFORE_STOP_S
from redis.asyncio import Redis

from .conftest import until
from .gateway_process import Site, prepare, start_process


@pytest.fixture
async def site(database_url: str, redis_url: str) -> Site:
    return await prepare(database_url, redis_url)


@pytest.fixture
async def own_valkey(tmp_path: Path) -> AsyncIterator[ValkeyProcess]:
    """One that a test may stop; it keeps nothing."""
    server = ValkeyProcess(tmp_path / "valkey", append_only=False)
    server.start()
    yield server
    server.stop()


async def test_posted_messages_are_delivered_once_and_their_batches_closed(site: Site) -> None:
    async with site.gateway(), site.services(), site.client() as client:
        await client.post(500)
        await until(site.all_settled)
    assert site.deliveries.counts == dict.fromkeys(client.accepted, 1)
    assert site.deliveries.publications == {1}


async def test_a_flush_under_load_loses_nothing(site: Site) -> None:
    async with (
        site.gateway(),
        site.services(),
        site.client() as client,
        Redis.from_url(site.redis_url) as redis,
    ):
        await client.post(20)
        await asyncio.sleep(1.1)
        posting = asyncio.ensure_future(client.post(1_500))
        while len(client.accepted) < 500:
            await asyncio.sleep(0.01)
        await redis.flushall()
        await posting
        await until(site.all_settled, 30)
    assert set(site.deliveries.counts) == set(client.accepted)
    assert len(client.accepted) == 1_520


async def test_while_redis_is_away_messages_are_accepted_and_go_out_when_it_is_back(
    sqlite_url: str, own_valkey: ValkeyProcess
) -> None:
    site = await prepare(sqlite_url, own_valkey.url)
    async with site.gateway(), site.client() as client:
        await client.post(20)
        own_valkey.kill()
        await client.post(200)
        own_valkey.start()
        await client.post(20)
        async with site.services():
            await until(site.all_settled, 40)
    assert set(site.deliveries.counts) == set(client.accepted)


async def test_a_restarted_gateway_takes_over_what_the_last_one_left_open(site: Site) -> None:
    async with site.gateway(), site.client() as client:
        await client.post(50)
    assert await site.open_batches()
    async with site.gateway(), site.services():
        await until(site.all_settled)
    assert site.deliveries.counts.keys() == set(client.accepted)
    assert max(site.deliveries.publications) == 2


async def test_a_gateway_starts_serves_and_stops_without_redis(
    sqlite_url: str, own_valkey: ValkeyProcess
) -> None:
    own_valkey.kill()
    site = await prepare(sqlite_url, own_valkey.url)
    async with site.gateway(), site.client() as client:
        await client.post(10)
        stopping_s = time.monotonic()
    # It waits for what is under way to settle, and for no answer of Redis's.
    assert time.monotonic() - stopping_s < SETTLE_BEFORE_STOP_S + SOCKET_TIMEOUT_S
    assert await site.open_batches()


async def test_sigterm_under_load_ends_the_process_in_order(
    sqlite_url: str, redis_url: str
) -> None:
    site = await prepare(sqlite_url, redis_url)
    process = await start_process(site, site.port)
    async with site.services(), site.client() as client:
        posting = asyncio.ensure_future(client.post(100_000))
        while len(client.accepted) < 200:
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(aiohttp.ClientError):
            await posting
        async with asyncio.timeout(60):
            assert await process.wait() == 0
        await until(site.all_settled)
    assert set(client.accepted) <= set(site.deliveries.counts)
    assert set(site.deliveries.counts.values()) == {1}


async def test_health_is_503_as_soon_as_the_gateway_is_told_to_stop(
    sqlite_url: str, redis_url: str
) -> None:
    site = await prepare(sqlite_url, redis_url)
    process = await start_process(site, site.port, ANGARIUM_DRAIN_S="300")
    async with site.client(), aiohttp.ClientSession(site.url) as session:
        process.terminate()

        async def drains() -> bool:
            async with session.get("/api/v1/health") as answer:
                return answer.status == 503

        await until(drains)
        async with session.get("/docs") as answer:
            assert answer.status == 200
        process.terminate()  # a second signal: at once
        await process.wait()
