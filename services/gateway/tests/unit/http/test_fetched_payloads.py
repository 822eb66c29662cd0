"""The payloads of thin events, fetched by the links that the worker signs."""

from typing import Any

import pytest
from angarium_contracts.configuration import GetApplication
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.read.messages import Message
from angarium_webhooks.fetch_link import KEY_PURPOSE, PATH, FetchGrant, write_link

from .conftest import APPLICATION_ID, MADE_AT, OTHER_TENANT, STATE, TENANT, World

MESSAGE_ID = b"m" * 16
NOW_S = int(MADE_AT.timestamp())


def a_message(**members: Any) -> Message:
    values = {"payload": b'{ "a" : 1.50 }'} | members
    return Message(MESSAGE_ID, "invoice.paid", None, None, None, **values)


def a_link(world: World, key: bytes | None = None, **members: Any) -> str:
    values: dict[str, Any] = {
        "tenant_id": TENANT,
        "application_id": APPLICATION_ID,
        "message_id": MESSAGE_ID,
        "ends_s": NOW_S + 60,
    }
    key = key or world.seal.derived_key(KEY_PURPOSE)
    return PATH + write_link(key, FetchGrant(**(values | members)))


@pytest.fixture
def known(world: World) -> World:
    world.copy.states[STATE.id] = STATE
    world.journal.messages[APPLICATION_ID] = [a_message()]
    world.client.headers.pop("authorization", None)
    return world


@pytest.mark.parametrize(
    ("members", "media_type"),
    [({}, "application/json"), ({"payload": b"<a/>", "content_type": "text/xml"}, "text/xml")],
)
async def test_a_link_gives_the_payload_byte_for_byte_without_a_key(
    known: World, members: dict[str, Any], media_type: str
) -> None:
    message = a_message(**members)
    known.journal.messages[APPLICATION_ID] = [message]
    answer = await known.client.get(a_link(known))
    assert (answer.status_code, answer.content) == (200, message.payload)
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_link_ends_with_its_time_and_its_payload(known: World) -> None:
    answer = await known.client.get(a_link(known, ends_s=NOW_S))
    assert (answer.status_code, answer.json()["code"]) == (410, "link_ended")
    known.journal.messages[APPLICATION_ID] = [a_message(payload=b"{}", expunged=True)]
    answer = await known.client.get(a_link(known))
    assert (answer.status_code, answer.json()["code"]) == (410, "payload_deleted")
    known.journal.messages[APPLICATION_ID] = []
    assert (await known.client.get(a_link(known))).status_code == 404


async def test_a_link_that_a_former_key_signed_gives_the_payload(known: World) -> None:
    link = a_link(known, known.former_seal.derived_key(KEY_PURPOSE))
    assert (await known.client.get(link)).status_code == 200


async def test_nothing_but_a_signed_link_gives_a_payload(known: World) -> None:
    unknown = Problem(ProblemCode.NOT_FOUND, "There is no such application.")
    known.dispatcher.answers[GetApplication] = unknown
    link = a_link(known)
    forged = [
        a_link(known, b"x" * 32),
        a_link(known, tenant_id=OTHER_TENANT),
        a_link(known, application_id=b"o" * 16),
        link[:-1],
        link + "A",
        link[:20] + ("A" if link[20] != "A" else "B") + link[21:],
        PATH + "msg_1",
        PATH + "%C3%BC" * 40,
    ]
    for each in forged:
        answer = await known.client.get(each)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), each


async def test_a_link_is_no_secret_of_the_log_when_its_request_fails(
    known: World, capsys: pytest.CaptureFixture[str]
) -> None:
    known.copy.states.clear()
    link = a_link(known)
    known.dispatcher.answers[GetApplication] = Problem(ProblemCode.UNAVAILABLE, "Try again.")
    answer = await known.client.get(link)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert link not in "".join(capsys.readouterr())
