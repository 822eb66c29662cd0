"""Searches in one application and in all."""

from datetime import UTC, datetime
from typing import Any

import pytest
from angarium_contracts.attempts import Attempts, AttemptStatus, SearchAttempts
from angarium_contracts.ids import APPLICATION, ENDPOINT, MESSAGE, format_id, lowest_id_at
from angarium_gateway.application.read.messages import (
    FoundMessage,
    FoundMessages,
    Message,
    TooManyApplications,
)

from .conftest import APPLICATION_ID, ENDPOINT_ID, STATE, TENANT, World
from .test_api_attempts import ATTEMPT_1

PAID = Message(lowest_id_at(1), "invoice.paid", "evt-1", ("eu",), None, None)


@pytest.fixture
def world(world: World) -> World:
    world.copy.states[APPLICATION_ID] = STATE
    world.search.page = FoundMessages(
        (FoundMessage(APPLICATION_ID, PAID),), done=False, oldest=PAID.id, newest=PAID.id
    )
    found = Attempts(items=(ATTEMPT_1,), done=True, iterator="it", prev_iterator="-it")
    world.worker.answers[SearchAttempts] = found
    return world


async def test_messages_are_searched_by_all_filters(world: World) -> None:
    paid_id = format_id(MESSAGE, PAID.id)
    query = (
        f"?id_prefix={paid_id[:9]}&event_id_prefix=evt&tag=vip&channel=eu"
        "&event_types=invoice.paid&after=2026-01-01T00:00:00Z&limit=10"
    )
    answer = await world.client.get("/api/v1/search/messages" + query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    (item,) = body["data"]
    assert (item["id"], item["appId"]) == (paid_id, format_id(APPLICATION, APPLICATION_ID))
    assert item["payload"] == {}
    assert (body["iterator"], body["prevIterator"], body["done"]) == (paid_id, f"-{paid_id}", False)
    ((tenant_id, application_id, window, chosen),) = world.search.asked
    assert (tenant_id, application_id, window.limit) == (TENANT, None, 10)
    assert (chosen.tag, chosen.channel, chosen.event_types) == ("vip", "eu", ("invoice.paid",))
    assert (chosen.event_id_prefix, chosen.event_id) == ("evt", None)
    assert chosen.after == datetime(2026, 1, 1, tzinfo=UTC)
    assert chosen.ids is not None
    assert chosen.ids[0] <= PAID.id <= chosen.ids[1]
    await world.client.get(f"/api/v1/app/acme/search/messages?iterator=-{paid_id}")
    _, application_id, window, _ = world.search.asked[-1]
    assert (application_id, window.past, window.backwards) == (APPLICATION_ID, PAID.id, True)


async def test_attempts_are_searched_by_all_filters(world: World) -> None:
    query = (
        f"?status=2&status_code_class=500&endpoint_id={format_id(ENDPOINT, ENDPOINT_ID)}"
        "&event_types=a,b&channel=eu"
    )
    answer = await world.client.get("/api/v1/app/acme/search/attempts" + query)
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["data"]
    assert (item["eventType"], item["appId"], item["status"]) == ("invoice.paid", None, 2)
    (asked,) = world.worker.asked
    assert isinstance(asked, SearchAttempts)
    assert (asked.tenant_id, asked.application_id, asked.endpoint_id) == (
        TENANT, APPLICATION_ID, ENDPOINT_ID
    )  # fmt: skip
    assert (asked.filter.status, asked.filter.status_class) == (AttemptStatus.FAIL, 500)
    assert (asked.filter.event_types, asked.filter.channel) == (("a", "b"), "eu")
    assert (await world.client.get("/api/v1/search/attempts")).status_code == 200
    asked = world.worker.asked[-1]
    assert isinstance(asked, SearchAttempts)
    assert (asked.application_id, asked.endpoint_id) == (None, None)


async def test_the_latest_attempts_are_the_deliveries_as_they_are_now(world: World) -> None:
    answer = await world.client.get(
        "/api/v1/app/acme/search/attempts?latest=true&status=2&will_retry=false"
    )
    assert answer.status_code == 200, answer.text
    (asked,) = world.worker.asked
    assert isinstance(asked, SearchAttempts)
    assert (asked.filter.latest, asked.filter.will_retry, asked.message_ids) == (True, False, None)


async def test_attempts_of_messages_with_a_tag_are_found_through_the_journal(world: World) -> None:
    path = "/api/v1/app/acme/search/attempts?tag=vip&event_id_prefix=evt&status=2&limit=1"
    world.worker.answers[SearchAttempts] = Attempts(
        items=(ATTEMPT_1,), done=False, iterator="atmpt_1"
    )
    first = (await world.client.get(path)).json()
    (asked,) = world.worker.asked
    assert isinstance(asked, SearchAttempts)
    assert (asked.message_ids, asked.filter.status) == ((PAID.id,), AttemptStatus.FAIL)
    assert (asked.page.limit, asked.page.iterator) == (1, None)
    _, application_id, window, chosen = world.search.asked[-1]
    assert (application_id, window.past) == (APPLICATION_ID, None)
    assert (chosen.tag, chosen.event_id_prefix) == ("vip", "evt")
    assert (first["done"], first["prevIterator"]) == (False, None)

    # The next page goes on within the same messages, however many came meanwhile.
    world.worker.answers[SearchAttempts] = Attempts(items=(ATTEMPT_1,), done=True)
    second = (await world.client.get(f"{path}&iterator={first['iterator']}")).json()
    asked = world.worker.asked[-1]
    assert isinstance(asked, SearchAttempts)
    assert asked.page.iterator == "atmpt_1"
    window = world.search.asked[-1][2]
    assert window.past == (int.from_bytes(PAID.id) + 1).to_bytes(16)

    # And the one after it with older messages.
    assert (second["iterator"], second["done"]) == (format_id(MESSAGE, PAID.id), False)
    await world.client.get(f"{path}&iterator={second['iterator']}")
    assert world.search.asked[-1][2].past == PAID.id


async def test_a_page_without_such_messages_asks_no_worker(world: World) -> None:
    world.search.page = FoundMessages((), done=False, oldest=PAID.id, newest=None)
    answer = (await world.client.get("/api/v1/search/attempts?tag=vip")).json()
    assert (answer["data"], answer["done"]) == ([], False)
    assert answer["iterator"] == format_id(MESSAGE, PAID.id)
    assert world.worker.asked == []


@pytest.mark.parametrize(
    "path",
    [
        "/search/attempts?msg_id_prefix=atmpt_1",
        "/search/attempts?tag=vip&iterator=atmpt_1",
        "/search/attempts?will_retry=perhaps",
        "/search/messages?id_prefix=atmpt_1",
        "/search/messages?id_prefix=msg_~",
        "/search/messages?iterator=x",
        "/search/attempts?endpoint_id=orders",
        "/search/attempts?unknown=1",
    ],
)
async def test_what_cannot_be_searched_for_is_refused(world: World, path: str) -> None:
    answer = await world.client.get("/api/v1" + path)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("path", ["messages?tag=vip", "attempts?tag=vip"])
async def test_a_search_of_too_many_applications_is_refused(world: World, path: str) -> None:
    async def refuse(*_: Any, **__: Any) -> FoundMessages:
        raise TooManyApplications(2_000)

    world.search.search = refuse  # type: ignore[method-assign]
    answer = await world.client.get(f"/api/v1/search/{path}")
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert fault["loc"] == ["query"]
    assert "2,000 applications" in fault["msg"]
