"""A dispatcher as it runs, and another service that talks to it."""

import asyncio
import base64
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import cast

import pytest
from angarium_chassis.sealing import Seal
from angarium_chassis.streams.broker import open_broker, redis_of
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_contracts import configuration as wire
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.hot_path import (
    AcceptedMessage,
    MessagesAccepted,
)
from angarium_contracts.stream_names import (
    DISPATCHER_QUERIES,
    messages_accepted,
)
from angarium_dispatcher.main import run
from angarium_dispatcher.settings import Settings
from redis.asyncio import Redis

TENANT, BATCH = b"t" * 16, b"b" * 16
URL = "https://example.com/hook"
SETTLE_TO = "deliveries.settled:test"
SEAL = Seal(bytes(32))
WAIT_S = 60.0
BLOCK_MS = 2_000


type Entry = tuple[bytes, dict[bytes, bytes]]
"""Its id and its fields."""


async def entries_after(redis: Redis, stream: str, last: bytes) -> list[Entry]:
    """The entries after the id `last`, as soon as there are any. Asks again and again: one read
    that blocks for longer than the client's socket timeout would fail instead of waiting."""
    while True:
        # redis-py's types allow for answers that only other versions or options give.
        found = cast(
            "list[tuple[bytes, list[Entry]]]", await redis.xread({stream: last}, block=BLOCK_MS)
        )
        if found:
            return found[0][1]


@dataclass
class Client:
    """Another service, as seen by the dispatcher."""

    queries: QueryClient
    writer: StreamWriter
    redis: Redis

    async def ask[T](self, question: Contract, kind: type[T]) -> T:
        """The answer, which must be of this kind."""
        answer = await self.queries.ask(DISPATCHER_QUERIES, question, Reader(kind))
        assert isinstance(answer, kind), answer
        return answer

    async def accept(self, *batches: MessagesAccepted, stream: int = 0) -> None:
        """Publish batches as a gateway does."""
        await self.writer.write([Publication(messages_accepted(stream), one) for one in batches])

    async def entries[T](self, stream: str, kind: type[T], count: int) -> list[T]:
        """The first `count` entries of a stream, as soon as they are there."""
        bodies: list[T] = []
        last = b"0"
        async with asyncio.timeout(WAIT_S):
            while len(bodies) < count:
                entries = await entries_after(self.redis, stream, last)
                last = entries[-1][0]
                for _, fields in entries:
                    body = Reader(kind).read(fields[b"__data__"])
                    assert isinstance(body, kind), body
                    bodies.append(body)
        return bodies


def settings_for(redis_url: str, database_url: str, **more: object) -> Settings:
    return Settings.model_validate(
        {
            "redis_url": redis_url,
            "database_url": database_url,
            "encryption_key": base64.b64encode(bytes(32)).decode(),
            "internal_port": 0,
            **more,
        }
    )


@asynccontextmanager
async def running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def settings(redis_url: str, migrated_url: str) -> Settings:
    return settings_for(redis_url, migrated_url, entry_lease_s=0.6, stream_count=2)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Client]:
    broker = open_broker(redis_url)
    await broker.connect()
    queries = QueryClient(broker, replica="test", clock_ms=lambda: time.time_ns() // 1_000_000)
    async with running(queries.run):
        yield Client(queries, StreamWriter(broker), redis_of(broker))
    await broker.stop()


@pytest.fixture
async def dispatcher(settings: Settings) -> AsyncIterator[None]:
    async with running(lambda: run(settings)):
        yield


def a_message(
    saved: wire.ApplicationSaved | wire.EndpointSaved, event_type: str = "a.b"
) -> AcceptedMessage:
    application = saved.state if isinstance(saved, wire.ApplicationSaved) else saved.application
    return AcceptedMessage(
        id=next(_message_ids).to_bytes(16),
        tenant_id=TENANT,
        application_id=application.id,
        application_version=application.version,
        event_type=event_type,
        payload=b'{"a": 1}',
    )


_message_ids = itertools.count(1)


def a_batch(*messages: AcceptedMessage, publication: int = 1) -> MessagesAccepted:
    return MessagesAccepted(BATCH, publication, SETTLE_TO, messages)


async def an_application(client: Client) -> wire.ApplicationSaved:
    return await client.ask(wire.CreateApplication(TENANT, "Acme", "acme"), wire.ApplicationSaved)


async def an_endpoint(client: Client, **more: object) -> wire.EndpointSaved:
    question = wire.CreateEndpoint(TENANT, "acme", URL, **more)  # type: ignore[arg-type]
    return await client.ask(question, wire.EndpointSaved)
