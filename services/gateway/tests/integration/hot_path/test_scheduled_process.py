"""The gateway as it runs: scheduled messages go out at their time, once, whatever is killed; and
other services get their questions answered."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from angarium_chassis.database.engine import open_database
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.query_client import QueryClient
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import (
    APPLICATION,
    MESSAGE,
    OPERATIONAL_EVENT,
    format_id,
    operational_application_id,
    parse_id,
)
from angarium_contracts.operational import (
    ENDPOINT_CREATED,
    FirstOpenMessages,
    OpenMessages,
    OperationalEvent,
    OrderRange,
    PostOperationalEvents,
)
from angarium_contracts.queries import Done, Problem
from angarium_contracts.stream_names import GATEWAY_QUERIES
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.tables import application_copy, message
from sqlalchemy import Row, select

from .conftest import running, until
from .gateway_process import Site, a_free_port, prepare, start_process


@pytest.fixture
async def site(database_url: str, redis_url: str) -> Site:
    return await prepare(database_url, redis_url)


def ahead(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class Asking:
    """A worker that asks the gateways."""

    def __init__(self, queries: QueryClient) -> None:
        self._queries = queries

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T:
        found = await self._queries.ask(GATEWAY_QUERIES, question, Reader(answer))
        assert not isinstance(found, Problem), found
        given: T = found
        return given


@asynccontextmanager
async def asking(site: Site) -> AsyncIterator[Asking]:
    broker = open_broker(site.redis_url)
    await broker.connect()
    queries = QueryClient(
        broker, replica="worker", clock_ms=lambda: time.time_ns() // 1_000_000, timeout_s=10
    )
    async with running(queries.run):
        await until(lambda: _holds(queries))
        yield Asking(queries)
    await broker.stop()


async def _holds(queries: QueryClient) -> bool:
    return queries.running


async def the_application(site: Site) -> tuple[bytes, bytes]:
    """Its id and its tenant's."""
    database = open_database(site.database_url)
    async with database.reading.connect() as connection:
        (row,) = await connection.execute(select(application_copy))
    await database.close()
    return bytes(row.id), bytes(row.tenant_id)


async def test_messages_go_out_at_their_time_and_cancelled_ones_never(site: Site) -> None:
    async with site.gateway(), site.services(), site.client() as client:
        times = {}
        for wait_s in (1.0, 1.5, 1.5, 2.0):
            at = ahead(wait_s)
            times[await client.post_for(at)] = at
        later, *_ = [await client.post_for(ahead(wait_s)) for wait_s in (2.2, 3_600)]
        assert await client.cancel(later) == {"canceled": 1, "done": True}
        assert await client.cancel(later) == {"canceled": 0, "done": True}

        async def delivered() -> bool:
            return len(site.deliveries.counts) >= len(times)

        await until(delivered)
        await asyncio.sleep(0.5)
        await until(site.all_settled)
    assert site.deliveries.counts == dict.fromkeys(times, 1)
    for message_id, at in times.items():
        late = site.deliveries.times[message_id] - at
        assert timedelta(0) <= late < timedelta(seconds=2)


async def test_what_a_killed_gateway_had_scheduled_goes_out_once(site: Site) -> None:
    other_port = a_free_port()
    processes = [await start_process(site, port) for port in (site.port, other_port)]
    async with site.services(), site.client() as first, site.client(other_port):
        for number in range(60):
            await first.post_for(ahead(0.5 + number / 40))
        await asyncio.sleep(0.7)
        processes[0].kill()

        async def delivered() -> bool:
            return len(site.deliveries.counts) >= 60

        await until(delivered, 40)
        await until(site.all_settled, 40)
        processes[1].terminate()
        for process in processes:
            await process.wait()
    assert set(site.deliveries.counts) == set(first.accepted)
    assert set(site.deliveries.counts.values()) == {1}


async def test_workers_are_told_which_messages_are_still_open(site: Site) -> None:
    async with site.gateway(), asking(site) as ask, site.client() as client:
        application_id, _ = await the_application(site)
        await client.post(3, at_once=1)
        ids = [parse_id(MESSAGE, one) or b"" for one in client.accepted]
        everything = OrderRange(application_id, bytes(16), b"\xff" * 16)
        behind_first = OrderRange(application_id, ids[0], b"\xff" * 16)
        question = FirstOpenMessages((everything, behind_first))
        newest = (ids[2], ids[2])
        assert await ask(question, OpenMessages) == OpenMessages((ids[0], ids[1]), newest)
        async with site.services():
            await until(site.all_settled)
        assert await ask(question, OpenMessages) == OpenMessages((None, None), newest)


async def test_operational_events_are_messages_of_the_hidden_application_once(site: Site) -> None:
    application_id, tenant_id = await the_application(site)
    event = OperationalEvent(
        id=b"v" * 16,
        type=ENDPOINT_CREATED,
        tenant_id=tenant_id,
        application_id=application_id,
        endpoint_id=b"e" * 16,
    )
    hidden = operational_application_id(tenant_id)
    async with site.gateway(), site.services(), asking(site) as ask, site.client():
        assert await ask(PostOperationalEvents((event,)), Done) == Done()
        assert await stored(site, hidden) == []
        database = open_database(site.database_url)
        await ApplicationCopyTable(database).learn(ApplicationState(hidden, tenant_id, version=9))
        await database.close()
        for _ in range(3):
            assert await ask(PostOperationalEvents((event, event)), Done) == Done()
        (row,) = await stored(site, hidden)
        await until(site.all_settled)
    assert row.event_id == format_id(OPERATIONAL_EVENT, event.id)
    assert row.event_type == ENDPOINT_CREATED
    assert b'"appUid":"acme"' in row.payload
    assert format_id(APPLICATION, application_id).encode() in row.payload
    assert sum(site.deliveries.counts.values()) == 1


async def stored(site: Site, application_id: bytes) -> list[Row[Any]]:
    database = open_database(site.database_url)
    async with database.reading.connect() as connection:
        query = select(message).where(message.c.application_id == application_id)
        rows = list(await connection.execute(query))
    await database.close()
    return rows
