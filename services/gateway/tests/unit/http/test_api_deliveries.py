"""Where deliveries stand: of a message, and of an endpoint's messages."""

from datetime import timedelta
from typing import Any

import pytest
from angarium_contracts.configuration import GetEndpoint
from angarium_contracts.deliveries import (
    Deliveries,
    Delivery,
    DeliveryStatus,
    EndpointsFound,
    FindDeliveries,
    GetEndpoints,
    ListMessageDeliveries,
)
from angarium_contracts.ids import ENDPOINT, MESSAGE, format_id, lowest_id_at
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.read.messages import (
    Message,
    MessageFilter,
    MessagePage,
    MessageWindow,
)
from msgspec.structs import replace

from .conftest import (
    APPLICATION_ID,
    ENDPOINT_ID,
    MADE_AT,
    STATE,
    World,
    endpoint_saved,
)
from .conftest import (
    ENDPOINT as KNOWN,
)

PAID, VOID, TEST = (
    Message(lowest_id_at(at_ms), "invoice.paid", f"evt-{at_ms}", ("eu",), None, b'{"a": 1.50}')
    for at_ms in (3, 2, 1)
)
PAID_ID = format_id(MESSAGE, PAID.id)
GONE_ID, UNKNOWN_ID = b"f" * 16, lowest_id_at(1_000)
REASON = "the endpoint is deleted"
DESTINATIONS = "/api/v1/app/acme/msg/evt-3/endpoint"
MESSAGES = "/api/v1/app/acme/endpoint/orders/msg"


def delivery(
    message: Message = PAID, status: DeliveryStatus = DeliveryStatus.SUCCESS, **members: Any
) -> Delivery:
    return replace(Delivery(message.id, ENDPOINT_ID, status), **members)


@pytest.fixture
def world(world: World) -> World:
    world.copy.states[APPLICATION_ID] = STATE
    world.journal.messages[APPLICATION_ID] = [PAID, VOID, TEST]
    world.dispatcher.answers[GetEndpoint] = endpoint_saved()
    tombstone = replace(KNOWN, id=GONE_ID, uid=None, url="", disabled=True, event_types=None)
    world.dispatcher.answers[GetEndpoints] = EndpointsFound((KNOWN,), (tombstone,))
    world.worker.answers[ListMessageDeliveries] = Deliveries((delivery(),))
    world.worker.answers[FindDeliveries] = lambda question: Deliveries(
        tuple([delivery(PAID, message_id=each) for each in question.message_ids])
    )
    return world


async def test_a_destination_is_its_endpoint_and_where_the_message_stands(world: World) -> None:
    answer = await world.client.get(DESTINATIONS)
    assert answer.status_code == 200
    endpoint_id = format_id(ENDPOINT, ENDPOINT_ID)
    assert answer.json() == {
        "data": [
            {
                "id": endpoint_id,
                "status": 0,
                "statusText": "success",
                "nextAttempt": None,
                "url": "https://example.com/hook",
                "description": "",
                "disabled": False,
                "uid": "orders",
                "throttleRate": None,
                "rateLimit": None,
                "eventTypes": ["invoice.paid"],
                "filterTypes": ["invoice.paid"],
                "version": 1,
                "channels": None,
                "createdAt": "2030-01-02T03:04:05.678901Z",
                "updatedAt": "2030-01-02T03:04:05.678901Z",
            }
        ],
        "iterator": endpoint_id,
        "prevIterator": f"-{endpoint_id}",
        "done": True,
    }
    assert world.worker.asked == [ListMessageDeliveries(PAID.id, 50)]
    assert world.dispatcher.asked == [GetEndpoints(STATE.tenant_id, APPLICATION_ID, (ENDPOINT_ID,))]


async def test_deliveries_to_deleted_endpoints_are_shown_with_what_is_left_of_them(
    world: World,
) -> None:
    cancelled = delivery(status=DeliveryStatus.CANCELED, canceled_reason=REASON)
    world.worker.answers[ListMessageDeliveries] = Deliveries(
        (
            replace(cancelled, endpoint_id=UNKNOWN_ID),
            replace(cancelled, endpoint_id=GONE_ID, url="https://example.com/before"),
        )
    )
    unknown, gone = (await world.client.get(DESTINATIONS)).json()["data"]
    for found in (unknown, gone):
        assert (found["status"], found["statusText"]) == (2, "fail")
        assert (found["canceledReason"], found["deleted"]) == (REASON, True)
        assert (found["disabled"], found["uid"], found["eventTypes"]) == (True, None, None)
    assert gone["url"] == "https://example.com/before"
    assert gone["createdAt"] == "2030-01-02T03:04:05.678901Z"
    assert unknown["url"] == "https://deleted.invalid/"
    assert unknown["createdAt"] == "1970-01-01T00:00:01Z"


@pytest.mark.parametrize(
    ("status", "number", "text"),
    [
        (DeliveryStatus.SUCCESS, 0, "success"),
        (DeliveryStatus.PENDING, 1, "pending"),
        (DeliveryStatus.FAIL, 2, "fail"),
        (DeliveryStatus.CANCELED, 2, "fail"),
        (DeliveryStatus.SENDING, 3, "sending"),
    ],
)
async def test_a_status_is_one_that_every_sdk_can_read(
    world: World, status: DeliveryStatus, number: int, text: str
) -> None:
    at = MADE_AT + timedelta(hours=1)
    stands = delivery(status=status, next_attempt_at=at)
    world.worker.answers[ListMessageDeliveries] = Deliveries((stands,))
    world.worker.answers[FindDeliveries] = Deliveries((stands,))
    for path in (DESTINATIONS, MESSAGES):
        (found,) = (await world.client.get(path)).json()["data"]
        assert (found["status"], found["statusText"]) == (number, text)
        assert found["nextAttempt"] == "2030-01-02T04:04:05.678901Z"
        assert "canceledReason" not in found


async def test_destinations_go_on_from_an_iterator_in_both_directions(world: World) -> None:
    world.worker.answers[ListMessageDeliveries] = Deliveries((), done=False)
    past = format_id(ENDPOINT, ENDPOINT_ID)
    for sign, backwards in (("", False), ("-", True)):
        path = f"{DESTINATIONS}?limit=7&iterator={sign}{past}"
        answer = (await world.client.get(path)).json()
        assert answer == {
            "data": [],
            "iterator": past,
            "prevIterator": f"-{past}",
            "done": False,
        }
        question = ListMessageDeliveries(PAID.id, 7, ENDPOINT_ID, backwards)
        assert world.worker.asked.pop() == question
    assert world.dispatcher.asked == []


async def test_messages_of_an_endpoint_come_with_where_each_stands(world: World) -> None:
    reason = "cancelled manually"
    world.worker.answers[FindDeliveries] = Deliveries(
        (
            delivery(TEST, DeliveryStatus.CANCELED, canceled_reason=reason),
            delivery(PAID, DeliveryStatus.SUCCESS),
        )
    )
    answer = await world.client.get(MESSAGES)
    assert answer.status_code == 200
    assert b'{"a": 1.50}' in answer.content
    first, second = answer.json()["data"]
    assert first == {
        "id": PAID_ID,
        "eventType": "invoice.paid",
        "eventId": "evt-3",
        "payload": {"a": 1.5},
        "channels": ["eu"],
        "tags": None,
        "timestamp": "1970-01-01T00:00:00.003000Z",
        "status": 0,
        "statusText": "success",
        "nextAttempt": None,
    }
    assert (second["eventId"], second["status"], second["canceledReason"]) == ("evt-1", 2, reason)
    assert answer.json()["done"]
    assert world.worker.asked == [FindDeliveries(ENDPOINT_ID, (PAID.id, VOID.id, TEST.id))]
    without = await world.client.get(f"{MESSAGES}?with_content=false")
    assert [item["payload"] for item in without.json()["data"]] == [{}, {}]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (0, ["evt-3"]),
        (1, []),
        (2, ["evt-2", "evt-1"]),
        (4, ["evt-1"]),
    ],
)
async def test_messages_can_be_narrowed_by_status(
    world: World, wanted: int, found: list[str]
) -> None:
    world.worker.answers[FindDeliveries] = Deliveries(
        (
            delivery(TEST, DeliveryStatus.CANCELED, canceled_reason=REASON),
            delivery(VOID, DeliveryStatus.FAIL),
            delivery(PAID, DeliveryStatus.SUCCESS),
        )
    )
    answer = await world.client.get(f"{MESSAGES}?status={wanted}")
    assert [item["eventId"] for item in answer.json()["data"]] == found


async def test_a_canceled_delivery_has_a_status_of_its_own_for_those_who_ask_for_it(
    world: World,
) -> None:
    world.worker.answers[FindDeliveries] = Deliveries(
        (
            delivery(TEST, DeliveryStatus.CANCELED, canceled_reason=REASON),
            delivery(VOID, DeliveryStatus.FAIL),
        )
    )
    for query, shown in (
        ("", [(2, "fail"), (2, "fail")]),
        ("&expanded_statuses=false", [(2, "fail"), (2, "fail")]),
        ("&expanded_statuses=true", [(2, "fail"), (4, "canceled")]),
        ("&expanded_statuses=true&status=2", [(2, "fail")]),
        ("&expanded_statuses=true&status=4", [(4, "canceled")]),
    ):
        items = (await world.client.get(f"{MESSAGES}?limit=9{query}")).json()["data"]
        assert [(item["status"], item["statusText"]) for item in items] == shown


async def test_messages_are_narrowed_by_what_the_journal_knows(world: World) -> None:
    query = "channel=eu&tag=vip&event_types=a,b&after=2030-01-02T03:04:05.678901Z"
    assert (await world.client.get(f"{MESSAGES}?{query}&limit=3")).status_code == 200
    expected = MessageFilter(channel="eu", tag="vip", event_types=("a", "b"), after=MADE_AT)
    assert world.journal.asked == [(APPLICATION_ID, MessageWindow(3), expected)]


class LongJournal:
    """Gives pages of a journal of many messages, the newest first."""

    def __init__(self, world: World, count: int) -> None:
        self.steps: list[int] = []
        self._messages = [
            Message(lowest_id_at(at_ms), "a", None, None, None, b"{}")
            for at_ms in range(count, 0, -1)
        ]
        world.journal.page = self.page  # type: ignore[method-assign]

    async def page(
        self, application_id: bytes, window: MessageWindow, chosen: Any, *, with_content: bool
    ) -> MessagePage:
        assert (application_id, with_content) == (APPLICATION_ID, False)
        self.steps.append(window.limit)
        past, limit = window.past, window.limit
        if window.backwards:
            beyond = [each for each in self._messages if past is None or each.id > past]
            items = beyond[-limit:]
        else:
            beyond = [each for each in self._messages if past is None or each.id < past]
            items = beyond[:limit]
        ends = (items[-1].id, items[0].id) if items else (past, past)
        return MessagePage(items, len(beyond) <= limit, *ends)


def at(*times_ms: int) -> list[str]:
    return [format_id(MESSAGE, lowest_id_at(each)) for each in times_ms]


async def test_a_page_looks_as_far_as_it_must_and_the_next_goes_on_from_there(
    world: World,
) -> None:
    journal = LongJournal(world, 1_000)
    sent = {lowest_id_at(each) for each in (998, 900, 500, 400, 3)}
    world.worker.answers[FindDeliveries] = lambda question: Deliveries(
        tuple([delivery(message_id=each) for each in question.message_ids if each in sent])
    )

    async def page(iterator: str | None = None) -> tuple[list[str], Any]:
        params = {"limit": "2"} | ({} if iterator is None else {"iterator": iterator})
        answer = (await world.client.get(MESSAGES, params=params)).json()
        return [item["id"] for item in answer["data"]], answer

    ids, first = await page()
    assert (ids, first["done"], journal.steps) == (at(998, 900), False, [2, 250])
    ids, second = await page(first["iterator"])
    assert (ids, second["done"]) == (at(500, 400), False)
    ids, third = await page(second["iterator"])
    assert (ids, third["done"]) == (at(3), True)
    ids, back = await page(third["prevIterator"])
    assert ids == at(500, 400)
    ids, _ = await page(back["prevIterator"])
    assert ids == at(998, 900)


async def test_what_one_page_looks_through_is_bounded(world: World) -> None:
    journal = LongJournal(world, 6_000)
    world.worker.answers[FindDeliveries] = Deliveries(())
    answer = (await world.client.get(f"{MESSAGES}?limit=250")).json()
    assert (answer["data"], answer["done"]) == ([], False)
    assert answer["iterator"] == at(1_001)[0]
    assert answer["prevIterator"] is None
    assert journal.steps == [250] * 20


async def test_a_page_that_the_journal_cut_short_is_passed_on(world: World) -> None:
    world.journal.next_page = MessagePage([PAID], done=False, oldest=TEST.id, newest=PAID.id)
    answer = (await world.client.get(f"{MESSAGES}?limit=3")).json()
    assert ([item["id"] for item in answer["data"]], answer["done"]) == ([PAID_ID], False)
    assert answer["iterator"] == format_id(MESSAGE, TEST.id)
    assert len(world.journal.asked) == 1


@pytest.mark.parametrize("path", [DESTINATIONS, MESSAGES])
@pytest.mark.parametrize("query", ["iterator=nonsense", "limit=0", "status=9"])
async def test_a_bad_parameter_is_422_and_named(world: World, path: str, query: str) -> None:
    if path == DESTINATIONS and query.startswith("status"):
        query = "limit=251"
    answer = await world.client.get(f"{path}?{query}")
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["detail"]] == [["query", query.split("=")[0]]]
    assert world.worker.asked == []


async def test_what_is_not_the_tenants_own_is_404_before_the_worker_is_asked(
    world: World,
) -> None:
    world.dispatcher.answers[GetEndpoint] = Problem(ProblemCode.NOT_FOUND, "no such endpoint")
    for path in ("msg/evt-9/endpoint", "endpoint/foreign/msg"):
        answer = await world.client.get(f"/api/v1/app/acme/{path}")
        assert answer.status_code == 404, path
    assert world.worker.asked == []


@pytest.mark.parametrize("path", [DESTINATIONS, MESSAGES])
async def test_a_worker_that_does_not_answer_is_503(world: World, path: str) -> None:
    away = Problem(ProblemCode.UNAVAILABLE, "Not reachable. Try again.")
    world.worker.answers[ListMessageDeliveries] = world.worker.answers[FindDeliveries] = away
    answer = await world.client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
