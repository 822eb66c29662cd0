"""A gateway as it runs, and in place of dispatcher and worker two readers that settle."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import aiohttp
from angarium_chassis.database.engine import open_database
from angarium_chassis.internal_http import bind
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.group_reader import GroupReader
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.received import Received
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_contracts.contract import Reader
from angarium_contracts.directory import ApplicationState
from angarium_contracts.hot_path import (
    DeliveriesRequested,
    DeliveriesSettled,
    MessagesAccepted,
    RequestedMessage,
    SettledChunk,
)
from angarium_contracts.ids import MESSAGE, format_id
from angarium_contracts.stream_names import (
    DISPATCHERS,
    WORKERS,
    deliveries_requested,
    messages_accepted,
)
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.adapters.database.tables import batch
from angarium_gateway.main import run
from angarium_gateway.settings import Settings
from faststream.redis import RedisBroker
from sqlalchemy import func, select

from .conftest import ENCRYPTION_KEY, api_key, running

MAIN = "from angarium_gateway.main import main; main()"


@dataclass
class Deliveries:
    """What the models of dispatcher and worker saw."""

    counts: dict[str, int] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)
    publications: set[int] = field(default_factory=set)


class ServiceModels:
    """Dispatcher and worker: one chunk a batch, delivered and settled at once. As the real
    worker does, a redelivered chunk delivers only what was not delivered before."""

    def __init__(self, broker: RedisBroker, deliveries: Deliveries) -> None:
        self._writer = StreamWriter(broker)
        self._deliveries = deliveries
        quarantine = Quarantine(broker, "test")
        self.dispatcher = GroupReader(
            broker,
            stream=messages_accepted(0),
            group=DISPATCHERS,
            consumer=uuid4().hex,
            reader=Reader(MessagesAccepted),
            handle=self._dispatch,
            quarantine=quarantine,
            clock_s=time.monotonic,
            lease_s=2,
        )
        self.worker = GroupReader(
            broker,
            stream=deliveries_requested(0),
            group=WORKERS,
            consumer=uuid4().hex,
            reader=Reader(DeliveriesRequested),
            handle=self._deliver,
            quarantine=quarantine,
            clock_s=time.monotonic,
            lease_s=2,
        )

    async def _dispatch(self, received: Sequence[Received[MessagesAccepted]]) -> None:
        chunks = []
        for entry in received:
            accepted = entry.value
            self._deliveries.publications.add(accepted.publication)
            messages = tuple(
                RequestedMessage(
                    one.id, one.tenant_id, one.application_id, one.event_type, one.payload, ()
                )
                for one in accepted.messages
            )
            chunk = DeliveriesRequested(
                accepted.batch_id,
                accepted.publication,
                accepted.settle_to,
                0,
                1,
                accepted.publication > 1,
                messages,
            )
            chunks.append(Publication(deliveries_requested(0), chunk))
        await self._writer.write(chunks, done=received)

    async def _deliver(self, received: Sequence[Received[DeliveriesRequested]]) -> None:
        settlements = []
        for entry in received:
            chunk = entry.value
            for message in chunk.messages:
                name = format_id(MESSAGE, message.id)
                if not chunk.redelivered or name not in self._deliveries.counts:
                    self._deliveries.counts[name] = self._deliveries.counts.get(name, 0) + 1
                    self._deliveries.times.setdefault(name, datetime.now(UTC))
            settled = SettledChunk(chunk.batch_id, chunk.publication, chunk.chunk, chunk.chunks)
            settlements.append(Publication(chunk.settle_to, DeliveriesSettled((settled,))))
        await self._writer.write(settlements, done=received)


@dataclass
class Site:
    """A migrated database with a key and an application, and a Valkey."""

    database_url: str
    redis_url: str
    token: str
    port: int
    deliveries: Deliveries = field(default_factory=Deliveries)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self) -> Settings:
        return Settings.model_validate(self._values(self.port))

    def environment(self, port: int) -> dict[str, str]:
        """For a gateway in a process of its own."""
        values = {f"ANGARIUM_{name.upper()}": str(one) for name, one in self._values(port).items()}
        return {**os.environ, **values}

    def _values(self, port: int) -> dict[str, object]:
        return {
            "database_url": self.database_url,
            "redis_url": self.redis_url,
            "encryption_key": ENCRYPTION_KEY,
            "port": port,
            "internal_port": 0,
            "drain_s": 0,
            "query_timeout_s": 0.5,
        }

    def gateway(self) -> AbstractAsyncContextManager[None]:
        """Run the gateway in this process."""
        return running(lambda: run(self.settings()))

    @asynccontextmanager
    async def services(self) -> AsyncIterator[None]:
        broker = open_broker(self.redis_url)
        await broker.connect()
        models = ServiceModels(broker, self.deliveries)
        async with running(models.dispatcher.run, models.worker.run):
            yield
        await broker.stop()

    @asynccontextmanager
    async def client(self, port: int | None = None) -> AsyncIterator["Poster"]:
        """A client, as soon as the gateway answers."""
        headers = {"authorization": f"Bearer {self.token}"}
        url = f"http://127.0.0.1:{port or self.port}"
        async with aiohttp.ClientSession(url, headers=headers) as session:
            async with asyncio.timeout(60):
                while True:
                    with suppress(aiohttp.ClientError):
                        async with session.get("/api/v1/health"):
                            break
                    await asyncio.sleep(0.05)
            yield Poster(session)

    async def open_batches(self) -> int:
        database = open_database(self.database_url)
        async with database.reading.connect() as connection:
            count = await connection.scalar(select(func.count()).select_from(batch))
        await database.close()
        return count or 0

    async def all_settled(self) -> bool:
        return await self.open_batches() == 0


class Poster:
    """Posts messages, and remembers the ids that were accepted."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.accepted: list[str] = []

    async def post_for(self, deliver_at: datetime) -> str:
        """Post one message with a time of its own."""
        posted = {"eventType": "a", "payload": {}, "deliverAt": deliver_at.isoformat()}
        async with self._session.post("/api/v1/app/acme/msg", json=posted) as answer:
            assert answer.status == 202, await answer.text()
            message_id: str = json.loads(await answer.read())["id"]
            self.accepted.append(message_id)
            return message_id

    async def cancel(self, message_id: str) -> object:
        """Cancel a message; what was answered."""
        async with self._session.post(f"/api/v1/app/acme/msg/{message_id}/cancel") as answer:
            return json.loads(await answer.read())

    async def post(self, count: int, *, at_once: int = 16) -> None:
        numbers = iter(range(count))

        async def some() -> None:
            for number in numbers:
                posted = {"eventType": "a", "payload": {"number": number}}
                async with self._session.post("/api/v1/app/acme/msg", json=posted) as answer:
                    assert answer.status == 202, await answer.text()
                    self.accepted.append(json.loads(await answer.read())["id"])

        await asyncio.gather(*[some() for _ in range(at_once)])


async def prepare(database_url: str, redis_url: str) -> Site:
    database = open_database(database_url)
    await SCHEMA.migrate(database)
    token, tenant_id = await api_key(database)
    await ApplicationCopyTable(database).learn(
        ApplicationState(b"a" * 16, tenant_id, version=1, uid="acme")
    )
    await database.close()
    return Site(database_url, redis_url, token, a_free_port())


def a_free_port() -> int:
    with bind("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
        return port


async def start_process(site: Site, port: int, **settings: str) -> asyncio.subprocess.Process:
    """A gateway as a process of its own."""
    environment = site.environment(port) | settings
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", MAIN, env=environment, stderr=asyncio.subprocess.DEVNULL
    )


async def within(seconds: float, work: Callable[[], Awaitable[object]]) -> float:
    """Carry out work; how long it took."""
    start_s = time.monotonic()
    async with asyncio.timeout(seconds):
        await work()
    return time.monotonic() - start_s
