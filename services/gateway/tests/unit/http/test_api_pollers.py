"""Polling an endpoint's messages, with a position of the client's or of a stored consumer."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from angarium_contracts.configuration import GetEndpoint
from angarium_contracts.ids import MESSAGE, format_id, lowest_id_at
from angarium_contracts.polling import (
    FIRST_POSITION,
    Consumer,
    ConsumerPage,
    ConsumerPosition,
    Consumers,
    ForgetConsumer,
    ListConsumers,
    PollAsConsumer,
    PollDeliveries,
    PolledDeliveries,
    PolledDelivery,
    SeekConsumer,
)
from angarium_contracts.queries import Done, Problem, ProblemCode
from angarium_gateway.application.read.messages import Message
from angarium_gateway.application.read.poll_messages import PAGE_BYTES_MAX
from angarium_gateway.domain.poll_iterators import PollPosition, PollScope, poll_iterator
from msgspec.structs import replace

from .conftest import APPLICATION_ID, ENDPOINT, ENDPOINT_ID, MADE_AT, STATE, World, endpoint_saved

POLLER = "/api/v1/app/acme/poller/orders"
CONSUMER = f"{POLLER}/consumer/nightly"
PAID = Message(lowest_id_at(2), "invoice.paid", "evt-2", ("eu",), ("a",), b'{"a": 1.50}')
GONE = Message(lowest_id_at(1), "invoice.paid", None, None, None, b"", expunged=True)
RAW = Message(lowest_id_at(3), "a", None, None, None, b"<a/>", content_type="application/xml")
SCOPE = PollScope(ENDPOINT_ID, "nightly")


def position(number: int) -> bytes:
    return number.to_bytes(16)


def items(*messages: Message) -> tuple[PolledDelivery, ...]:
    return tuple(
        [PolledDelivery(position(place), each.id) for place, each in enumerate(messages, 1)]
    )


@pytest.fixture
def world(world: World) -> World:
    world.copy.states[APPLICATION_ID] = STATE
    world.journal.messages[APPLICATION_ID] = [PAID, GONE, RAW]
    polled = replace(endpoint_saved(), endpoint=replace(ENDPOINT, url="poll://messages"))
    world.dispatcher.answers[GetEndpoint] = polled
    world.worker.answers[PollDeliveries] = PolledDeliveries(items(PAID), position(1))
    world.worker.answers[PollAsConsumer] = ConsumerPage(items(PAID), position(1), 3)
    return world


async def get(world: World, path: str, **parameters: Any) -> Any:
    answer = await world.client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_page_has_the_messages_and_the_iterator_of_the_next(world: World) -> None:
    page = await get(world, POLLER)
    assert page["data"] == [
        {
            "id": format_id(MESSAGE, PAID.id),
            "eventType": "invoice.paid",
            "eventId": "evt-2",
            "payload": {"a": 1.5},
            "channels": ["eu"],
            "tags": ["a"],
            "timestamp": "1970-01-01T00:00:00.002000Z",
        }
    ]
    assert page["done"] is True
    await get(world, POLLER, iterator=page["iterator"], event_type="a.b", channel="c", limit=7)
    assert world.worker.asked == [
        PollDeliveries(ENDPOINT_ID, FIRST_POSITION, 50),
        PollDeliveries(ENDPOINT_ID, position(1), 7, "a.b", "c"),
    ]


async def test_a_time_is_the_earliest_position_of_a_page(world: World) -> None:
    after = "2026-03-02T08:00:00.001Z"
    at = lowest_id_at(int(datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp() * 1000) + 1)
    await get(world, POLLER, after=after)
    later = poll_iterator(PollScope(ENDPOINT_ID), PollPosition(b"\xff" * 16))
    await get(world, POLLER, after=after, iterator=later)
    assert world.worker.asked == [
        PollDeliveries(ENDPOINT_ID, at),
        PollDeliveries(ENDPOINT_ID, b"\xff" * 16),
    ]


async def test_what_is_left_of_a_message_is_what_is_polled(world: World) -> None:
    """A deleted payload is marked; a deleted message is passed by."""
    unknown = Message(lowest_id_at(9), "a", None, None, None, b"")
    page = PolledDeliveries(items(GONE, unknown, RAW), position(3))
    world.worker.answers[PollDeliveries] = page
    gone, raw = (await get(world, POLLER))["data"]
    assert gone["payload"] == {"expired": True}
    assert raw["contentType"] == "application/xml"
    assert raw["payload"] == {
        "rawPayload": "<a/>",
        "headers": {"content-type": "application/xml"},
    }


async def test_a_page_ends_early_when_its_payloads_are_large(world: World) -> None:
    large = [
        Message(lowest_id_at(number), "a", None, None, None, b'"%s"' % (b"x" * size))
        for number, size in enumerate((PAGE_BYTES_MAX + 1, PAGE_BYTES_MAX // 2, 1), 10)
    ]
    world.journal.messages[APPLICATION_ID] = large
    for messages, fitting in ((large, 1), (large[1:], 2)):
        page = PolledDeliveries(items(*messages), position(3))
        world.worker.answers[PollDeliveries] = page
        found = await get(world, POLLER)
        assert len(found["data"]) == fitting
        assert found["done"] is (fitting == len(messages))
        await get(world, POLLER, iterator=found["iterator"])
        last = world.worker.asked[-1]
        assert isinstance(last, PollDeliveries)
        assert last.after == position(1 if fitting < len(messages) else 3)


async def test_a_consumer_confirms_by_the_iterator_of_the_answer(world: World) -> None:
    page = await get(world, CONSUMER)
    await get(world, CONSUMER, iterator=page["iterator"], limit=9)
    assert world.worker.asked == [
        PollAsConsumer(ENDPOINT_ID, "nightly"),
        PollAsConsumer(ENDPOINT_ID, "nightly", 9, position(1), 3),
    ]


@pytest.mark.parametrize(
    "iterator",
    [
        "it_YQGiJ8wcdXCalMkc__HbuM0",
        "é" * 32,
        "!" * 32,
        poll_iterator(SCOPE, PollPosition(position(1)))[:-1],
        poll_iterator(PollScope(ENDPOINT_ID), PollPosition(position(1))),
        poll_iterator(PollScope(ENDPOINT_ID, "other"), PollPosition(position(1))),
        poll_iterator(PollScope(b"o" * 16, "nightly"), PollPosition(position(1))),
    ],
)
async def test_what_is_no_iterator_of_the_consumer_is_refused(world: World, iterator: str) -> None:
    answer = await world.client.get(CONSUMER, params={"iterator": iterator})
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert fault["loc"] == ["query", "iterator"]
    assert "This is no iterator of this consumer." in fault["msg"]
    assert world.worker.asked == []


@pytest.mark.parametrize("limit", ["0", "251", "many"])
async def test_the_size_of_a_page_is_bounded(world: World, limit: str) -> None:
    for path in (POLLER, CONSUMER):
        answer = await world.client.get(path, params={"limit": limit})
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["query", "limit"]


async def test_seeking_moves_a_consumer_to_a_time(world: World) -> None:
    world.worker.answers[SeekConsumer] = ConsumerPosition(position(7), 4)
    answer = await world.client.post(
        f"{CONSUMER}/seek", json={"after": "2030-01-01T01:00:00+01:00"}
    )
    assert answer.status_code == 200
    at_ms = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp() * 1000)
    assert world.worker.asked == [SeekConsumer(ENDPOINT_ID, "nightly", lowest_id_at(at_ms))]
    assert answer.json() == {"iterator": poll_iterator(SCOPE, PollPosition(position(7), 4))}
    refused = await world.client.post(f"{CONSUMER}/seek", json={"after": "2030-01-01T01:00:00"})
    assert refused.status_code == 422


async def test_consumers_are_listed_and_deleted(world: World) -> None:
    world.worker.answers[ListConsumers] = Consumers(
        (Consumer("nightly", position(1), 3, MADE_AT, 12, MADE_AT),)
    )
    world.worker.answers[ForgetConsumer] = Done()
    assert await get(world, f"{POLLER}/consumer") == {
        "data": [
            {
                "id": "nightly",
                "iterator": poll_iterator(SCOPE, PollPosition(position(1), 3)),
                "behind": 12,
                "waitingSince": "2030-01-02T03:04:05.678901Z",
                "updatedAt": "2030-01-02T03:04:05.678901Z",
            }
        ]
    }
    assert (await world.client.delete(CONSUMER)).status_code == 204
    assert world.worker.asked[-1] == ForgetConsumer(ENDPOINT_ID, "nightly")


async def test_an_endpoint_that_is_pushed_is_no_poller(world: World) -> None:
    world.dispatcher.answers[GetEndpoint] = endpoint_saved()
    for method, path in (
        ("GET", POLLER),
        ("GET", CONSUMER),
        ("DELETE", CONSUMER),
        ("GET", f"{POLLER}/consumer"),
    ):
        answer = await world.client.request(method, path)
        assert answer.status_code == 404
        assert "is not polled" in answer.json()["detail"]


async def test_the_workers_problems_are_those_of_the_request(world: World) -> None:
    world.worker.answers[PollAsConsumer] = Problem(ProblemCode.CONFLICT, "too many consumers")
    world.worker.answers[PollDeliveries] = Problem(ProblemCode.UNAVAILABLE, "away")
    assert (await world.client.get(CONSUMER)).status_code == 409
    assert (await world.client.get(POLLER)).status_code == 503


@pytest.mark.parametrize("path", [POLLER, CONSUMER])
async def test_a_poll_waits_for_a_message(world: World, path: str) -> None:
    kind: type[PollDeliveries | PollAsConsumer] = PollDeliveries
    empty: Any = PolledDeliveries((), position(7))
    some: Any = PolledDeliveries(items(PAID), position(8))
    if path == CONSUMER:
        kind, empty = PollAsConsumer, ConsumerPage((), position(7), 3)
        some = ConsumerPage(items(PAID), position(8), 3)
    waits = asyncio.Event()

    def polled(_: PollDeliveries | PollAsConsumer) -> Any:
        if len(world.worker.asked) < 2:
            return empty
        waits.set()
        return some if arrived else empty

    arrived = False
    world.worker.answers[kind] = polled
    answer = asyncio.ensure_future(get(world, path, wait=30))
    await asyncio.wait({answer, asyncio.ensure_future(waits.wait())}, return_when="FIRST_COMPLETED")
    assert not answer.done(), answer.result()
    arrived = True
    world.gateway.hot_path.arrivals.notify({APPLICATION_ID})

    page = await answer
    assert [each["id"] for each in page["data"]] == [format_id(MESSAGE, PAID.id)]


async def test_a_waiting_poll_does_not_search_again_what_did_not_match(world: World) -> None:
    pages = [PolledDeliveries((), position(7)), PolledDeliveries(items(PAID), position(8))]
    world.worker.answers[PollDeliveries] = lambda _: pages.pop(0)
    await get(world, POLLER, wait=30, event_type="invoice.paid")
    assert world.worker.asked == [
        PollDeliveries(ENDPOINT_ID, FIRST_POSITION, 50, "invoice.paid"),
        PollDeliveries(ENDPOINT_ID, position(7), 50, "invoice.paid"),
    ]


async def test_a_token_that_was_revoked_meanwhile_gets_no_message(world: World) -> None:
    def revoked(_: PollDeliveries) -> PolledDeliveries:
        if len(world.worker.asked) == 1:
            return PolledDeliveries((), position(7))
        world.api_keys.callers.clear()
        return PolledDeliveries(items(PAID), position(8))

    world.worker.answers[PollDeliveries] = revoked
    answer = await world.client.get(POLLER, params={"wait": 30})
    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("wait", ["-1", "31", "1.5", "x"])
async def test_a_time_that_cannot_be_waited_is_refused(world: World, wait: str) -> None:
    answer = await world.client.get(POLLER, params={"wait": wait})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"][0]["loc"] == ["query", "wait"]


async def test_a_poll_that_has_messages_or_does_not_wait_is_answered_at_once(world: World) -> None:
    await get(world, POLLER, wait=30)
    world.worker.answers[PollDeliveries] = PolledDeliveries((), position(7))
    await get(world, POLLER, wait=0)
    assert len(world.worker.asked) == 2
