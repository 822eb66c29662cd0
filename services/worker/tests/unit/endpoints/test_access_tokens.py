"""Access tokens of endpoints with OAuth 2: asked for once, renewed, dropped, and told of."""

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

import pytest
from angarium_webhooks.endpoint_authentication import EndpointAuthentication, encode_authentication
from angarium_worker.adapters.destinations.webhook import WebhookDestination, read_answer
from angarium_worker.adapters.destinations.webhook.access_tokens import DROP_PAUSE_S, FAILURE_KEPT_S
from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OutgoingDelivery,
)
from angarium_worker.domain.attempt_result import (
    Accepted,
    AttemptResult,
    FailureReason,
    NotAttempted,
    without_answer,
)
from msgspec.structs import replace

TOKEN_URL = "https://login.example.com/token"
CANARY = "canary+secret"
OAUTH = EndpointAuthentication(
    type="oauth2", token_url=TOKEN_URL, client_id="an:garium", client_secret=CANARY, scope="a b"
)
DELIVERY = OutgoingDelivery("msg_1", "invoice.paid", b"{}", None, 1_700_000_000, 1, 15.0)


class Posted:
    """A request that the test answers."""

    def __init__(self, url: str, headers: Any, body: bytes, timeout_s: float, on: Any) -> None:
        self.url, self.headers, self.body = url, dict(headers), body
        self.timeout_s, self.on_result = timeout_s, on
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def answer(self, status: int, body: Any = b"") -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.on_result(read_answer(status, text, None, lambda: 0.0, 0.01, 0.005))


class Poster:
    """Implements the sender's port; a route is its URL."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []

    def route(self, url: str, *_: Any) -> str:
        return url

    def post(
        self,
        route: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        timeout_s: float,
        on_result: Callable[[AttemptResult], None],
        secret_headers: Sequence[tuple[str, str]] = (),
        sign: object = None,
    ) -> Posted:
        sent = (*headers, *secret_headers)
        self.posted.append(Posted(route, sent, body, timeout_s, on_result))
        return self.posted[-1]

    def to(self, url: str) -> list[Posted]:
        return [each for each in self.posted if each.url == url]

    @property
    def token_requests(self) -> list[Posted]:
        return self.to(TOKEN_URL)

    @property
    def webhooks(self) -> list[Posted]:
        return [each for each in self.posted if each.url != TOKEN_URL]


class Bench:
    """A destination over a poster whose answers the test gives."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.poster = Poster()
        self.destination = WebhookDestination(self.poster, clock_s=lambda: self.now_s)
        self.results: list[AttemptResult] = []

    def submit(self, credentials: EndpointAuthentication = OAUTH, **delivery: Any) -> Any:
        options = DestinationOptions(
            url="https://example.com/hook",
            secrets=("whsec_" + base64.b64encode(b"s" * 24).decode(),),
            authentication=encode_authentication(credentials),
        )
        prepared = self.destination.prepare(options)
        assert CANARY not in repr((options, prepared, prepared.tokens, credentials))
        sent = replace(DELIVERY, **delivery)
        return self.destination.submit(prepared, sent, self.results.append)

    def grant(self, token: str = "t1", **members: Any) -> None:
        self.poster.token_requests[-1].answer(
            200, {"access_token": token, "token_type": "Bearer", "expires_in": 100} | members
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_many_attempts_ask_for_one_token_and_carry_it(bench: Bench) -> None:
    for _ in range(5):
        bench.submit()
    (request,) = bench.poster.posted
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["a b"],
    }
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    scheme, _, pair = request.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"an%3Agarium:canary%2Bsecret")
    bench.grant()
    assert [each.headers["authorization"] for each in bench.poster.webhooks] == ["Bearer t1"] * 5
    bench.submit()
    assert len(bench.poster.token_requests) == 1
    for each in bench.poster.webhooks:
        each.answer(200)
    assert [type(result) for result in bench.results] == [Accepted] * 6


async def test_a_client_may_authenticate_in_the_body(bench: Bench) -> None:
    bench.submit(replace_of(OAUTH, auth_style="post", audience="https://example.com", scope=None))
    (request,) = bench.poster.posted
    assert "authorization" not in request.headers
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "audience": ["https://example.com"],
        "client_id": ["an:garium"],
        "client_secret": [CANARY],
    }


def replace_of(credentials: EndpointAuthentication, **members: Any) -> EndpointAuthentication:
    return replace(credentials, **members)


async def test_a_token_is_renewed_before_it_ends_while_it_goes_on_being_sent(bench: Bench) -> None:
    bench.submit()
    bench.grant("t1")
    bench.now_s += 79
    bench.submit()
    assert len(bench.poster.token_requests) == 1
    bench.now_s += 1
    bench.submit()
    bench.submit()
    assert len(bench.poster.token_requests) == 2
    assert bench.poster.webhooks[-1].headers["authorization"] == "Bearer t1"
    bench.grant("t2")
    bench.submit()
    assert bench.poster.webhooks[-1].headers["authorization"] == "Bearer t2"


async def test_a_token_that_has_ended_is_not_sent(bench: Bench) -> None:
    bench.submit()
    bench.grant("t1")
    bench.now_s += 99.5
    bench.submit()
    assert len(bench.poster.webhooks) == 1
    bench.grant("t2")
    assert bench.poster.webhooks[-1].headers["authorization"] == "Bearer t2"


async def test_a_401_of_the_receiver_drops_the_token_once_in_a_while(bench: Bench) -> None:
    bench.submit()
    bench.grant("t1", expires_in=3600)
    bench.submit()
    for each in bench.poster.webhooks:
        each.answer(401)
    assert [result.response_status for result in bench.results] == [401, 401]
    bench.submit()
    bench.grant("t2", expires_in=3600)
    bench.poster.webhooks[-1].answer(401)
    bench.submit()
    assert len(bench.poster.token_requests) == 2, "a receiver that always refuses is no load"
    bench.now_s += DROP_PAUSE_S
    bench.poster.webhooks[-1].answer(401)
    bench.submit()
    assert len(bench.poster.token_requests) == 3


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, {"error": "invalid_client"}, '400: {"error": "invalid_client"}'),
        (401, f"no {CANARY} here\n\x00\x1b".encode(), "401: no [redacted] here"),
        (403, b'{"client_secret":"abc", "a": 1}', '[redacted], "a": 1}'),
        (500, b"x" * 1_000, "500: " + "x" * 200),
        (302, b"", "the token endpoint answered 302"),
        (200, b"access_token=abc&token_type=bearer", "without an access token in JSON"),
        (200, {"access_token": "a b"}, "a token that no header can carry"),
        (200, {"access_token": "abc", "token_type": "mac"}, "another type than bearer"),
    ],
)
async def test_a_refused_token_is_told_with_status_and_body_but_no_secret(
    bench: Bench, status: int, body: Any, words: str
) -> None:
    bench.submit()
    bench.submit()
    bench.poster.token_requests[0].answer(status, body)
    assert len(bench.results) == 2
    for result in bench.results:
        assert result.reason is FailureReason.OAUTH_TOKEN_REFUSED
        assert words in (result.failure or "")
        assert (result.response_status, result.response) == (0, b"")
        assert len(result.detail) <= 300
        assert CANARY not in str(result)
        assert "abc" not in result.detail
    bench.submit()
    await asyncio.sleep(0)
    assert len(bench.results) == 3, "the next attempts get the same answer for a moment"
    bench.now_s += FAILURE_KEPT_S
    bench.submit()
    assert len(bench.poster.token_requests) == 2


async def test_a_token_endpoint_out_of_reach_is_told_of(bench: Bench) -> None:
    bench.submit()
    reason = FailureReason.ADDRESS_NOT_ALLOWED
    bench.poster.posted[0].on_result(without_answer(reason, "login.example.com"))
    (result,) = bench.results
    assert result.failure == "oauth_token_unreachable: address_not_allowed: login.example.com"


async def test_an_attempt_that_could_not_even_ask_counts_for_nothing(bench: Bench) -> None:
    bench.submit()
    bench.poster.posted[0].on_result(without_answer(FailureReason.NO_FREE_CONNECTION, "full"))
    assert isinstance(bench.results[0], NotAttempted)
    bench.submit()
    assert len(bench.poster.token_requests) == 2


async def test_nobody_waits_longer_than_the_attempt_may_last(bench: Bench) -> None:
    ended = asyncio.Event()
    bench.submit(timeout_s=0.01)
    results = bench.results
    bench.submit(timeout_s=5.0)

    def first_end(result: AttemptResult) -> None:
        results.append(result)
        ended.set()

    waiting = bench.submit(timeout_s=0.02)
    waiting._on_result = first_end
    await ended.wait()
    assert [each.reason for each in results] == [FailureReason.OAUTH_TOKEN_UNREACHABLE] * 2
    bench.grant()
    assert len(bench.poster.webhooks) == 1, "the request itself went on for the one with time"
    assert 0 < bench.poster.webhooks[0].timeout_s < 5.0
    bench.poster.webhooks[0].answer(200)
    assert results[-1].duration_s > 0.02


async def test_a_cancelled_attempt_is_told_nothing(bench: Bench) -> None:
    waiting, sending = bench.submit(), bench.submit()
    waiting.cancel()
    bench.grant()
    (webhook,) = bench.poster.webhooks
    sending.cancel()
    assert webhook.cancelled
    assert bench.results == []


@pytest.mark.parametrize("expires_in", [None, "100", 1e300, -5, 0])
async def test_any_life_of_a_token_is_bounded(bench: Bench, expires_in: Any) -> None:
    bench.submit()
    bench.grant(expires_in=expires_in)
    assert bench.poster.webhooks[0].headers["authorization"] == "Bearer t1"
    bench.now_s += 86_400
    bench.submit()
    assert len(bench.poster.token_requests) == 2
