"""Reading messages: /api/v1/app/{app_id}/msg"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from angarium_contracts.configuration import GetApplication
from angarium_contracts.ids import MESSAGE, format_id, lowest_id_at
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.read.messages import (
    Message,
    MessageFilter,
    MessagePage,
    MessageWindow,
)

from .conftest import APPLICATION_ID, STATE, World

PATH = "/api/v1/app/acme/msg"
AT_MS = 1_893_553_445_678
PAYLOAD = b'{"amount":12345678901234567890123,"b":1.10}'
PAID = Message(
    id=lowest_id_at(AT_MS),
    event_type="invoice.paid",
    event_id="evt-1",
    channels=("eu",),
    tags=None,
    payload=PAYLOAD,
)
PAID_ID = format_id(MESSAGE, PAID.id)


@pytest.fixture
def world(world: World) -> World:
    world.copy.states[APPLICATION_ID] = STATE
    world.journal.messages[APPLICATION_ID] = [PAID]
    return world


async def test_a_message_is_found_by_id_and_by_event_id(world: World) -> None:
    for ref in (PAID_ID, "evt-1"):
        answer = await world.client.get(f"{PATH}/{ref}/")
        assert answer.status_code == 200
        assert answer.json() == {
            "id": PAID_ID,
            "eventType": "invoice.paid",
            "eventId": "evt-1",
            "payload": {"amount": 12345678901234567890123, "b": 1.1},
            "channels": ["eu"],
            "tags": None,
            "timestamp": "2030-01-02T03:04:05.678000Z",
        }


async def test_a_message_with_a_time_of_its_own_says_when_and_whether_it_was_cancelled(
    world: World,
) -> None:
    at = datetime(2030, 2, 3, 4, 5, 6, 700_000, tzinfo=UTC)
    world.journal.messages[APPLICATION_ID] = [
        replace(PAID, deliver_at=at),
        replace(PAID, deliver_at=at, canceled_at=at),
    ]
    scheduled, canceled = (await world.client.get(PATH)).json()["data"]
    assert scheduled["deliverAt"] == "2030-02-03T04:05:06.700000Z"
    assert "canceledAt" not in scheduled
    assert canceled["canceledAt"] == "2030-02-03T04:05:06.700000Z"


async def test_a_payload_keeps_its_text_and_is_empty_without_content(world: World) -> None:
    assert PAYLOAD in (await world.client.get(f"{PATH}/{PAID_ID}")).content
    for path in (f"{PATH}/{PAID_ID}?with_content=false", f"{PATH}?with_content=false"):
        body = (await world.client.get(path)).json()
        assert (body["data"][0] if "data" in body else body)["payload"] == {}


async def test_a_raw_payload_is_shown_as_it_was_posted(world: World) -> None:
    raw = replace(PAID, payload=b'<a b="\xc3\xa9"/>\n', content_type="application/xml")
    world.journal.messages[APPLICATION_ID] = [raw]
    (listed,) = (await world.client.get(PATH)).json()["data"]
    found = (await world.client.get(f"{PATH}/{PAID_ID}")).json()
    assert found == listed
    assert found["contentType"] == "application/xml"
    assert found["payload"] == {
        "rawPayload": '<a b="é"/>\n',
        "headers": {"content-type": "application/xml"},
    }
    bare = (await world.client.get(f"{PATH}/{PAID_ID}?with_content=false")).json()
    assert (bare["payload"], bare["contentType"]) == ({}, "application/xml")


async def test_a_deleted_payload_says_so(world: World) -> None:
    world.journal.messages[APPLICATION_ID] = [
        replace(PAID, payload=b"", content_type="text/csv", expunged=True)
    ]
    found = (await world.client.get(f"{PATH}/{PAID_ID}")).json()
    assert (found["payload"], "contentType" in found) == ({"expired": True}, False)
    assert (await world.client.get(PATH)).json()["data"] == [found]
    bare = (await world.client.get(f"{PATH}/{PAID_ID}?with_content=false")).json()
    assert bare["payload"] == {}


async def test_a_list_gives_iterators_in_both_directions(world: World) -> None:
    older, newer = lowest_id_at(1), lowest_id_at(2)
    world.journal.next_page = MessagePage([], done=False, oldest=older, newest=newer)
    answer = await world.client.get(f"{PATH}?limit=3")
    members = answer.json()
    assert members == {
        "data": [],
        "iterator": format_id(MESSAGE, older),
        "prevIterator": "-" + format_id(MESSAGE, newer),
        "done": False,
    }
    await world.client.get(PATH, params={"iterator": members["iterator"]})
    await world.client.get(PATH, params={"iterator": members["prevIterator"]})
    assert [window for _, window, _ in world.journal.asked] == [
        MessageWindow(3),
        MessageWindow(50, older),
        MessageWindow(50, newer, backwards=True),
    ]


async def test_all_filters_reach_the_journal(world: World) -> None:
    params = {
        "channel": "eu",
        "tag": "vip",
        "event_types": "invoice.paid,invoice.sent",
        "before": "2030-01-01T01:00:00+01:00",
        "after": "2029-01-01T00:00:00",
    }
    assert (await world.client.get(PATH, params=params)).status_code == 200
    assert world.journal.asked[0][2] == MessageFilter(
        channel="eu",
        tag="vip",
        event_types=("invoice.paid", "invoice.sent"),
        before=datetime(2030, 1, 1, tzinfo=UTC),
        after=datetime(2029, 1, 1, tzinfo=UTC),
    )


async def test_an_unknown_message_or_application_is_404_with_a_remedy(world: World) -> None:
    world.dispatcher.answers[GetApplication] = Problem(ProblemCode.NOT_FOUND, "no")
    for path, words in (
        (f"{PATH}/msg_0000000000000000000000", "eventId"),
        ("/api/v1/app/nobody/msg", "Create it first"),
    ):
        answer = await world.client.get(path)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
        assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=251", "limit"),
        ("limit=ten", "limit"),
        ("iterator=app_1srOrx2ZWZBpBUvZwXKQmoEYga2", "iterator"),
        ("iterator=", "iterator"),
        ("before=yesterday", "before"),
        ("after=2030-02-30T00:00:00Z", "after"),
        ("channel=a%20b", "channel"),
        ("tag=", "tag"),
        ("limit=5&limit=3", "limit"),
        ("tag=a&tag=a", "tag"),
        ("Limit=5", "Limit"),
        ("event_type=a", "event_type"),
        ("limit[]=5", "limit[]"),
        ("after=2026-11-29T10:00:00+02:00", "after"),
        ("after=2026-11-29", "after"),
        ("event_types=a,,b", "event_types"),
        ("with_content=perhaps", "with_content"),
    ],
)
async def test_a_bad_query_parameter_is_422_and_named(world: World, query: str, name: str) -> None:
    answer = await world.client.get(f"{PATH}?{query}")
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["detail"]] == [["query", name]]
    assert world.journal.asked == []


@pytest.mark.parametrize(
    "query",
    [
        "event_types=a,b",
        "event_types=a&event_types=b",
        "event_types[]=a&event_types[]=b",
        "event_types%5B%5D=a,b",
        "event_types[0]=a&event_types[1]=b&event_types=a",
    ],
)
async def test_every_form_of_a_list_in_a_query_means_the_union(world: World, query: str) -> None:
    answer = await world.client.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    assert world.journal.asked[0][2].event_types == ("a", "b")


async def test_a_tag_of_any_text_can_be_searched(world: World) -> None:
    for tag in ("a b", "ü+%&=,", "x" * 200, "😀"):
        world.journal.asked.clear()
        answer = await world.client.get(PATH, params={"tag": tag})
        assert answer.status_code == 200, answer.text
        assert world.journal.asked[0][2].tag == tag


async def test_a_payload_is_read_byte_for_byte_with_its_content_type(world: World) -> None:
    raw = replace(PAID, id=lowest_id_at(1), payload=b"<a/>", content_type="text/html")
    gone = replace(PAID, id=lowest_id_at(2), payload=b"", expunged=True)
    world.journal.messages[APPLICATION_ID] = [PAID, raw, gone]
    answer = await world.client.get(f"{PATH}/{PAID_ID}/raw")
    assert (answer.status_code, answer.content) == (200, PAYLOAD)
    assert answer.headers["content-type"] == "application/json"
    answer = await world.client.get(f"{PATH}/{format_id(MESSAGE, raw.id)}/raw")
    assert answer.content == b"<a/>"
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for missing in (gone.id, lowest_id_at(3)):
        answer = await world.client.get(f"{PATH}/{format_id(MESSAGE, missing)}/raw")
        assert answer.status_code == 404
