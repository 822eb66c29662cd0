"""The worker and its neighbours: queries, directory, outages, the internal port."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from angarium_chassis.database.engine import open_database
from angarium_chassis.internal_http import bind
from angarium_chassis.process import StartRefused
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_cli.engines import PostgresProcess
from angarium_contracts.attempts import Attempts, ListAttemptsByMessage
from angarium_contracts.contract import Reader
from angarium_contracts.directory import DirectoryChanged
from angarium_contracts.queries import Page
from angarium_contracts.stream_names import (
    DIRECTORY_CHANGED,
    WORKER_QUERIES,
    deliveries_requested,
)
from angarium_worker.adapters.database.schema import SCHEMA
from angarium_worker.main import run
from msgspec.structs import replace


async def test_attempts_are_answered_over_the_query_stream(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    client = QueryClient(
        platform.broker, replica="gateway", clock_ms=lambda: time.time_ns() // 1_000_000
    )
    platform.start(client.run())
    platform.start_worker()
    chunk = platform.chunk([platform.add_endpoint("/hook")])
    await platform.publish(chunk)
    await platform.until_settled(1)
    question = ListAttemptsByMessage(message_id=chunk.messages[0].id, page=Page())
    answer = await client.ask(WORKER_QUERIES, question, Reader(Attempts))
    assert isinstance(answer, Attempts)
    assert [item.url for item in answer.items] == [platform.receiver.url("/hook")]


async def test_a_retry_goes_to_the_endpoints_current_url(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/old")
    platform.receiver.statuses["/old"] = [500]
    platform.start_worker(retry_schedule="1s,1s,1s,1s,1s,1s,1s,1s")
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_settled(1)
    state = replace(
        platform.dispatcher.endpoints[endpoint], version=2, url=platform.receiver.url("/new")
    )
    platform.dispatcher.endpoints[endpoint] = state
    change = DirectoryChanged(previous_version=0, version=2, endpoints=(state,))

    async def tell() -> None:
        # Again and again, as the dispatcher's heartbeats do: the worker may begin to follow only
        # after the first.
        for _ in range(100):
            writer = StreamWriter(platform.broker)
            await writer.write([Publication(DIRECTORY_CHANGED, change)])
            await asyncio.sleep(0.5)

    platform.start(tell())
    await platform.receiver.until("/new", 1)
    await platform.until_rows(platform.pending, lambda rows: not rows)


async def test_two_workers_make_each_retry_once(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/flaky")
    platform.receiver.statuses["/flaky"] = [404] * 40 + [200]
    for _ in range(2):
        platform.start_worker(retry_schedule="300ms")
    await platform.publish(*[platform.chunk(*[[endpoint]] * 10) for _ in range(4)])
    rows = await platform.until_rows(platform.attempts, lambda rows: len(rows) == 80)
    assert len({(row.message_id, row.number) for row in rows}) == 80
    await platform.until_rows(platform.pending, lambda rows: not rows)
    assert len(platform.receiver.requests) == 80


async def test_after_redis_lost_everything_new_chunks_are_delivered(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/hook")
    platform.start_worker()
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_settled(1)
    await platform.redis.flushall()
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_settled(1)
    assert platform.receiver.paths() == ["/hook", "/hook"]


async def test_while_the_database_is_down_chunks_stay_in_hand_and_nothing_is_sent_twice(
    platform: Any, tmp_path: Path, new_folder: Callable[[str], Path]
) -> None:
    server = PostgresProcess(new_folder("killed"))
    await asyncio.to_thread(server.start)
    try:
        url = server.uri(driver="asyncpg")
        own = open_database(url)
        await SCHEMA.migrate(own)
        await own.close()
        platform.start(platform.dispatcher.run())
        endpoint = platform.add_endpoint("/hook")
        worker = platform.start_worker(database_url=url)
        await platform.publish(platform.chunk([endpoint]))
        await platform.until_settled(1)
        await asyncio.to_thread(server.kill)
        await platform.publish(platform.chunk([endpoint]))
        await platform.receiver.until("/hook", 2)
        assert await platform.redis.xlen(deliveries_requested(0)) == 1
        await asyncio.to_thread(server.start)
        await platform.until_settled(2)
        await platform.stop(worker)
        assert len(platform.receiver.requests) == 2
    finally:
        await asyncio.to_thread(server.kill)


async def test_the_internal_port_tells_readiness_and_metrics(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    platform.start_worker(internal_port=port)
    await platform.publish(platform.chunk([platform.add_endpoint("/hook")]))
    await platform.until_settled(1)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        assert (await client.get("/ready")).json() == {"ready": True, "problems": {}}
        metrics = (await client.get("/metrics")).text
    for line in (
        'angarium_worker_attempts_total{outcome="delivered",status="2xx"} 1.0',
        "angarium_worker_attempt_duration_seconds_count 1.0",
        "angarium_worker_chunks_settled_total 1.0",
        "angarium_worker_deliveries_in_flight 0.0",
    ):
        assert line in metrics


async def test_a_taken_internal_port_refuses_the_start_and_names_the_setting(
    platform: Any,
) -> None:
    listener = bind("127.0.0.1", 0)
    settings = platform.settings(internal_port=listener.getsockname()[1])
    with pytest.raises(StartRefused, match="ANGARIUM_INTERNAL_PORT"):
        await run(settings)
    listener.close()


async def test_a_database_of_no_schema_refuses_the_start(platform: Any, tmp_path: Path) -> None:
    settings = platform.settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StartRefused, match="angarium migrate worker"):
        await run(settings)
