"""The whole dispatcher against a real Valkey: what it answers, announces and dispatches."""

import asyncio
import base64
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import httpx
import pytest
from angarium_chassis.database.engine import open_database
from angarium_chassis.internal_http import bind
from angarium_chassis.process import StartRefused
from angarium_chassis.sealing import Seal
from angarium_chassis.streams.broker import open_broker, redis_of
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_contracts import configuration as wire
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.directory import (
    DirectoryChanged,
    DirectoryPage,
    DirectorySince,
    EndpointStates,
    GetEndpointStates,
)
from angarium_contracts.hot_path import (
    AcceptedMessage,
    DeliveriesRequested,
    DeliveriesSettled,
    MessagesAccepted,
    SettledChunk,
)
from angarium_contracts.ids import APPLICATION, ENDPOINT, format_id
from angarium_contracts.queries import Done, Page, Problem, ProblemCode
from angarium_contracts.stream_names import (
    DIRECTORY_CHANGED,
    DISPATCHER_QUERIES,
    DISPATCHERS,
    deliveries_requested,
    messages_accepted,
    quarantine,
)
from angarium_dispatcher.main import SCHEMA, run
from angarium_dispatcher.settings import Settings
from redis.asyncio import Redis

TENANT, BATCH = b"t" * 16, b"b" * 16
URL = "https://example.com/hook"
SETTLE_TO = "deliveries.settled:test"
SEAL = Seal(bytes(32))


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
        last: bytes | str = "0"
        async with asyncio.timeout(10):
            while len(bodies) < count:
                for _, entries in await self.redis.xread({stream: last}, block=2_000):
                    for last, fields in entries:  # noqa: B007 - the position to go on from
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
async def settings(redis_url: str, sqlite_url: str) -> Settings:
    database = open_database(sqlite_url)
    await SCHEMA.migrate(database)
    await database.close()
    return settings_for(redis_url, sqlite_url, entry_lease_s=0.6, stream_count=2)


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


@pytest.mark.usefixtures("dispatcher")
async def test_a_change_is_announced_before_it_is_answered(client: Client) -> None:
    saved = await an_application(client)
    assert saved.created
    assert saved.state.version == 1
    endpoint = await an_endpoint(client, uid="one")
    announced = await client.redis.xrange(DIRECTORY_CHANGED)
    changes = [Reader(DirectoryChanged).read(fields[b"__data__"]) for _, fields in announced]
    assert [change for change in changes if change != DirectoryChanged(0, 0)] == [
        DirectoryChanged(0, 1, (saved.state,)),
        DirectoryChanged(1, 2, (endpoint.application,), (endpoint.state,)),
    ]


@pytest.mark.usefixtures("dispatcher")
async def test_every_question_about_applications_and_endpoints_is_answered(client: Client) -> None:
    await an_application(client)
    created = await an_endpoint(client, uid="one")
    got = await client.ask(wire.GetApplication(TENANT, "acme"), wire.ApplicationSaved)
    assert got.state == created.application
    page = await client.ask(wire.ListApplications(TENANT, Page()), wire.Applications)
    assert ([one.uid for one in page.items], page.done) == (["acme"], True)
    await client.ask(wire.PatchApplication(TENANT, "acme", name="New"), wire.ApplicationSaved)
    await client.ask(wire.UpdateApplication(TENANT, "acme", "Newer"), wire.ApplicationSaved)

    ref = format_id(ENDPOINT, created.endpoint.id)
    endpoint = await client.ask(wire.GetEndpoint(TENANT, "acme", ref), wire.EndpointSaved)
    assert endpoint.endpoint == created.endpoint
    assert endpoint.state == created.state
    endpoints = await client.ask(wire.ListEndpoints(TENANT, "acme", Page()), wire.Endpoints)
    assert [one.id for one in endpoints.items] == [created.endpoint.id]
    await client.ask(wire.PatchEndpoint(TENANT, "acme", "one", disabled=True), wire.EndpointSaved)
    await client.ask(wire.UpdateEndpoint(TENANT, "acme", "one", URL), wire.EndpointSaved)
    secret = await client.ask(wire.GetEndpointSecret(TENANT, "acme", "one"), wire.EndpointSecret)
    assert SEAL.open(secret.sealed_secret, secret.endpoint_id).startswith(b"whsec_")
    assert secret.sealed_secret == created.state.secrets[0]

    states = await client.ask(GetEndpointStates((created.endpoint.id, b"x" * 16)), EndpointStates)
    assert [one.id for one in states.endpoints] == [created.endpoint.id]
    directory = await client.ask(DirectorySince(0), DirectoryPage)
    assert (directory.version, directory.done) == (6, True)
    assert directory.endpoints == states.endpoints

    gone = await client.ask(wire.DeleteEndpoint(TENANT, "acme", "one"), wire.EndpointDeleted)
    assert gone.application.version == 7
    tombstone = await client.ask(wire.DeleteApplication(TENANT, "acme"), wire.ApplicationDeleted)
    assert tombstone.state.deleted


@pytest.mark.usefixtures("dispatcher")
async def test_every_question_about_event_types_is_answered(client: Client) -> None:
    schemas = b'{"1": {}}'
    created = await client.ask(
        wire.CreateEventType(TENANT, "a.b", "text", schemas=schemas), wire.EventTypeSaved
    )
    assert created.created
    await client.ask(wire.UpdateEventType(TENANT, "a.b", "t", schemas=schemas), wire.EventTypeSaved)
    await client.ask(wire.PatchEventType(TENANT, "a.b", deprecated=True), wire.EventTypeSaved)
    got = await client.ask(wire.GetEventType(TENANT, "a.b"), wire.EventTypeSaved)
    assert (got.event_type.deprecated, got.event_type.schemas) == (True, schemas)
    without = await client.ask(wire.ListEventTypes(TENANT, Page()), wire.EventTypes)
    assert [one.schemas for one in without.items] == [None]
    full = await client.ask(wire.ListEventTypes(TENANT, Page(), with_content=True), wire.EventTypes)
    assert full.items == (got.event_type,)
    await client.ask(wire.DeleteEventType(TENANT, "a.b"), Done)
    assert (await client.ask(wire.ListEventTypes(TENANT, Page()), wire.EventTypes)).items == ()


@pytest.mark.usefixtures("dispatcher")
async def test_refusals_are_problems_that_name_the_member(client: Client) -> None:
    await an_application(client)
    taken = await client.ask(wire.CreateApplication(TENANT, "Acme", "acme"), Problem)
    assert (taken.code, taken.field) == (ProblemCode.CONFLICT, "uid")
    assert "acme" in taken.detail
    unknown = format_id(APPLICATION, b"x" * 16)
    missing = await client.ask(wire.GetApplication(TENANT, unknown), Problem)
    assert (missing.code, missing.field) == (ProblemCode.NOT_FOUND, None)
    invalid = await client.ask(wire.CreateEndpoint(TENANT, "acme", "http://example.com/"), Problem)
    assert (invalid.code, invalid.field) == (ProblemCode.INVALID, "url")
    page = Page(iterator="nonsense")
    unreadable = await client.ask(wire.ListApplications(TENANT, page), Problem)
    assert (unreadable.code, unreadable.field) == (ProblemCode.INVALID, "iterator")
    sealed = Seal(b"k" * 32).close(b"whsec_", TENANT)
    foreign = await client.ask(
        wire.CreateEndpoint(TENANT, "acme", URL, sealed_secret=sealed), Problem
    )
    assert foreign.code == ProblemCode.UNAVAILABLE
    assert "ANGARIUM_ENCRYPTION_KEY" in foreign.detail


@pytest.mark.usefixtures("dispatcher")
async def test_an_accepted_batch_becomes_chunks_for_the_endpoints_that_want_it(
    client: Client,
) -> None:
    await an_application(client)
    wants_all = await an_endpoint(client)
    wants_some = await an_endpoint(client, event_types=("a.b",))
    await an_endpoint(client, disabled=True)
    both, one = a_message(wants_some, "a.b"), a_message(wants_some, "other")
    await client.accept(a_batch(both, one), stream=1)
    (chunk,) = await client.entries(deliveries_requested(1), DeliveriesRequested, 1)
    assert (chunk.batch_id, chunk.publication, chunk.settle_to) == (BATCH, 1, SETTLE_TO)
    assert (chunk.chunk, chunk.chunks, chunk.redelivered) == (0, 1, False)
    assert [message.id for message in chunk.messages] == [both.id, one.id]
    assert [
        [delivery.endpoint_id for delivery in message.deliveries] for message in chunk.messages
    ] == [[wants_all.endpoint.id, wants_some.endpoint.id], [wants_all.endpoint.id]]
    assert await client.redis.xlen(messages_accepted(1)) == 0


@pytest.mark.usefixtures("dispatcher")
async def test_a_change_counts_for_the_next_message(client: Client) -> None:
    await an_application(client)
    endpoint = await an_endpoint(client, uid="one")
    await client.accept(a_batch(a_message(endpoint)))
    (chunk,) = await client.entries(deliveries_requested(0), DeliveriesRequested, 1)
    assert chunk.messages[0].deliveries[0].endpoint_version == 2
    await client.ask(wire.PatchEndpoint(TENANT, "acme", "one", disabled=True), wire.EndpointSaved)
    await client.accept(a_batch(a_message(endpoint)))
    (settled,) = await client.entries(SETTLE_TO, DeliveriesSettled, 1)
    assert settled.settled == (SettledChunk(BATCH, 1, 0, 0),)


@pytest.mark.usefixtures("dispatcher")
async def test_a_batch_that_nobody_wants_is_settled_and_its_stream_expires(client: Client) -> None:
    saved = await an_application(client)
    await client.accept(a_batch(a_message(saved), publication=3))
    (settled,) = await client.entries(SETTLE_TO, DeliveriesSettled, 1)
    assert settled.settled == (SettledChunk(BATCH, 3, 0, 0),)
    assert 0 < await client.redis.ttl(SETTLE_TO) <= 3_600
    assert await client.redis.exists(deliveries_requested(0)) == 0


@pytest.mark.usefixtures("dispatcher")
async def test_messages_of_unknown_and_deleted_applications_have_no_recipients(
    client: Client,
) -> None:
    await an_application(client)
    endpoint = await an_endpoint(client)
    await client.ask(wire.DeleteApplication(TENANT, "acme"), wire.ApplicationDeleted)
    unknown = AcceptedMessage(b"m" * 16, TENANT, b"x" * 16, 1, "a.b", b"{}")
    await client.accept(a_batch(a_message(endpoint)), a_batch(unknown))
    assert len(await client.entries(SETTLE_TO, DeliveriesSettled, 2)) == 2


@pytest.mark.usefixtures("dispatcher")
async def test_a_batch_published_again_is_flagged_redelivered(client: Client) -> None:
    await an_application(client)
    endpoint = await an_endpoint(client)
    await client.accept(a_batch(a_message(endpoint), publication=2))
    (chunk,) = await client.entries(deliveries_requested(0), DeliveriesRequested, 1)
    assert (chunk.publication, chunk.redelivered) == (2, True)


async def test_a_batch_that_a_dead_dispatcher_left_is_flagged_redelivered(
    client: Client, settings: Settings
) -> None:
    async with running(lambda: run(settings)):
        await an_application(client)
        endpoint = await an_endpoint(client)
    stream = messages_accepted(0)
    await client.accept(a_batch(a_message(endpoint)))
    await client.redis.xreadgroup(DISPATCHERS, "dead", {stream: ">"})
    async with running(lambda: run(settings)):
        (chunk,) = await client.entries(deliveries_requested(0), DeliveriesRequested, 1)
    assert (chunk.publication, chunk.redelivered) == (1, True)


@pytest.mark.usefixtures("dispatcher")
async def test_an_entry_of_an_unknown_version_is_quarantined_and_the_stream_goes_on(
    client: Client,
) -> None:
    class FromTheFuture(Contract, frozen=True, tag="messages.accepted/99"):
        """What a newer gateway might send."""

        batch_id: bytes

    saved = await an_application(client)
    future = Publication(messages_accepted(0), FromTheFuture(BATCH))
    await client.writer.write([future])
    await client.accept(a_batch(a_message(saved)))
    await client.entries(SETTLE_TO, DeliveriesSettled, 1)
    ((_, poison),) = await client.redis.xrange(quarantine("dispatcher"))
    assert b"messages.accepted/99" in poison[b"reason"]
    assert b"messages.accepted/99" in poison[b"body"]


@pytest.mark.usefixtures("dispatcher")
async def test_a_fan_out_of_large_payloads_is_written_in_parts_and_loses_nothing(
    client: Client,
) -> None:
    await an_application(client)
    saved = None
    for _ in range(12):
        saved = await an_endpoint(client)
    assert saved is not None
    large = [
        AcceptedMessage(
            number.to_bytes(16), TENANT, saved.application.id, saved.application.version, "a.b",
            b'"' + b"x" * 900_000 + b'"',
        )
        for number in range(8)
    ]  # fmt: skip
    await client.accept(a_batch(*large))
    chunks = await client.entries(deliveries_requested(0), DeliveriesRequested, 8)
    assert [(chunk.chunk, chunk.chunks) for chunk in chunks] == [(n, 8) for n in range(8)]
    carried = [
        (message.id, delivery.endpoint_id)
        for chunk in chunks
        for message in chunk.messages
        for delivery in message.deliveries
    ]
    assert len(carried) == len(set(carried)) == 96


async def test_readiness_and_metrics_stand_on_the_internal_port(
    client: Client, settings: Settings
) -> None:
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    settings = settings.model_copy(update={"internal_port": port})
    async with running(lambda: run(settings)):
        saved = await an_application(client)
        await client.accept(a_batch(a_message(saved)))
        await client.entries(SETTLE_TO, DeliveriesSettled, 1)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            ready = await http.get("/ready")
            metrics = await http.get("/metrics")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "problems": {}})
    for name in ("messages_dispatched", "batches_without_recipients", "cache_misses"):
        assert f"angarium_dispatcher_{name}_total" in metrics.text


async def test_it_refuses_to_start_without_its_schema(redis_url: str, sqlite_url: str) -> None:
    with pytest.raises(StartRefused, match="angarium migrate dispatcher"):
        await run(settings_for(redis_url, sqlite_url))


async def test_it_refuses_to_start_on_a_taken_port_and_names_the_setting(
    settings: Settings,
) -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartRefused, match="ANGARIUM_INTERNAL_PORT"):
            await run(settings.model_copy(update={"internal_port": port}))


async def test_it_refuses_to_start_with_a_bad_encryption_key(
    redis_url: str, sqlite_url: str
) -> None:
    with pytest.raises(StartRefused, match="ANGARIUM_ENCRYPTION_KEY") as refused:
        await run(settings_for(redis_url, sqlite_url, encryption_key="c2hvcnQ="))
    assert "c2hvcnQ" not in str(refused.value)


async def test_it_stays_up_without_redis_and_says_so(settings: Settings) -> None:
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    away = settings_for(
        "redis://127.0.0.1:1/0", settings.database_url.get_secret_value(), internal_port=port
    )
    async with (
        running(lambda: run(away)),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
        asyncio.timeout(10),
    ):
        while True:
            with suppress(httpx.ConnectError):
                ready = await http.get("/ready")
                break
    assert ready.status_code == 503
    assert set(ready.json()["problems"]) == {"queries", "messages"}
