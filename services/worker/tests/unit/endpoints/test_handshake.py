"""The permission that a receiver gives before anything is sent to it."""

import asyncio
import base64
from typing import Any

import pytest
from angarium_worker.adapters.destinations.webhook import FetchLinks, WebhookDestination
from angarium_worker.adapters.destinations.webhook.handshake import GRANTED_FOR_S, REFUSED_FOR_S
from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OptionsUnusable,
    SubmittedAttempt,
)
from angarium_worker.domain.attempt_result import (
    Accepted,
    AttemptResult,
    FailureReason,
    NotAttempted,
    without_answer,
)
from msgspec.structs import replace

from .test_access_tokens import DELIVERY, Poster

LINKS = FetchLinks("https://Hooks.example.com/angarium", b"k" * 32)


class MethodPoster(Poster):
    """A route is its method and URL."""

    def route(self, url: str, *more: Any) -> str:
        return f"{more[3]} {url}" if len(more) > 3 else f"POST {url}"

    def asked(self) -> list[Any]:
        return self.to("OPTIONS https://example.com/hook")

    def sent(self) -> list[Any]:
        return self.to("POST https://example.com/hook")


class Bench:
    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.poster = MethodPoster()
        destination = WebhookDestination(self.poster, LINKS, lambda: self.now_s)
        self.results: list[AttemptResult] = []
        self.ended: asyncio.Queue[AttemptResult] = asyncio.Queue()
        options = DestinationOptions(
            url="https://example.com/hook",
            secrets=("whsec_" + base64.b64encode(b"s" * 24).decode(),),
            handshake=True,
        )
        self._destination = destination
        self._prepared = destination.prepare(options)

    def submit(self, timeout_s: float = 15.0) -> SubmittedAttempt:
        delivery = replace(DELIVERY, timeout_s=timeout_s)
        return self._destination.submit(self._prepared, delivery, self._end)

    def _end(self, result: AttemptResult) -> None:
        self.results.append(result)
        self.ended.put_nowait(result)

    def permit(self, origin: str | None, status: int = 200) -> None:
        answer = Accepted(status, allowed_origin=origin)
        self.poster.asked()[-1].on_result(answer)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("origin", ["*", "hooks.EXAMPLE.com"])
async def test_one_request_asks_for_all_and_the_permission_lasts(bench: Bench, origin: str) -> None:
    bench.submit()
    bench.submit()
    (asked,) = bench.poster.posted
    assert asked.headers == {"webhook-request-origin": "hooks.example.com"}
    assert asked.body == b""
    bench.permit(origin)
    assert len(bench.poster.sent()) == 2
    bench.now_s += GRANTED_FOR_S - 1
    bench.submit()
    assert (len(bench.poster.asked()), len(bench.poster.sent())) == (1, 3)
    bench.now_s += 1
    bench.submit()
    assert (len(bench.poster.asked()), len(bench.poster.sent())) == (2, 3)


@pytest.mark.parametrize("origin", [None, "", "other.example.com", "*.example.com"])
async def test_without_the_permission_nothing_is_sent(bench: Bench, origin: str | None) -> None:
    bench.submit()
    bench.permit(origin)
    (result,) = bench.results
    assert result.reason is FailureReason.HANDSHAKE_REFUSED
    bench.submit()
    await asyncio.sleep(0)
    assert len(bench.results) == 2
    bench.now_s += REFUSED_FOR_S
    bench.submit()
    assert (len(bench.poster.asked()), bench.poster.sent()) == (2, [])


async def test_a_refusal_of_the_request_is_told(bench: Bench) -> None:
    bench.submit()
    bench.poster.asked()[0].answer(405)
    assert bench.results[0].failure == "handshake_refused: OPTIONS was answered 405"
    bench.now_s += REFUSED_FOR_S
    bench.submit()
    bench.poster.asked()[1].on_result(without_answer(FailureReason.DNS_FAILED, "example.com"))
    assert bench.results[1].failure == (
        "handshake_refused: OPTIONS failed: dns_failed: example.com"
    )
    bench.now_s += REFUSED_FOR_S
    bench.submit()
    bench.poster.asked()[2].on_result(without_answer(FailureReason.SENDER_CLOSED, "closed"))
    assert isinstance(bench.results[2], NotAttempted)


async def test_an_attempt_waits_no_longer_than_it_may_last_and_can_be_cancelled(
    bench: Bench,
) -> None:
    cancelled = bench.submit()
    cancelled.cancel()
    bench.submit(0.01)
    bench.submit(0.01)
    await bench.ended.get()
    await bench.ended.get()
    assert {each.reason for each in bench.results} == {FailureReason.HANDSHAKE_REFUSED}
    bench.permit("*")
    assert bench.poster.sent() == []


def test_the_platform_needs_a_name() -> None:
    options = DestinationOptions(url="", secrets=(), handshake=True)
    with pytest.raises(OptionsUnusable, match="ANGARIUM_PUBLIC_URL"):
        WebhookDestination(Poster()).prepare(options)
