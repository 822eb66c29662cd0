"""The official Svix SDK against a gateway and a dispatcher as they run, and a real Valkey."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import angarium_dispatcher.main as dispatcher
import angarium_gateway.main as gateway
import httpx
import pytest
from angarium_chassis.database.engine import open_database
from angarium_chassis.database.schema import Schema
from angarium_chassis.internal_http import bind
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_server import QueryServer
from angarium_contracts.attempts import (
    Attempt,
    AttemptFound,
    Attempts,
    AttemptStatus,
    AttemptTrigger,
    GetAttempt,
    ListAttemptsByEndpoint,
    ListAttemptsByMessage,
)
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.ids import ATTEMPT, ENDPOINT, MESSAGE, format_id, parse_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.stream_names import WORKER_QUERIES, WORKERS
from angarium_dispatcher.adapters.database.schema import SCHEMA as DISPATCHER_SCHEMA
from angarium_dispatcher.settings import Settings as DispatcherSettings
from angarium_gateway.adapters.database.schema import SCHEMA as GATEWAY_SCHEMA
from angarium_gateway.administration.api_keys import (
    AccessAdministration,
    NewApiKey,
    ensure_tenant,
)
from angarium_gateway.settings import Settings as GatewaySettings
from angarium_signing import PrivateKey
from svix.api import (
    ApplicationIn,
    ApplicationListOptions,
    ApplicationPatch,
    EndpointHeadersIn,
    EndpointHeadersPatchIn,
    EndpointIn,
    EndpointPatch,
    EndpointSecretRotateIn,
    EndpointUpsertIn,
    EventTypeIn,
    EventTypeListOptions,
    EventTypePatch,
    EventTypeUpsertIn,
    MessageAttemptListByEndpointOptions,
    MessageAttemptListByMsgOptions,
    MessageIn,
    MessageListOptions,
    OperationalWebhookEndpointListOptions,
    SvixAsync,
    SvixOptions,
)
from svix.exceptions import HttpError, HTTPValidationError
from svix.models import (
    OperationalWebhookEndpointHeadersIn,
    OperationalWebhookEndpointIn,
    OperationalWebhookEndpointSecretIn,
    OperationalWebhookEndpointUpsertIn,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


type Question = ListAttemptsByMessage | ListAttemptsByEndpoint | GetAttempt

QUESTIONS: Reader[Question] = Reader(ListAttemptsByMessage, ListAttemptsByEndpoint, GetAttempt)


@dataclass
class ScriptedWorker:
    """Answers for the worker, which these tests do without."""

    attempts: list[Attempt] = field(default_factory=list)

    async def answer(self, question: Question) -> Contract:
        match question:
            case ListAttemptsByMessage(message_id=message_id):
                return self._list(lambda item: item.message_id == message_id)
            case ListAttemptsByEndpoint(endpoint_id=endpoint_id):
                return self._list(lambda item: item.endpoint_id == endpoint_id)
            case GetAttempt(attempt_id=attempt_id):
                for item in self.attempts:
                    if item.id == attempt_id:
                        return AttemptFound(item)
                return Problem(ProblemCode.NOT_FOUND, "there is no such attempt", "attempt_id")

    def _list(self, wanted: Callable[[Attempt], bool]) -> Attempts:
        return Attempts(items=tuple(filter(wanted, self.attempts)), done=True)


@dataclass
class Platform:
    url: str
    token: str
    other_token: str
    worker: ScriptedWorker

    def sdk(self, token: str | None = None) -> SvixAsync:
        return SvixAsync(token or self.token, SvixOptions(server_url=self.url))


@asynccontextmanager
async def running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def a_free_port() -> int:
    with bind("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
        return port


@asynccontextmanager
async def answering_for_the_worker(redis_url: str, worker: ScriptedWorker) -> AsyncIterator[None]:
    broker = open_broker(redis_url)
    await broker.connect()
    server = QueryServer(
        broker,
        stream=WORKER_QUERIES,
        group=WORKERS,
        consumer="scripted",
        questions=QUESTIONS,
        answer=worker.answer,
        quarantine=Quarantine(broker, "worker"),
        clock_ms=lambda: time.time_ns() // 1_000_000,
        clock_s=time.monotonic,
    )
    async with running(server.run):
        yield
    await broker.stop()


type CopyMigrated = Callable[[Schema, Path], Awaitable[str]]


async def prepared_databases(
    copy_migrated: CopyMigrated, folder: Path
) -> tuple[str, str, list[str]]:
    """URLs of the gateway's and the dispatcher's database, and a key of each of two tenants."""
    gateway_url, dispatcher_url = [
        await copy_migrated(schema, folder / f"{schema.service}.db")
        for schema in (GATEWAY_SCHEMA, DISPATCHER_SCHEMA)
    ]
    database = open_database(gateway_url)
    access = AccessAdministration.of(database)
    tenants = [await ensure_tenant(access, name) for name in ("one", "two")]
    new = NewApiKey(name="test")
    tokens = [(await access.keys.create(tenant.id, new)).token for tenant in tenants]
    await database.close()
    return gateway_url, dispatcher_url, tokens


async def until_it_answers(url: str) -> None:
    transport = httpx.AsyncHTTPTransport(retries=50)
    async with asyncio.timeout(20), httpx.AsyncClient(transport=transport) as client:
        assert (await client.get(f"{url}/api/v1/health")).status_code == 204


@pytest.fixture
async def platform(
    redis_url: str, copy_migrated: CopyMigrated, tmp_path: Path
) -> AsyncIterator[Platform]:
    gateway_url, dispatcher_url, tokens = await prepared_databases(copy_migrated, tmp_path)
    port = a_free_port()
    shared = {
        "redis_url": redis_url,
        "encryption_key": base64.b64encode(bytes(32)).decode(),
        "internal_port": 0,
    }
    dispatcher_settings = DispatcherSettings.model_validate(
        {
            **shared,
            "database_url": dispatcher_url,
            "allow_http_endpoints": True,
            "egress_allowed_networks": "127.0.0.0/8",
        }
    )
    gateway_settings = GatewaySettings.model_validate(
        {**shared, "database_url": gateway_url, "port": port, "drain_s": 0}
    )
    worker = ScriptedWorker()
    async with (
        running(lambda: dispatcher.run(dispatcher_settings)),
        answering_for_the_worker(redis_url, worker),
        running(lambda: gateway.run(gateway_settings)),
    ):
        url = f"http://127.0.0.1:{port}"
        await until_it_answers(url)
        yield Platform(url, tokens[0], tokens[1], worker)


async def test_applications_live_their_whole_life(platform: Platform) -> None:
    applications = platform.sdk().application
    made = await applications.create(ApplicationIn(name="Acme", uid="acme", metadata={"a": "b"}))
    assert (made.name, made.uid, made.metadata) == ("Acme", "acme", {"a": "b"})
    assert datetime.now(UTC) - made.created_at < timedelta(minutes=1)
    again = await applications.get_or_create(ApplicationIn(name="Other", uid="acme"))
    assert (again.id, again.name) == (made.id, "Acme")
    for ref in (made.id, "acme"):
        assert (await applications.get(ref)).id == made.id
    patched = await applications.patch("acme", ApplicationPatch(name="Acme Ltd"))
    assert (patched.name, patched.metadata) == ("Acme Ltd", {"a": "b"})
    put = await applications.upsert("globex", ApplicationIn(name="Globex", throttle_rate=5))
    assert (put.uid, put.throttle_rate) == ("globex", 5)
    first = await applications.list(ApplicationListOptions(limit=1))
    rest = await applications.list(ApplicationListOptions(limit=1, iterator=first.iterator))
    assert [item.uid for item in (*first.data, *rest.data)] == ["acme", "globex"]
    assert (first.done, rest.done) == (False, True)
    await applications.delete("acme")
    with pytest.raises(HttpError) as refused:
        await applications.get("acme")
    assert (refused.value.status_code, refused.value.code) == (404, "not_found")


async def test_endpoints_live_their_whole_life(platform: Platform) -> None:
    sdk = platform.sdk()
    await sdk.application.create(ApplicationIn(name="Acme", uid="acme"))
    made = await sdk.endpoint.create(
        "acme",
        EndpointIn(
            url="https://example.com/hook",
            uid="orders",
            secret=SECRET,
            event_types=["invoice.paid"],
            channels=["eu"],
        ),
    )
    assert (made.uid, made.event_types, made.channels) == ("orders", ["invoice.paid"], ["eu"])
    assert (await sdk.endpoint.get_secret("acme", "orders")).key == SECRET
    other = await sdk.endpoint.create("acme", EndpointIn(url="http://127.0.0.1:9/hook"))
    assert (await sdk.endpoint.get_secret("acme", other.id)).key.startswith("whsec_")
    put = await sdk.endpoint.upsert("acme", "orders", EndpointUpsertIn(url="https://e.com/new"))
    assert (put.id, put.url, put.event_types) == (made.id, "https://e.com/new", None)
    patched = await sdk.endpoint.patch("acme", made.id, EndpointPatch(disabled=True))
    assert (patched.disabled, patched.url) == (True, "https://e.com/new")
    listed = await sdk.endpoint.list("acme")
    assert [item.id for item in listed.data] == [other.id, made.id]
    await sdk.endpoint.delete("acme", "orders")
    with pytest.raises(HttpError) as refused:
        await sdk.endpoint.get("acme", "orders")
    assert refused.value.status_code == 404


async def test_an_address_that_may_not_be_reached_is_refused_at_the_url(
    platform: Platform,
) -> None:
    sdk = platform.sdk()
    await sdk.application.create(ApplicationIn(name="Acme", uid="acme"))
    await sdk.endpoint.create("acme", EndpointIn(url="https://e.com/", uid="orders"))
    url, operational = "https://192.168.0.1/hook", sdk.operational_webhook.endpoint
    for request in (
        sdk.endpoint.create("acme", EndpointIn(url=url)),
        sdk.endpoint.upsert("acme", "orders", EndpointUpsertIn(url=url)),
        sdk.endpoint.patch("acme", "orders", EndpointPatch(url=url)),
        operational.create(OperationalWebhookEndpointIn(url=url)),
    ):
        with pytest.raises(HTTPValidationError) as invalid:
            await request
        (fault,) = invalid.value.detail
        assert fault.loc == ["body", "url"]
        assert "192.168.0.1 is not allowed: private. Use a public address" in fault.msg


async def test_headers_are_set_patched_and_read_without_their_secrets(platform: Platform) -> None:
    endpoints = platform.sdk().endpoint
    await platform.sdk().application.create(ApplicationIn(name="Acme", uid="acme"))
    first = {"X-Example": "1", "Authorization": "Bearer abc"}
    await endpoints.create("acme", EndpointIn(url="https://e.com", uid="orders", headers=first))
    read = await endpoints.get_headers("acme", "orders")
    assert (read.headers, read.sensitive) == ({"X-Example": "1"}, ["Authorization"])
    await endpoints.set_headers("acme", "orders", EndpointHeadersIn(headers={"X-A": "1"}))
    patch = EndpointHeadersPatchIn(headers={"X-B": "2"})
    await endpoints.patch_headers("acme", "orders", patch)
    assert (await endpoints.get_headers("acme", "orders")).headers == {"X-A": "1", "X-B": "2"}
    with pytest.raises(HTTPValidationError) as invalid:
        await endpoints.set_headers("acme", "orders", EndpointHeadersIn(headers={"Host": "evil"}))
    assert invalid.value.detail[0].loc == ["body", "headers", "Host"]
    assert "set by Angarium" in invalid.value.detail[0].msg


async def test_secrets_are_rotated(platform: Platform) -> None:
    endpoints = platform.sdk().endpoint
    await platform.sdk().application.create(ApplicationIn(name="Acme", uid="acme"))
    await endpoints.create("acme", EndpointIn(url="https://e.com", uid="orders"))
    before = (await endpoints.get_secret("acme", "orders")).key
    made = (await endpoints.rotate_secret("acme", "orders", EndpointSecretRotateIn())).key
    assert (await endpoints.get_secret("acme", "orders")).key == made
    assert made.startswith("whsec_")
    assert made != before
    await endpoints.rotate_secret("acme", "orders", EndpointSecretRotateIn(key=SECRET))
    assert (await endpoints.get_secret("acme", "orders")).key == SECRET
    private = PrivateKey(b"k" * 32)
    key = EndpointSecretRotateIn(key=private.reveal())
    await endpoints.rotate_secret("acme", "orders", key)
    assert (await endpoints.get_secret("acme", "orders")).key == private.public_key.text
    bad = EndpointSecretRotateIn(key="whsk_" + base64.b64encode(bytes(40)).decode())
    with pytest.raises(HTTPValidationError) as invalid:
        await endpoints.rotate_secret("acme", "orders", bad)
    assert invalid.value.detail[0].loc == ["body", "key"]


async def test_event_types_live_their_whole_life(platform: Platform) -> None:
    types = platform.sdk().event_type
    schemas = {"1": {"type": "object"}}
    made = await types.create(EventTypeIn(name="user.signup", description="d", schemas=schemas))
    assert (made.name, made.schemas, made.deprecated) == ("user.signup", schemas, False)
    assert (await types.get("user.signup")).description == "d"
    put = await types.upsert("user.signup", EventTypeUpsertIn(description="e"))
    assert (put.description, put.schemas) == ("e", None)
    patched = await types.patch("user.signup", EventTypePatch(deprecated=True))
    assert (patched.description, patched.deprecated) == ("e", True)
    await types.delete("user.signup")
    assert (await types.list()).data == []
    archived = await types.list(EventTypeListOptions(include_archived=True, with_content=True))
    assert [(item.name, item.archived) for item in archived.data] == [("user.signup", True)]


async def test_messages_are_posted_listed_and_read(platform: Platform) -> None:
    sdk = platform.sdk()
    await sdk.application.create(ApplicationIn(name="Acme", uid="acme"))
    posted = []
    for number in range(3):
        message = MessageIn(
            event_type="invoice.paid",
            event_id=f"evt-{number}",
            payload={"number": number},
            channels=["eu"] if number else None,
        )
        posted.append(await sdk.message.create("acme", message))
    first = await sdk.message.list("acme", MessageListOptions(limit=2, with_content=True))
    assert [item.payload["number"] for item in first.data] == [2, 1]
    rest = await sdk.message.list("acme", MessageListOptions(limit=2, iterator=first.iterator))
    assert ([item.event_id for item in rest.data], rest.done) == (["evt-0"], True)
    assert rest.data[0].payload == {}
    chosen = MessageListOptions(
        channel="eu", event_types=["invoice.paid", "x"], after=posted[1].timestamp
    )
    assert [item.event_id for item in (await sdk.message.list("acme", chosen)).data] == ["evt-2"]
    for ref in (posted[0].id, "evt-0"):
        found = await sdk.message.get("acme", ref)
        assert (found.id, found.timestamp) == (posted[0].id, posted[0].timestamp)


async def test_attempts_are_read_by_message_by_endpoint_and_one(platform: Platform) -> None:
    sdk = platform.sdk()
    await sdk.application.create(ApplicationIn(name="Acme", uid="acme"))
    endpoint = await sdk.endpoint.create("acme", EndpointIn(url="https://e.com", uid="orders"))
    message = await sdk.message.create(
        "acme", MessageIn(event_type="invoice.paid", event_id="evt", payload={})
    )
    message_id, endpoint_id = parse_id(MESSAGE, message.id), parse_id(ENDPOINT, endpoint.id)
    assert message_id is not None
    assert endpoint_id is not None
    attempt = Attempt(
        id=b"\x01" * 16,
        message_id=message_id,
        endpoint_id=endpoint_id,
        event_type="invoice.paid",
        url="https://e.com/",
        number=1,
        status=AttemptStatus.SUCCESS,
        trigger=AttemptTrigger.SCHEDULED,
        response_status=200,
        response="ok",
        duration_ms=3,
        ended_at=datetime.now(UTC),
    )
    platform.worker.attempts.append(attempt)
    attempts = sdk.message_attempt
    by_message = await attempts.list_by_msg(
        "acme", "evt", MessageAttemptListByMsgOptions(endpoint_id="orders")
    )
    by_endpoint = await attempts.list_by_endpoint(
        "acme", "orders", MessageAttemptListByEndpointOptions(with_msg=True)
    )
    one = await attempts.get("acme", message.id, format_id(ATTEMPT, attempt.id))
    for item in (*by_message.data, *by_endpoint.data, one):
        assert (item.msg_id, item.endpoint_id) == (message.id, endpoint.id)
        assert (item.response_status_code, item.status_text) == (200, "success")
    assert by_endpoint.data[0].msg is not None
    assert by_endpoint.data[0].msg.event_id == "evt"


async def test_a_tenant_sees_nothing_of_another(platform: Platform) -> None:
    await platform.sdk().application.create(ApplicationIn(name="Acme", uid="acme"))
    made = await platform.sdk().endpoint.create("acme", EndpointIn(url="https://e.com"))
    posted = await platform.sdk().message.create("acme", MessageIn(event_type="a", payload={}))
    other = platform.sdk(platform.other_token)
    assert (await other.application.list()).data == []
    for attempt in (
        other.application.get("acme"),
        other.endpoint.get_secret("acme", made.id),
        other.message.get("acme", posted.id),
        other.message_attempt.list_by_msg("acme", posted.id),
        other.message_attempt.list_by_endpoint("acme", made.id),
    ):
        with pytest.raises(HttpError) as refused:
            await attempt
        assert refused.value.status_code == 404


async def test_refusals_are_what_the_sdk_reads(platform: Platform) -> None:
    sdk = platform.sdk()
    await sdk.health.get()
    with pytest.raises(HttpError) as refused:
        await platform.sdk("ang_unknown").application.list()
    assert (refused.value.status_code, refused.value.code) == (401, "authentication_failed")
    await sdk.application.create(ApplicationIn(name="Acme", uid="acme"))
    with pytest.raises(HttpError) as refused:
        await sdk.application.create(ApplicationIn(name="Acme", uid="acme"))
    assert (refused.value.status_code, refused.value.code) == (409, "conflict")
    with pytest.raises(HTTPValidationError) as invalid:
        await sdk.endpoint.create("acme", EndpointIn(url="ftp://example.com"))
    fault = invalid.value.detail[0]
    assert fault.loc == ["body", "url"]
    assert "https://" in fault.msg


async def test_a_repeated_post_is_answered_from_the_database(platform: Platform) -> None:
    headers = {"authorization": f"Bearer {platform.token}", "idempotency-key": "once"}
    async with httpx.AsyncClient(base_url=platform.url, headers=headers) as client:
        first, again = [await client.post("/api/v1/app/", json={"name": "Acme"}) for _ in range(2)]
        other = await client.post("/api/v1/app/", json={"name": "Other"})
        assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
        assert first.json() == again.json()
        listed = await client.get("/api/v1/app")
    assert len(listed.json()["data"]) == 1


async def test_operational_endpoints_live_their_whole_life(platform: Platform) -> None:
    endpoints = platform.sdk().operational_webhook.endpoint
    assert (await endpoints.list()).data == []
    with pytest.raises(HttpError) as refused:
        await endpoints.get("mine")
    assert refused.value.status_code == 404
    made = await endpoints.create(
        OperationalWebhookEndpointIn(
            url="https://example.com/operations",
            uid="mine",
            secret=SECRET,
            event_types=["endpoint.disabled", "message.attempt.exhausted"],
            headers={"X-A": "1"},
        )
    )
    assert (made.uid, made.disabled) == ("mine", False)
    assert made.event_types == ["endpoint.disabled", "message.attempt.exhausted"]
    assert (await endpoints.get_secret("mine")).key == SECRET
    assert (await endpoints.get_headers(made.id)).headers == {"X-A": "1"}
    await endpoints.set_headers("mine", OperationalWebhookEndpointHeadersIn(headers={"X-B": "2"}))
    assert (await endpoints.get_headers("mine")).headers == {"X-B": "2"}
    await endpoints.rotate_secret("mine", OperationalWebhookEndpointSecretIn())
    assert (await endpoints.get_secret("mine")).key not in ("", SECRET)
    put = await endpoints.upsert(
        "mine", OperationalWebhookEndpointUpsertIn(url="https://e.com/new", description="d")
    )
    assert (put.id, put.url, put.event_types) == (made.id, "https://e.com/new", None)
    other = await endpoints.upsert(
        "yours", OperationalWebhookEndpointUpsertIn(url="https://e.com/other")
    )
    listed = await endpoints.list(OperationalWebhookEndpointListOptions(limit=5))
    assert [item.id for item in listed.data] == [other.id, made.id]
    assert (await platform.sdk().application.list()).data == []
    assert (await platform.sdk(platform.other_token).operational_webhook.endpoint.list()).data == []
    await endpoints.delete(made.id)
    assert [item.id for item in (await endpoints.list()).data] == [other.id]


async def test_a_message_is_posted_for_later(platform: Platform) -> None:
    sdk = platform.sdk()
    await sdk.application.create(ApplicationIn(name="Acme", uid="acme"))
    at = datetime.now(UTC) + timedelta(days=2)
    message = MessageIn(event_type="invoice.paid", payload={"a": 1}, deliver_at=at)
    made = await sdk.message.create("acme", message)
    assert made.deliver_at == at
    assert (await sdk.message.get("acme", made.id)).deliver_at == at
    late = MessageIn(event_type="a", payload={}, deliver_at=at + timedelta(days=29))
    with pytest.raises(HTTPValidationError) as invalid:
        await sdk.message.create("acme", late)
    assert invalid.value.detail[0].loc == ["body", "deliverAt"]
    assert "30 days" in invalid.value.detail[0].msg
