"""The accept route as it is served, on a real journal; what lies behind it is modelled."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.group_commit import GroupCommit
from angarium_chassis.internal_http import bind, serve_http
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import IdMaker
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.adapters.database.api_keys import ApiKeyTable
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.batches import BatchTable
from angarium_gateway.adapters.database.postgres_journal import PostgresJournal
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.adapters.database.sqlite_journal import SqliteJournal
from angarium_gateway.adapters.database.tables import (
    batch,
    event_claim,
    idempotency_key,
    message,
)
from angarium_gateway.application.accept.accept_message import AcceptMessage
from angarium_gateway.application.accept.commit_messages import CommitMessages
from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.publish.batch_store import StoredBatch
from angarium_gateway.application.publish.relay import Relay
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.messages import CommitOutcome, NewMessage
from angarium_gateway.domain.open_batches import OpenBatches
from angarium_gateway.main import _api, _redelivery
from angarium_gateway.settings import Settings
from sqlalchemy import func, select

OWNER = "0123456789abcdef0123456789abcdef"
ENCRYPTION_KEY = "A" * 43 + "="
PAYLOAD_BYTES_MAX = 100_000


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
    keys = ApiKeyTable(
        database,
        make_id=IdMaker(time.time_ns, random.getrandbits),
        now=lambda: datetime.now(UTC),
        random_bytes=os.urandom,
    )
    created = await keys.create(tenant, f"{tenant}'s key")
    caller = await keys.find(token_hash(created.token))
    assert caller is not None
    return created.token, caller.tenant_id


class NoServices:
    """In place of the query client: the dispatcher knows no application."""

    async def ask[T](self, _: str, __: Contract, ___: Reader[T]) -> T | Problem:
        return Problem(code=ProblemCode.NOT_FOUND, detail="no such application")


@dataclass
class Door:
    """A served accept route: where it is, who may enter, and what came in."""

    url: str
    token: str
    port: int
    application: ApplicationState
    database: Database
    published: list[StoredBatch]

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


@asynccontextmanager
async def open_door(database: Database) -> AsyncIterator[Door]:
    await SCHEMA.migrate(database)
    token, tenant_id = await api_key(database)
    make_id = IdMaker(time.time_ns, random.getrandbits)
    application = ApplicationState(make_id(), tenant_id, version=3, uid="acme")
    copy = ApplicationCopyTable(database)
    await copy.learn(application)
    journal_type = PostgresJournal if database.on_postgres else SqliteJournal
    journal = journal_type(
        database, clock_us=lambda: time.time_ns() // 1_000, key_life_us=60_000_000
    )
    published: list[StoredBatch] = []

    async def publish(batches: Sequence[StoredBatch]) -> Sequence[bytes]:
        published.extend(batches)
        return [b"1-0"] * len(batches)

    window = OpenBatches(1 << 30)
    relay = Relay(publish, BatchTable(database), window, owner=OWNER, clock_s=time.monotonic)
    commit = CommitMessages(journal, relay, owner=OWNER, stream_count=1)
    commits: GroupCommit[NewMessage, CommitOutcome] = GroupCommit(commit)

    async def not_found[T: Contract](question: Contract, answer: type[T]) -> T | Problem:
        return Problem(code=ProblemCode.NOT_FOUND, detail="no such application")

    directory = ApplicationDirectory(copy, not_found)
    scheduled: GroupCommit[NewMessage, CommitOutcome] = GroupCommit(journal.schedule)
    accept = AcceptMessage(directory, journal, commits, make_id, scheduled)
    settings = Settings.model_validate(
        {
            "database_url": "sqlite://",
            "encryption_key": ENCRYPTION_KEY,
            "payload_bytes_max": PAYLOAD_BYTES_MAX,
        }
    )
    queries: Any = NoServices()
    redelivery = _redelivery(settings, database, queries, directory, make_id)
    api = _api(settings, database, queries, directory, accept, redelivery, make_id)
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    async with AsyncExitStack() as opened:
        opened.push_async_callback(journal.close)
        await opened.enter_async_context(
            running(commits.run, scheduled.run, relay.run, lambda: serve_http(api, listener))
        )
        yield Door(f"http://127.0.0.1:{port}", token, port, application, database, published)


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = open_database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def door(sqlite_database: Database) -> AsyncIterator[Door]:
    """The route on SQLite."""
    async with open_door(sqlite_database) as opened:
        yield opened


@pytest.fixture
async def any_door(database_url: str) -> AsyncIterator[Door]:
    """The route on each engine."""
    database = open_database(database_url)
    async with open_door(database) as opened:
        yield opened
    await database.close()
