"""Consumers of processes that have ended are removed by those that read."""

import asyncio
from typing import Any

import pytest
from angarium_chassis.streams import reader_heartbeat
from angarium_chassis.streams.reader_heartbeat import ReaderHeartbeat, remove_dead_consumers
from redis.asyncio import Redis

STREAM, GROUP = "removal", "workers"


async def consumers(redis: Redis) -> set[str]:
    rows: Any = await redis.xinfo_consumers(STREAM, GROUP)
    return {row["name"].decode() for row in rows}


def heartbeat_of(redis: Redis, consumer: str) -> ReaderHeartbeat:
    return ReaderHeartbeat(
        lambda: redis, stream=STREAM, group=GROUP, consumer=consumer, reads=lambda: True
    )


@pytest.fixture
async def group(redis: Redis) -> Redis:
    """A group with a consumer that reads, one that died, and one that died with an entry."""
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    for name in ("alive", "dead"):
        await redis.xgroup_createconsumer(STREAM, GROUP, name)
    await redis.xadd(STREAM, {"x": "1"})
    await redis.xreadgroup(GROUP, "holds-an-entry", {STREAM: ">"})
    return redis


async def test_those_that_were_silent_for_long_and_hold_nothing_are_removed(
    group: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remove_dead_consumers(group, STREAM, GROUP)
    assert await consumers(group) == {"alive", "dead", "holds-an-entry"}

    monkeypatch.setattr(reader_heartbeat, "FORGOTTEN_AFTER_S", 0)
    await remove_dead_consumers(group, STREAM, GROUP)

    assert await consumers(group) == {"holds-an-entry"}
    pending: Any = await group.xpending(STREAM, GROUP)
    assert pending["pending"] == 1


async def test_a_heartbeat_keeps_a_consumer_that_redis_calls_idle(
    group: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Redis 7.0, where reading nothing does not end the idle time."""
    rows: Any = [{"name": b"quiet", "pending": 0, "idle": 7_200_000}]

    async def as_redis_7_0(*_: object) -> Any:
        return rows

    monkeypatch.setattr(group, "xinfo_consumers", as_redis_7_0)
    await heartbeat_of(group, "quiet").beat()
    await group.xgroup_createconsumer(STREAM, GROUP, "quiet")
    await remove_dead_consumers(group, STREAM, GROUP)
    monkeypatch.undo()

    assert "quiet" in await consumers(group)


async def test_a_reader_removes_them_when_it_starts(
    group: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = asyncio.Event()
    real = remove_dead_consumers

    async def noted(*arguments: Any) -> None:
        await real(*arguments)
        removed.set()

    monkeypatch.setattr(reader_heartbeat, "remove_dead_consumers", noted)
    monkeypatch.setattr(reader_heartbeat, "_is_dead", lambda row, _: row["name"] == b"dead")
    reading = asyncio.create_task(heartbeat_of(group, "alive").run())
    await asyncio.wait_for(removed.wait(), 10)
    reading.cancel()
    await asyncio.wait([reading])

    assert await consumers(group) == {"alive", "holds-an-entry"}
