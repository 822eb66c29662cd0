"""The port `Destination`: one suite over webhooks and streams, with real receivers."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest
from angarium_signing import SigningSecret, verify
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.redis_stream import StreamDestination
from angarium_worker.adapters.destinations.webhook import WebhookDestination, WebhookSender
from angarium_worker.application.destinations.destination import (
    Destination,
    DestinationOptions,
    OptionsUnusable,
    OutgoingDelivery,
)
from angarium_worker.domain.attempt_result import (
    Accepted,
    AttemptResult,
    FailureReason,
    NotAttempted,
    Rejected,
    Rejection,
    Throttled,
    Unreachable,
)
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import binary, sampled_from
from msgspec import structs
from redis.asyncio import Redis

SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()
PASSWORD = "hunter2-of-the-customer"
NOW_S = 1_700_000_000
PAYLOAD = b'{"a": "\r\n\x00\xff", "b": 1}'
LOOPBACK = EgressRules.parse(["127.0.0.0/8"])


@dataclass
class Arrived:
    """What a receiver got."""

    payload: bytes
    headers: Mapping[str, str]


class Stage(Protocol):
    """A kind of destination with a receiver that behaves as a URL says."""

    arrived: list[Arrived]

    def destination(self, rules: EgressRules = LOOPBACK) -> Destination[Any]: ...

    def url(self, behaviour: str) -> str:
        """Of `accepts`, `rejects` or `throttles`."""
        ...

    def url_at(self, port: int) -> str:
        """Of a server at this port of loopback."""
        ...

    async def take_in(self) -> None:
        """Put what the receiver got into `arrived`."""
        ...

    async def drop_connections(self) -> None:
        """Close what the receiver has open."""
        ...

    async def close(self) -> None: ...


@dataclass
class WebhookStage:
    """Implements `Stage` by a server that answers by path."""

    arrived: list[Arrived] = field(default_factory=list)
    _senders: list[WebhookSender] = field(default_factory=list)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def destination(self, rules: EgressRules = LOOPBACK) -> Destination[Any]:
        sender = WebhookSender(
            rules, client_tls_context(), user_agent="Angarium/test", allow_http=True
        )
        self._senders.append(sender)
        return WebhookDestination(sender)

    def url(self, behaviour: str) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/{behaviour}"

    def url_at(self, port: int) -> str:
        return f"http://127.0.0.1:{port}/"

    async def take_in(self) -> None:
        """They are in already."""

    async def drop_connections(self) -> None:
        for writer in self._writers:
            writer.close()

    async def close(self) -> None:
        for sender in self._senders:
            await sender.aclose()
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                start, *lines = head.strip().split("\r\n")
                pairs = (line.split(": ", 1) for line in lines)
                headers = {name.lower(): value for name, value in pairs}
                body = await reader.readexactly(int(headers["content-length"]))
                path = start.split(" ")[1]
                if path == "/accepts":
                    self.arrived.append(Arrived(body, headers))
                answer = {"/accepts": "204 X", "/rejects": "400 X"}.get(
                    path, "429 X\r\nretry-after: 7"
                )
                writer.write(f"HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@dataclass
class StreamStage:
    """Implements `Stage` by a real server: it rejects where the key is no stream, and throttles
    while it is out of memory."""

    redis: Redis
    port: int
    arrived: list[Arrived] = field(default_factory=list)
    _made: list[tuple[StreamDestination, WebhookSender]] = field(default_factory=list)

    async def start(self) -> None:
        await self.redis.set("rejects", "not a stream")

    def destination(self, rules: EgressRules = LOOPBACK) -> Destination[Any]:
        sender = WebhookSender(rules, client_tls_context(), user_agent="Angarium/test")
        destination = StreamDestination(rules, sender.dialler)
        self._made.append((destination, sender))
        return destination

    def url(self, behaviour: str) -> str:
        return f"redis+stream://127.0.0.1:{self.port}/0/{behaviour}"

    def url_at(self, port: int) -> str:
        return f"redis+stream://127.0.0.1:{port}/0/orders"

    async def take_in(self) -> None:
        entries: Any = await self.redis.xrange("accepts")
        for _, entry in entries:
            headers = {name.decode(): value for name, value in entry.items()}
            payload = headers.pop("payload")
            texts = {name: value.decode() for name, value in headers.items()}
            self.arrived.append(Arrived(payload, texts))

    async def drop_connections(self) -> None:
        await self.redis.client_kill_filter(_type="normal", skipme=True)

    async def close(self) -> None:
        for destination, sender in self._made:
            await destination.aclose()
            await sender.aclose()


@pytest.fixture(params=["webhook", "stream"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as closing:
        made: WebhookStage | StreamStage
        if request.param == "webhook":
            made = WebhookStage()
        else:
            redis, port = await _valkey(request, closing)
            made = StreamStage(redis, port)
        await made.start()
        closing.push_async_callback(made.close)
        yield made


async def _valkey(request: pytest.FixtureRequest, closing: AsyncExitStack) -> tuple[Redis, int]:
    server = request.getfixturevalue("valkey")
    redis = await closing.enter_async_context(Redis.from_url(server.url))
    await redis.flushall()
    return redis, redis.connection_pool.connection_kwargs["port"]


def _options(url: str, **members: Any) -> DestinationOptions:
    return DestinationOptions(url, (SECRET,), **members)


def _delivery(payload: bytes = PAYLOAD, timeout_s: float = 20.0) -> OutgoingDelivery:
    return OutgoingDelivery("msg_1", "invoice.paid", payload, None, NOW_S, 1, timeout_s)


async def _attempt(
    destination: Destination[Any],
    options: DestinationOptions,
    delivery: OutgoingDelivery | None = None,
) -> AttemptResult:
    """One attempt; the result comes later than `submit` returns, once."""
    results: list[AttemptResult] = []
    ended = asyncio.Event()

    def on_result(result: AttemptResult) -> None:
        results.append(result)
        ended.set()

    destination.submit(destination.prepare(options), delivery or _delivery(), on_result)
    assert results == []
    await ended.wait()
    await asyncio.sleep(0)
    (result,) = results
    return result


async def test_what_is_accepted_arrives_byte_for_byte_and_verifies(stage: Stage) -> None:
    destination = stage.destination()
    payloads = [PAYLOAD, b"", bytes(range(256)) * 1_000]
    results = [
        await _attempt(destination, _options(stage.url("accepts")), _delivery(payload))
        for payload in payloads
    ]
    for result in results:
        assert isinstance(result, Accepted), result
        assert 0 < result.duration_s < 20
        assert result.failure is None
    assert results[-1].connection_reused
    await stage.take_in()
    assert [each.payload for each in stage.arrived] == payloads
    for each in stage.arrived:
        verify(each.headers, each.payload, [SigningSecret(b"s" * 24)], NOW_S)


@settings(
    max_examples=settings().max_examples // 4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(payload=binary(), content_type=sampled_from(["text/csv", "application/xml; charset=utf-8"]))
async def test_any_content_arrives_as_it_is_under_its_content_type(
    stage: Stage, payload: bytes, content_type: str
) -> None:
    options = _options(stage.url("accepts"), headers={"Content-Type": "text/plain", "X-A": "1"})
    delivery = structs.replace(_delivery(payload), content_type=content_type)
    assert isinstance(await _attempt(stage.destination(), options, delivery), Accepted)
    await stage.take_in()
    arrived = stage.arrived[-1]
    assert (arrived.payload, arrived.headers["x-a"]) == (payload, "1")
    assert arrived.headers["content-type"] == content_type
    verify(arrived.headers, arrived.payload, [SigningSecret(b"s" * 24)], NOW_S)


async def test_what_the_endpoint_wants_besides_goes_along(stage: Stage) -> None:
    options = _options(stage.url("accepts"), header_names="both", headers={"X-Tenant": "acme"})
    await _attempt(stage.destination(), options)
    await stage.take_in()
    headers = stage.arrived[0].headers
    assert headers["x-tenant"] == "acme"
    assert headers["svix-id"] == headers["webhook-id"] == "msg_1"


async def test_a_refusal_is_rejected_and_says_nothing_bad_of_the_endpoint(stage: Stage) -> None:
    result = await _attempt(stage.destination(), _options(stage.url("rejects")))
    assert isinstance(result, Rejected)
    assert result.rejection is Rejection.REFUSED


async def test_an_endpoint_that_takes_nothing_now_is_throttled(stage: Stage) -> None:
    async with AsyncExitStack() as closing:
        if isinstance(stage, StreamStage):
            await stage.redis.config_set("maxmemory", "1")
            closing.push_async_callback(stage.redis.config_set, "maxmemory", "0")
        result = await _attempt(stage.destination(), _options(stage.url("throttles")))
    assert isinstance(result, Throttled)
    assert result.retry_after_s == (None if isinstance(stage, StreamStage) else 7.0)


async def test_where_nobody_listens_the_endpoint_is_unreachable(stage: Stage) -> None:
    result = await _attempt(stage.destination(), _options(stage.url_at(await _closed_port())))
    assert isinstance(result, Unreachable)
    assert result.reason is FailureReason.CONNECTION_REFUSED
    assert result.failure is not None


async def test_an_address_that_the_operator_does_not_allow_is_never_dialled(stage: Stage) -> None:
    result = await _attempt(stage.destination(EgressRules()), _options(stage.url("accepts")))
    assert isinstance(result, Unreachable)
    assert result.reason is FailureReason.ADDRESS_NOT_ALLOWED
    await stage.take_in()
    assert stage.arrived == []


async def test_a_host_that_the_operator_denies_is_no_destination(stage: Stage) -> None:
    rules = EgressRules.parse(["127.0.0.0/8"], denied_hosts=["127.0.0.1"])
    result = await _attempt(stage.destination(rules), _options(stage.url("accepts")))
    assert isinstance(result, Unreachable)
    assert result.reason is FailureReason.DESTINATION_NOT_ALLOWED


async def test_a_url_that_is_not_one_of_the_kind_ends_each_attempt(stage: Stage) -> None:
    scheme = stage.url("").partition("://")[0]
    result = await _attempt(stage.destination(), _options(f"{scheme}://user:pw@127.0.0.1/0/a"))
    assert isinstance(result, Unreachable)
    assert result.reason is FailureReason.URL_REFUSED
    assert "pw@" not in str(result.failure)


@dataclass
class Silent:
    """A server that accepts connections and says nothing, or `says` and no more."""

    says: bytes = b""
    port: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        self.opened.set()
        writer.write(self.says)
        try:
            while await reader.read(65_536):
                pass
        except ConnectionError:
            pass
        finally:
            writer.close()
            self.ended.set()


@pytest.fixture
async def silent() -> AsyncIterator[Silent]:
    made = Silent()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


async def test_one_deadline_ends_the_whole_attempt_and_its_connection(
    stage: Stage, silent: Silent
) -> None:
    options, delivery = _options(stage.url_at(silent.port)), _delivery(timeout_s=0.3)
    result = await _attempt(stage.destination(), options, delivery)
    assert isinstance(result, Unreachable)
    assert result.reason is FailureReason.RESPONSE_TIMED_OUT
    assert result.timed_out
    assert result.duration_s >= 0.29
    await silent.ended.wait()


async def test_an_answer_that_is_none_and_one_without_end_are_invalid(
    stage: Stage, silent: Silent
) -> None:
    for says in (b"hello?\r\n\r\n", b"x" * 1_000_000):
        silent.says = says
        result = await _attempt(stage.destination(), _options(stage.url_at(silent.port)))
        assert isinstance(result, Unreachable)
        assert result.reason is FailureReason.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("secure", "says", "reason", "told"),
    [
        # An alert: unexpected message, fatal.
        (False, b"\x15\x03\x03\x00\x02\x02\x0a", FailureReason.INVALID_RESPONSE, "speaks TLS"),
        (True, b"HTTP/1.1 400 Bad Request\r\n\r\n", FailureReason.TLS_FAILED, "not speak TLS"),
        (True, b"-ERR unknown command\r\n", FailureReason.TLS_FAILED, "not speak TLS"),
    ],
)
async def test_a_scheme_of_the_other_kind_is_told_as_such(
    stage: Stage, silent: Silent, *, secure: bool, says: bytes, reason: FailureReason, told: str
) -> None:
    silent.says = says
    url = stage.url_at(silent.port)
    if secure:
        url = url.replace("http://", "https://").replace("redis+", "rediss+")
    result = await _attempt(stage.destination(), _options(url))
    assert isinstance(result, Unreachable)
    assert result.reason is reason
    assert told in result.detail
    assert "check the URL's scheme and port" in result.detail


async def test_a_cancelled_attempt_tells_nothing_and_leaves_no_connection(
    stage: Stage, silent: Silent
) -> None:
    destination = stage.destination()
    results: list[AttemptResult] = []
    prepared = destination.prepare(_options(stage.url_at(silent.port)))
    attempt = destination.submit(prepared, _delivery(), results.append)
    await silent.opened.wait()
    attempt.cancel()
    await silent.ended.wait()
    assert results == []


async def test_what_was_closed_attempts_nothing(stage: Stage, silent: Silent) -> None:
    destination = stage.destination()
    under_way: asyncio.Future[AttemptResult] = asyncio.get_running_loop().create_future()
    prepared = destination.prepare(_options(stage.url_at(silent.port)))
    destination.submit(prepared, _delivery(), under_way.set_result)
    await silent.opened.wait()
    options = _options(stage.url("accepts"))
    await stage.close()
    results = [await under_way, await _attempt(destination, options)]
    for result in results:
        assert isinstance(result, NotAttempted)
        assert result.reason is FailureReason.SENDER_CLOSED


async def test_a_kept_connection_that_the_server_closed_costs_no_attempt(stage: Stage) -> None:
    destination = stage.destination()
    options = _options(stage.url("accepts"))
    assert isinstance(await _attempt(destination, options), Accepted)
    await stage.drop_connections()
    assert isinstance(await _attempt(destination, options), Accepted)


@pytest.mark.parametrize("members", [{"secrets": ("whsec_short",)}, {"header_names": "other"}])
async def test_options_that_cannot_be_used_are_refused_without_a_secret(
    stage: Stage, members: dict[str, Any]
) -> None:
    options = DestinationOptions(**({"url": stage.url("accepts"), "secrets": (SECRET,)} | members))
    with pytest.raises(OptionsUnusable) as caught:
        stage.destination().prepare(options)
    assert "short" not in str(caught.value)


async def test_nothing_that_is_shown_holds_a_secret(stage: Stage) -> None:
    basic = base64.b64encode(f"nobody:{PASSWORD}".encode()).decode()
    proxy = f"http://user:{PASSWORD}@127.0.0.1:{await _closed_port()}"
    options = _options(
        stage.url("accepts"), headers={"Authorization": f"Basic {basic}"}, proxy=proxy
    )
    destination = stage.destination()
    prepared = destination.prepare(options)
    result = await _attempt(destination, options)
    shown = f"{options!r} {prepared!r} {_delivery()!r} {result!r} {result.failure}"
    for secret in (PASSWORD, basic, SECRET):
        assert secret not in shown


async def _closed_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
