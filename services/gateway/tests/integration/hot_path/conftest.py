"""The accept route as it is served, on a real journal; what lies behind it is modelled."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.internal_http import bind, serve_http
from angarium_contracts.contract import Contract
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import IdMaker
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.tables import (
    batch,
    event_claim,
    idempotency_key,
    message,
)
from angarium_gateway.adapters.streams.platform_view import RedisPlatformView
from angarium_gateway.administration.api_keys import (
    AccessAdministration,
    NewApiKey,
    ensure_tenant,
)
from angarium_gateway.application.publish.batch_store import StoredBatch
from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.build_gateway import Gateway, build_gateway
from angarium_gateway.domain.open_batches import OpenBatch
from angarium_gateway.gateway_limits import limits_of
from angarium_gateway.gateway_ports import StreamPorts, clocks, open_journal, ports_over
from angarium_gateway.settings import Settings
from redis.asyncio import Redis
from sqlalchemy import func, select

from ...fakes.quota_counts import MemoryQuotaCounts

OWNER = "0123456789abcdef0123456789abcdef"
ENCRYPTION_KEY = "A" * 43 + "="
PAYLOAD_BYTES_MAX = 100_000


def no_redis() -> Redis:
    raise AssertionError("the hot path asks nothing about the platform")


@asynccontextmanager
async def running(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run work beside a test."""
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def until(holds: Callable[[], Awaitable[bool]], timeout_s: float = 60.0) -> None:
    """Wait until something outside this process holds."""
    async with asyncio.timeout(timeout_s):
        while not await holds():
            await asyncio.sleep(0.05)


async def api_key(database: Database, tenant: str = "default") -> tuple[str, bytes]:
    """A new API key: its token and tenant."""
    access = AccessAdministration.of(database)
    owner = await ensure_tenant(access, tenant)
    created = await access.keys.create(owner.id, NewApiKey(name=f"{tenant}'s key"))
    return created.token, owner.id


@dataclass
class Door:
    """A served accept route: where it is, who may enter, and what came in."""

    url: str
    token: str
    port: int
    application: ApplicationState
    database: Database
    published: list[StoredBatch]
    gateway: Gateway

    @property
    def path(self) -> str:
        return f"/api/v1/app/{self.application.uid}/msg"

    def client(self, **options: Any) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, **options)

    async def counts(self) -> tuple[int, ...]:
        """Rows of messages, batches, event ids and keys."""
        async with self.database.reading.connect() as connection:
            return tuple(
                [
                    await connection.scalar(select(func.count()).select_from(table)) or 0
                    for table in (message, batch, event_claim, idempotency_key)
                ]
            )


class PublishedBatches:
    """The ports `PublishBatches` and `StreamWatch`: keeps what is published."""

    def __init__(self) -> None:
        self.batches: list[StoredBatch] = []

    async def __call__(self, batches: Sequence[StoredBatch]) -> Sequence[bytes]:
        self.batches.extend(batches)
        return [b"1-0"] * len(batches)

    async def identities(self, numbers: Collection[int]) -> Mapping[int, str]:
        return dict.fromkeys(numbers, "one run")

    async def passed(self, batches: Sequence[OpenBatch]) -> list[OpenBatch]:
        return []


async def no_such_application[T: Contract](question: Contract, answer: type[T]) -> T | Problem:
    """The port `ServiceQuery`, of services that know nothing."""
    return Problem(code=ProblemCode.NOT_FOUND, detail="no such application")


@asynccontextmanager
async def open_door(
    database: Database, ask_dispatcher: ServiceQuery = no_such_application
) -> AsyncIterator[Door]:
    token, tenant_id = await api_key(database)
    make_id = IdMaker(time.time_ns, random.getrandbits)
    application = ApplicationState(make_id(), tenant_id, version=3, uid="acme")
    copy = ApplicationCopyTable(database)
    await copy.learn(application)
    settings = Settings.model_validate(
        {
            "database_url": "sqlite://",
            "encryption_key": ENCRYPTION_KEY,
            "payload_bytes_max": PAYLOAD_BYTES_MAX,
        }
    )
    redis = PublishedBatches()
    streams = StreamPorts(
        publish=redis,
        watch=redis,
        ask_dispatcher=ask_dispatcher,
        ask_worker=no_such_application,
        quota_counts=MemoryQuotaCounts(),
        platform=RedisPlatformView(no_redis, stream_count=1, entry_lease_s=8.0),
        shelves={},
    )
    journal = open_journal(settings, database)
    ports = ports_over(database, journal, streams, settings, copy=copy, make_id=make_id)
    gateway = build_gateway(ports, limits_of(settings), clocks(make_id), replica=OWNER)
    path = gateway.hot_path
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    async with AsyncExitStack() as opened:
        opened.push_async_callback(journal.close)
        await opened.enter_async_context(
            running(
                path.commits.run,
                path.scheduled.run,
                path.relay.run,
                lambda: serve_http(gateway.http, listener),
            )
        )
        url = f"http://127.0.0.1:{port}"
        yield Door(url, token, port, application, database, redis.batches, gateway)


@pytest.fixture
async def sqlite_database(migrated_sqlite_url: str) -> AsyncIterator[Database]:
    opened = open_database(migrated_sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def door(sqlite_database: Database) -> AsyncIterator[Door]:
    """The route on SQLite."""
    async with open_door(sqlite_database) as opened:
        yield opened


@pytest.fixture
async def any_door(migrated_url: str) -> AsyncIterator[Door]:
    """The route on each engine."""
    database = open_database(migrated_url)
    async with open_door(database) as opened:
        yield opened
    await database.close()
