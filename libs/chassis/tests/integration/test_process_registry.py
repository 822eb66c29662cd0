"""The list of processes, on a real server."""

from collections.abc import AsyncIterator, Callable

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.examination.process_checks import judge_processes
from angarium_chassis.examination.process_state import ProcessState
from angarium_chassis.streams.process_registry import ProcessHeartbeat, running_processes
from angarium_contracts.stream_names import PROCESSES, PROCESSES_SEEN
from redis.asyncio import Redis

HOUR_MS = 3_600_000


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = open_database(sqlite_url)
    yield opened
    await opened.close()


def heartbeat(
    redis: Redis,
    database: Database,
    service: str,
    *,
    clock_ms: int = 5_000,
    on_replicas: Callable[[int], None] | None = None,
) -> ProcessHeartbeat:
    return ProcessHeartbeat(
        lambda: redis,
        database,
        service=service,
        replica=f"{service}-1",
        version="1.2.3",
        key_ids=("5ea1ed00",),
        schema="0007",
        stream_count=3,
        clock_ms=lambda: clock_ms,
        on_replicas=on_replicas,
    )


async def test_processes_describe_themselves_until_they_stop(
    redis: Redis, database: Database
) -> None:
    worker, gateway = (heartbeat(redis, database, name) for name in ("worker", "gateway"))
    await worker.beat()
    await gateway.beat()
    await gateway.beat()

    found = await running_processes(redis)

    assert [each.service for each in found] == ["gateway", "worker"]
    first = found[0]
    assert (first.id, first.version, first.clock_ms) == ("gateway-1", "1.2.3", 5_000)
    assert (first.schema, first.stream_count) == ("0007", 3)
    assert first.database_pool is not None
    assert first.redis_pool is not None
    assert first.redis_pool.size >= 1
    assert first.pid > 0
    seconds, _ = await redis.time()
    assert abs(first.seen_at_ms - seconds * 1_000) < 60_000
    await gateway.leave()
    assert [each.service for each in await running_processes(redis)] == ["worker"]


async def test_who_has_been_silent_for_an_hour_is_forgotten(
    redis: Redis, database: Database
) -> None:
    await heartbeat(redis, database, "gateway").beat()
    seconds, _ = await redis.time()
    await redis.zadd(PROCESSES_SEEN, {"gateway/gateway-1": seconds * 1_000 - HOUR_MS - 5_000})
    await heartbeat(redis, database, "worker").beat()
    assert [each.service for each in await running_processes(redis)] == ["worker"]
    assert await redis.hlen(PROCESSES) == 1


async def test_a_description_that_cannot_be_read_is_left_out(
    redis: Redis, database: Database
) -> None:
    await heartbeat(redis, database, "gateway").beat()
    await redis.hset(PROCESSES, "worker/x", b"\xc1")
    await redis.zadd(PROCESSES_SEEN, {"worker/x": 1, "worker/without": 2})
    assert [each.service for each in await running_processes(redis)] == ["gateway"]


def a_process(service: str, **values: object) -> ProcessState:
    given: dict[str, object] = {
        "service": service,
        "id": "0123456789",
        "version": "1",
        "host": "machine",
        "pid": 1,
        "started_at_ms": 0,
        "clock_ms": HOUR_MS,
        "seen_at_ms": HOUR_MS,
    }
    return ProcessState(**(given | values))  # type: ignore[arg-type]


ALL = [a_process(each) for each in ("dispatcher", "gateway", "worker")]


@pytest.mark.parametrize(
    ("processes", "level", "told"),
    [
        (ALL, "ok", "1 gateway, 1 dispatcher, 1 worker, of version 1"),
        (ALL[:2], "problem", "No worker runs"),
        (
            [
                *[a_process(each, stream_count=1) for each in ("dispatcher", "gateway")],
                *[a_process("worker", stream_count=2) for _ in range(5)],
                a_process("worker"),
            ],
            "warning",
            "2 in worker 01234567, worker 01234567, worker 01234567 and 2 more.",
        ),
        ([*ALL, a_process("worker", version="2")], "warning", "different versions: 1, 2"),
        ([*ALL, a_process("worker", seen_at_ms=0)], "warning", "last seen 60 min ago"),
        ([*ALL, a_process("worker", clock_ms=HOUR_MS + 2_000)], "warning", "2.0 s ahead of"),
        ([*ALL, a_process("worker", clock_ms=HOUR_MS - 60_000)], "problem", "60.0 s behind"),
    ],
)
def test_processes_are_judged(processes: list[ProcessState], level: str, told: str) -> None:
    (finding,) = judge_processes(processes, now_ms=HOUR_MS + 1_000)
    assert finding.level.value == level
    assert told in finding.sentence
    assert (finding.remedy is None) == (level == "ok")


async def test_a_process_is_told_how_many_of_its_service_run(
    redis: Redis, database: Database
) -> None:
    told: list[int] = []
    worker = heartbeat(redis, database, "worker", on_replicas=told.append)
    await worker.beat()
    seconds, _ = await redis.time()
    others = {f"worker/{n}": seconds * 1_000 for n in range(4)}
    silent = {"worker/silent": seconds * 1_000 - 60_000}
    await redis.zadd(PROCESSES_SEEN, {"gateway/1": seconds * 1_000} | others | silent)
    await worker.beat()
    await redis.delete(PROCESSES_SEEN)  # what Redis held is lost
    await worker.beat()
    await worker.beat()
    assert told == [1, 5, 5, 1]
