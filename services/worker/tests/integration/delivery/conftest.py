"""A real worker between a real Valkey, a real database and receivers on loopback."""

import asyncio
import base64
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_chassis.sealing import Seal
from angarium_chassis.streams.broker import open_broker, redis_of
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_server import QueryServer
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.directory import (
    DirectoryPage,
    DirectorySince,
    EndpointState,
    EndpointStates,
    GetEndpointStates,
)
from angarium_contracts.endpoint_options import DisableEndpoint
from angarium_contracts.hot_path import (
    DeliveriesRequested,
    DeliveriesSettled,
    RequestedDelivery,
    RequestedMessage,
    SettledChunk,
)
from angarium_contracts.ids import IdMaker
from angarium_contracts.queries import Done
from angarium_contracts.stream_names import (
    DISPATCHER_QUERIES,
    DISPATCHERS,
    deliveries_requested,
    deliveries_settled,
)
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    pending_delivery,
)
from angarium_worker.main import run
from angarium_worker.settings import Settings
from faststream.redis import RedisBroker
from redis.asyncio import Redis
from sqlalchemy import select

KEY = base64.b64encode(b"k" * 32).decode()
SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()
SETTLE_TO = deliveries_settled("gateway")
PATIENCE_S = 60.0

type Question = DirectorySince | GetEndpointStates | DisableEndpoint
QUESTIONS: Reader[Question] = Reader(DirectorySince, GetEndpointStates, DisableEndpoint)


@dataclass
class Receiver:
    """Answers each request with the path's next status; 0 hangs until `let_go`. 429 and 503 ask
    for `retry_after`. To a path of `broken_off` it says that and closes."""

    port: int = 0
    broken_off: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, list[int]] = field(default_factory=dict)
    retry_after: str = "1"
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.requests]

    async def until(self, path: str, times: int) -> None:
        async with asyncio.timeout(PATIENCE_S), self.arrived:
            await self.arrived.wait_for(lambda: self.paths().count(path) >= times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                start, *lines = head.split("\r\n")
                pairs = (line.split(": ", 1) for line in lines if line)
                headers = {name.lower(): value for name, value in pairs}
                body = await reader.readexactly(int(headers["content-length"]))
                path = start.split(" ")[1]
                async with self.arrived:
                    self.requests.append((path, headers, body))
                    self.arrived.notify_all()
                status = self._next_status(path)
                if not status:
                    await self.let_go.wait()
                if path in self.broken_off:
                    writer.write(self.broken_off[path])
                    return
                extra = f"retry-after: {self.retry_after}\r\n" if status in {429, 503} else ""
                head = f"HTTP/1.1 {status or 200} X\r\n{extra}content-length: 2\r\n\r\n"
                writer.write(head.encode() + b"ok")
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _next_status(self, path: str) -> int:
        planned = self.statuses.get(path) or [200]
        return planned.pop(0) if len(planned) > 1 else planned[0]


class FakeDispatcher:
    """Answers what a worker asks, from `endpoints`."""

    def __init__(self, broker: RedisBroker) -> None:
        self.endpoints: dict[bytes, EndpointState] = {}
        self.disabled: list[DisableEndpoint] = []
        self._answers = QueryServer(
            broker,
            stream=DISPATCHER_QUERIES,
            group=DISPATCHERS,
            consumer="dispatcher",
            questions=QUESTIONS,
            answer=self._answer,
            quarantine=Quarantine(broker, "dispatcher"),
            clock_ms=lambda: time.time_ns() // 1_000_000,
            clock_s=time.monotonic,
        )

    async def run(self) -> None:
        await self._answers.run()

    async def _answer(self, question: Question) -> Contract:
        match question:
            case DisableEndpoint():
                self.disabled.append(question)
                return Done()
            case DirectorySince():
                return DirectoryPage(version=question.version, done=True)
            case GetEndpointStates():
                found = [self.endpoints.get(each) for each in question.endpoint_ids]
                return EndpointStates(endpoints=tuple(each for each in found if each is not None))


class Platform:
    """What surrounds the workers: the streams, a dispatcher that may be away, the database."""

    def __init__(self, redis_url: str, database: Database, database_url: str) -> None:
        self.redis_url = redis_url
        self.database = database
        self.database_url = database_url
        self.receiver = Receiver()
        self.broker = open_broker(redis_url)
        self.dispatcher = FakeDispatcher(self.broker)
        self.new_id = IdMaker(time.time_ns, random.getrandbits)
        self._seal = Seal.from_base64(KEY)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def redis(self) -> Redis:
        return redis_of(self.broker)

    def settings(self, **changed: Any) -> Settings:
        values: dict[str, Any] = {
            "database_url": self.database_url,
            "redis_url": self.redis_url,
            "encryption_key": KEY,
            "internal_port": 0,
            "allow_http_endpoints": True,
            "egress_allowed_networks": "127.0.0.0/8",
            "retry_schedule": "100ms,100ms,100ms",
            "entry_lease_s": 1.0,
            "chunk_linger_s": 5.0,
        }
        return Settings(**(values | changed))

    def start(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """Run until the end of the test, or until `stop`."""
        task = asyncio.ensure_future(work)
        self._tasks.append(task)
        return task

    def start_worker(self, **changed: Any) -> asyncio.Task[None]:
        return self.start(run(self.settings(**changed)))

    async def stop(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is not None:
            raise task.exception() or RuntimeError

    async def close(self) -> None:
        self.receiver.let_go.set()
        for task in self._tasks:
            await self.stop(task)
        await self.broker.stop()

    def add_endpoint(self, path: str, **members: Any) -> bytes:
        endpoint_id = self.new_id()
        values: dict[str, Any] = {
            "id": endpoint_id,
            "tenant_id": self.new_id(),
            "application_id": self.new_id(),
            "version": 1,
            "url": self.receiver.url(path),
            "secrets": (self._seal.close(SECRET.encode(), endpoint_id),),
        }
        self.dispatcher.endpoints[endpoint_id] = EndpointState(**(values | members))
        return endpoint_id

    def sealed(self, plain: bytes, endpoint_id: bytes) -> bytes:
        return self._seal.close(plain, endpoint_id)

    def chunk(
        self,
        *messages: Sequence[bytes],
        channels: tuple[str, ...] = (),
        trace: str | None = None,
        **members: Any,
    ) -> DeliveriesRequested:
        """A chunk with a message for each group of endpoints."""
        values: dict[str, Any] = {
            "batch_id": self.new_id(),
            "publication": 1,
            "settle_to": SETTLE_TO,
            "chunk": 0,
            "chunks": 1,
            "redelivered": False,
            "messages": tuple(
                RequestedMessage(
                    id=self.new_id(),
                    tenant_id=self.new_id(),
                    application_id=self.new_id(),
                    event_type="invoice.paid",
                    payload=b'{"n":%d}' % number,
                    channels=channels,
                    trace=trace,
                    deliveries=tuple(
                        RequestedDelivery(endpoint_id=each, endpoint_version=1)
                        for each in endpoint_ids
                    ),
                )
                for number, endpoint_ids in enumerate(messages)
            ),
        }
        return DeliveriesRequested(**(values | members))

    async def publish(self, *chunks: DeliveriesRequested) -> None:
        await StreamWriter(self.broker).write(
            [Publication(deliveries_requested(0), chunk) for chunk in chunks]
        )

    async def until_settled(self, count: int) -> list[SettledChunk]:
        """The settled chunks, once there are so many."""
        reader, last = Reader(DeliveriesSettled), b"0"
        settled: list[SettledChunk] = []
        async with asyncio.timeout(PATIENCE_S):
            while len(settled) < count:
                read: Any = await self.redis.xread({SETTLE_TO: last}, block=1_000)
                for _, entries in read:
                    for last, fields in entries:  # noqa: B007
                        entry = reader.read(fields[b"__data__"])
                        assert isinstance(entry, DeliveriesSettled)
                        settled += entry.settled
        return settled

    async def attempts(self) -> list[Any]:
        return await self._rows(select(attempt).order_by(attempt.c.id))

    async def cancelled(self) -> list[Any]:
        return await self._rows(select(cancelled_delivery))

    async def pending(self) -> list[Any]:
        return await self._rows(select(pending_delivery))

    async def until_rows(
        self, read: Callable[[], Awaitable[list[Any]]], holds: Callable[[list[Any]], bool]
    ) -> list[Any]:
        """Read until what is there is as wanted."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds(rows := await read()):
                await asyncio.sleep(0.02)
        return rows

    async def _rows(self, query: Any) -> list[Any]:
        engine = self.database.engine.execution_options(read_only=True)
        async with engine.connect() as connection:
            return list((await connection.execute(query)).all())


@pytest.fixture
async def platform(
    redis_url: str, database: Database, migrated_url: str
) -> AsyncIterator[Platform]:
    """Streams, an empty database, a receiver; no worker and no dispatcher runs yet."""
    platform = Platform(redis_url, database, migrated_url)
    await platform.broker.connect()
    server = await asyncio.start_server(platform.receiver.serve, "127.0.0.1", 0)
    platform.receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield platform
    finally:
        await platform.close()
        server.close()
        await server.wait_closed()
