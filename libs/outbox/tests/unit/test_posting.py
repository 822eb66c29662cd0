"""A relay reads the answers of the platform."""

import json
from typing import Any

import httpx
import pytest
from angarium_outbox.counters import RelayCounters
from angarium_outbox.posting import Posted, Poster
from angarium_outbox.store import PendingEvent

EVENTS = [
    PendingEvent(position, 0, "acme", None, f"e{position}", "a.b", "{}", None, 2, 0)
    for position in range(4)
]


async def post(handler: Any, events: list[PendingEvent] = EVENTS) -> Posted:
    transport = httpx.MockTransport(handler)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        return await Poster(http, RelayCounters(), timeout_s=10).post(events)


def answering(status: int, body: Any = None, **headers: str) -> Any:
    return lambda _: httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize("asked", ["7", "Tue, 01 Dec 2026 00:00:00 GMT", "²", "9" * 400])
async def test_retry_after_is_read_in_seconds(asked: str) -> None:
    raw = [(b"retry-after", asked.encode())]
    posted = await post(lambda _: httpx.Response(429, json={"detail": "Slow."}, headers=raw))

    assert posted.failure is not None
    assert posted.failure.reason == "429 Slow."
    assert posted.failure.retry_after_s == (7 if asked == "7" else None)
    assert not posted.accepted


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"data": []},
        {"data": [{"status": "created"}] * 5},
        {"data": [{"status": "odd"}] * 4},
        {"data": [{"status": "invalid"}] * 4},
        {"data": [{}] * 4},
    ],
)
async def test_an_answer_of_something_else_ends_no_event(body: Any) -> None:
    posted = await post(answering(202, body))

    assert posted.failure is not None
    assert "ANGARIUM_OUTBOX_API_URL" in posted.failure.reason
    assert (posted.accepted, posted.set_aside) == ([], {})


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    posted = await post(lambda _: httpx.Response(202, content=b"x" * 9_000_000))

    assert posted.failure is not None
    assert "too long" in posted.failure.reason


async def test_each_result_is_that_of_its_event() -> None:
    def error(status: int) -> Any:
        return {"status": status, "code": "c", "detail": [{"loc": ["body"], "msg": "m"}]}

    results = [
        {"status": "created"},
        {"status": "duplicate"},
        {"status": "invalid", "error": error(404)},
        {"status": "unavailable", "error": error(503)},
    ]
    posted = await post(answering(202, {"data": results}))

    assert posted.accepted == [0, 1]
    assert posted.set_aside == {2: "404 c: message: m"}
    assert posted.failure is not None


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_batch_that_is_refused_is_halved_until_the_faulty_event_is_alone(
    status: int,
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        messages = json.loads(request.content)["messages"]
        if any(message["eventId"] == "e2" for message in messages):
            return httpx.Response(status, json={"detail": "No."})
        return httpx.Response(202, json={"data": [{"status": "created"}] * len(messages)})

    posted = await post(refuse)

    assert sorted(posted.accepted) == [0, 1, 3]
    assert posted.set_aside == {2: f"{status} No."}
    assert posted.failure is None


async def test_a_platform_that_always_answers_500_is_not_asked_for_each_event() -> None:
    asked: list[httpx.Request] = []

    def fail(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(500)

    posted = await post(fail, EVENTS * 50)

    assert posted.failure is not None
    assert (posted.accepted, posted.set_aside, len(posted.held)) == ([], {}, 3)
    assert len(asked) < 20
