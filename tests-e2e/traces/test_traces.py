"""Traces of a platform whose operator has every message traced, as its collector gets them."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from .heard_requests import HeardRequests
from .otlp_receiver import OtlpReceiver, ReceivedSpan

GATEWAY, DISPATCHER, WORKER = "angarium-gateway", "angarium-dispatcher", "angarium-worker"
CANARY = "canary-that-no-span-may-have"
CLIENT_TRACE, CLIENT_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
WAIT_S = 60.0


@pytest.fixture(scope="module")
def collector() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


@pytest.fixture(scope="module")
def traced_platform(
    new_folder: Callable[[str], Path], collector: OtlpReceiver
) -> Iterator[DevPlatform]:
    with DevPlatform(
        new_folder("dev"),
        ANGARIUM_RETRY_SCHEDULE="200ms,400ms",
        ANGARIUM_TRACE_ENDPOINT=collector.http_url,
        ANGARIUM_TRACE_HEADERS="authorization=Bearer%20of-the-collector",
        ANGARIUM_TRACE_RATIO="1",
    ) as running:
        yield running


@pytest.fixture
def traced(traced_platform: DevPlatform) -> Iterator[httpx.Client]:
    with traced_platform.client() as client:
        yield client


@pytest.fixture(scope="module")
def heard() -> Iterator[HeardRequests]:
    with HeardRequests() as running:
        yield running


def new_app(api: httpx.Client, *urls: str) -> tuple[str, list[str]]:
    """The path of an application, and its endpoints' ids."""
    app = f"/app/{api.post('/app', json={'name': 'Traced'}).json()['id']}"
    return app, [api.post(f"{app}/endpoint", json={"url": url}).json()["id"] for url in urls]


def post(api: httpx.Client, app: str, **headers: str) -> str:
    body = {"eventType": "a.b", "payload": {"text": CANARY}}
    answer = api.post(f"{app}/msg", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def of_message(spans: list[ReceivedSpan], message: str) -> list[ReceivedSpan]:
    """The spans that name a message, the earliest first."""
    found = [span for span in spans if span.attributes.get("angarium.message.id") == message]
    return sorted(found, key=lambda span: span.began_ns)


def spans_of(collector: OtlpReceiver, message: str, **counts: int) -> dict[str, list[ReceivedSpan]]:
    """The spans of a message by their names, once there are so many."""

    def by_name(spans: list[ReceivedSpan]) -> dict[str, list[ReceivedSpan]]:
        found: dict[str, list[ReceivedSpan]] = {}
        for span in of_message(spans, message):
            found.setdefault(span.name, []).append(span)
        return found

    def arrived(spans: list[ReceivedSpan]) -> bool:
        found = by_name(spans)
        return all(len(found.get(name, ())) >= count for name, count in counts.items())

    return by_name(collector.wait_for(f"{counts} of {message}", arrived))


def test_one_trace_leads_from_the_client_to_the_endpoint(
    traced: httpx.Client, collector: OtlpReceiver, heard: HeardRequests
) -> None:
    path = f"/{CANARY}/{uuid4().hex}"
    url = f"{heard.url}{path}"
    app, (endpoint,) = new_app(traced, url)

    message = post(
        traced,
        app,
        traceparent=f"00-{CLIENT_TRACE}-{CLIENT_SPAN}-01",
        tracestate="vendor=opaque",
    )

    found = spans_of(collector, message, accept=1, commit=1, relay=1, dispatch=1, attempt=1)
    ((accept,), (commit,), (relay,), (dispatch,), (attempt,)) = (
        found[name] for name in ("accept", "commit", "relay", "dispatch", "attempt")
    )
    parts = [commit, relay, dispatch, attempt]
    assert [span.service for span in (accept, *parts)] == [
        GATEWAY, GATEWAY, GATEWAY, DISPATCHER, WORKER,
    ]  # fmt: skip
    assert [span.kind for span in (accept, *parts)] == [
        "SERVER", "INTERNAL", "PRODUCER", "CONSUMER", "CLIENT",
    ]  # fmt: skip
    assert (accept.parent_id, accept.trace_state) == (CLIENT_SPAN, "vendor=opaque")
    assert {span.parent_id for span in parts} == {accept.span_id}
    assert {span.trace_id for span in (accept, *parts)} == {CLIENT_TRACE}
    assert accept.began_ns <= commit.began_ns <= commit.ended_ns <= accept.ended_ns
    assert commit.ended_ns <= relay.began_ns <= dispatch.began_ns <= attempt.began_ns

    (headers,) = heard.wait_for(path, 1)
    assert headers["traceparent"] == f"00-{CLIENT_TRACE}-{attempt.span_id}-01"
    assert "tracestate" not in headers
    assert accept.attributes["http.response.status_code"] == 202
    assert attempt.attributes["angarium.endpoint.id"] == endpoint
    assert attempt.attributes["angarium.attempt.outcome"] == "accepted"
    assert attempt.attributes["server.address"] == "127.0.0.1"
    assert not attempt.failed

    everything = collector.wait_for(
        "the phases", lambda spans: any(span.name == "first_byte" for span in spans)
    )
    phases = [span for span in everything if span.parent_id == attempt.span_id]
    phases.sort(key=lambda span: span.began_ns)
    assert {"connect", "first_byte"} <= {span.name for span in phases}
    for earlier, later in pairwise(phases):
        assert earlier.ended_ns == later.began_ns
    assert (phases[0].began_ns, phases[-1].ended_ns) == (attempt.began_ns, attempt.ended_ns)

    collected = collector.collected()
    assert not [body for body in collected.bodies if CANARY.encode() in body]
    assert {each["authorization"] for each in collected.headers} == {"Bearer of-the-collector"}


def test_a_retry_and_a_resend_begin_traces_that_are_linked(
    traced: httpx.Client, collector: OtlpReceiver, heard: HeardRequests
) -> None:
    path = f"/fail-once/{uuid4().hex}"
    app, (endpoint,) = new_app(traced, f"{heard.url}{path}")
    message = post(traced, app)
    heard.wait_for(path, 2)
    spans_of(collector, message, attempt=2)
    resent = traced.post(f"{app}/msg/{message}/endpoint/{endpoint}/resend")
    assert resent.status_code == 202, resent.text

    found = spans_of(collector, message, accept=1, attempt=3)
    (accept,), (first, retry, resend) = found["accept"], found["attempt"]
    assert (first.trace_id, first.parent_id) == (accept.trace_id, accept.span_id)
    assert (first.failed, first.attributes["http.response.status_code"]) == (True, 500)
    assert [span.attributes["angarium.attempt.number"] for span in (first, retry)] == [1, 2]
    for again in (retry, resend):
        assert again.parent_id == ""
        assert again.links == ((accept.trace_id, accept.span_id),)
    assert len({span.trace_id for span in (first, retry, resend)}) == 3
    told = [headers["traceparent"] for headers in heard.wait_for(path, 3)]
    assert told == [f"00-{span.trace_id}-{span.span_id}-01" for span in (first, retry, resend)]


def test_a_client_with_a_header_that_is_not_valid_begins_a_new_trace(
    traced: httpx.Client, collector: OtlpReceiver
) -> None:
    app, _ = new_app(traced)
    for number, traceparent in enumerate(
        (f"00-{'0' * 32}-{CLIENT_SPAN}-01", "00-x-y-01", "x" * 9000)
    ):
        message = post(traced, app, traceparent=traceparent, tracestate=f"a={number}")
        (accept,) = spans_of(collector, message, accept=1)["accept"]
        assert (accept.parent_id, accept.trace_state) == ("", "")


def test_messages_of_a_batch_share_the_trace_of_their_request(
    traced: httpx.Client, collector: OtlpReceiver
) -> None:
    app, _ = new_app(traced)
    texts = [{"eventType": "a.b", "payload": {"number": number}} for number in range(3)]
    answer = traced.post(f"{app}/msg/batch", json={"messages": texts})
    assert answer.status_code in (200, 202), answer.text
    messages = [each["id"] for each in answer.json()["data"]]

    commits = [spans_of(collector, message, commit=1)["commit"][0] for message in messages]
    assert len({span.trace_id for span in commits}) == 1


def test_without_its_collector_the_platform_delivers_all_and_counts_what_it_drops(
    traced_platform: DevPlatform,
    traced: httpx.Client,
    collector: OtlpReceiver,
    heard: HeardRequests,
) -> None:
    path = f"/{uuid4().hex}"
    app, _ = new_app(traced, f"{heard.url}{path}")
    collector.broken = True
    try:
        messages = {post(traced, app) for _ in range(50)}
        ids = {headers["webhook-id"] for headers in heard.wait_for(path, 50)}
        assert ids == messages
        until(lambda: failed_spans(traced_platform) > 0, WAIT_S, "spans that failed are counted")
    finally:
        collector.broken = False
    message = post(traced, app)
    assert spans_of(collector, message, accept=1, attempt=1)


def failed_spans(platform: DevPlatform) -> float:
    """Spans of the gateway that the collector did not take, by its metrics."""
    state: dict[str, Any] = platform.state
    text = httpx.get(f"{state['internal_urls']['gateway']}/metrics", trust_env=False).text
    (line,) = (
        line
        for line in text.splitlines()
        if line.startswith('angarium_trace_spans_total{outcome="failed"')
    )
    return float(line.split()[-1])
