"""Where deliveries stand, through the official SDK and in what only Angarium tells."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from svix.api import (
    ApplicationIn,
    ApplicationOut,
    EndpointIn,
    EndpointPatch,
    MessageAttemptListAttemptedDestinationsOptions,
    MessageAttemptListAttemptedMessagesOptions,
    MessageIn,
    MessageStatus,
    Svix,
)
from svix.exceptions import HttpError
from svix.models import MessageEndpointOut, MessageStatusText

from ..waiting import until  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

type Data = list[dict[str, Any]]


def post(svix: Svix, app_id: str, event_type: str = "a") -> str:
    message = MessageIn(event_type=event_type, payload={"a": 1}, channels=["c"], tags=["t"])
    return svix.message.create(app_id, message).id


def settled(svix: Svix, app_id: str, msg_id: str, count: int) -> list[MessageEndpointOut]:
    """The destinations of a message once so many deliveries have ended."""

    def found() -> list[MessageEndpointOut] | None:
        data = svix.message_attempt.list_attempted_destinations(app_id, msg_id).data
        ended = [one for one in data if one.status in (MessageStatus.SUCCESS, MessageStatus.FAIL)]
        return data if len(ended) >= count else None

    return until(found, 20, f"{count} deliveries have ended")


def listed(api: httpx.Client, path: str, holds: Callable[[Data], bool]) -> Data:
    """What a list of deliveries gives once it is as wanted."""

    def found() -> Data | None:
        answer = api.get(path)
        assert answer.status_code == 200, answer.text
        data: Data = answer.json()["data"]
        return data if holds(data) else None

    return until(found, 20, f"{path} is as wanted")


def waiting_endpoint(api: httpx.Client, app_id: str, receiver: WebhookReceiver) -> str:
    """An endpoint that fails, and is tried again in ten minutes."""
    body = {"url": f"{receiver.url}/status/503", "retrySchedule": [600]}
    created = api.post(f"/app/{app_id}/endpoint", json=body)
    assert created.status_code == 201, created.text
    return str(created.json()["id"])


def test_a_message_tells_where_it_stands_for_each_endpoint(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    good = svix.endpoint.create(
        application.id, EndpointIn(url=f"{receiver.url}/ok", uid="good", channels=["c"])
    )
    bad = svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/status/503"))
    message = post(svix, application.id)

    first, second = settled(svix, application.id, message, 2)

    assert (first.id, first.uid, first.url) == (good.id, "good", good.url)
    assert (first.status, first.status_text) == (MessageStatus.SUCCESS, MessageStatusText.SUCCESS)
    assert (first.channels, first.created_at) == (["c"], good.created_at)
    assert first.next_attempt is None
    assert (second.id, second.status) == (bad.id, MessageStatus.FAIL)
    options = MessageAttemptListAttemptedDestinationsOptions
    page = svix.message_attempt.list_attempted_destinations(
        application.id, message, options(limit=1)
    )
    assert ([one.id for one in page.data], page.done) == ([good.id], False)
    page = svix.message_attempt.list_attempted_destinations(
        application.id, message, options(limit=1, iterator=page.iterator)
    )
    assert ([one.id for one in page.data], page.done) == ([bad.id], True)


def test_an_endpoint_lists_its_messages_newest_first_and_narrowed(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    endpoint = svix.endpoint.create(
        application.id, EndpointIn(url=f"{receiver.url}/ok", event_types=["a", "b"])
    )
    messages = [post(svix, application.id, event_type) for event_type in ("a", "b", "other", "a")]
    for message in (messages[0], messages[1], messages[3]):
        settled(svix, application.id, message, 1)

    def found(**options: Any) -> list[str]:
        page = svix.message_attempt.list_attempted_messages(
            application.id, endpoint.id, MessageAttemptListAttemptedMessagesOptions(**options)
        )
        return [one.id for one in page.data]

    newest_first = [messages[3], messages[1], messages[0]]
    assert found() == newest_first
    assert found(status=MessageStatus.SUCCESS, channel="c", tag="t") == newest_first
    assert found(status=MessageStatus.FAIL) == []
    assert found(event_types=["b"]) == [messages[1]]
    assert found(channel="d") == []
    assert found(after=datetime.now(UTC)) == []
    assert found(limit=1) == newest_first[:1]
    whole = MessageAttemptListAttemptedMessagesOptions(with_content=True, limit=2)
    page = svix.message_attempt.list_attempted_messages(application.id, endpoint.id, whole)
    assert [(one.payload, one.event_type) for one in page.data] == [
        ({"a": 1}, "a"),
        ({"a": 1}, "b"),
    ]
    assert page.data[0].status_text == MessageStatusText.SUCCESS
    rest = svix.message_attempt.list_attempted_messages(
        application.id,
        endpoint.id,
        MessageAttemptListAttemptedMessagesOptions(iterator=page.iterator),
    )
    assert ([one.id for one in rest.data], rest.done) == ([messages[0]], True)
    assert rest.data[0].payload == {}


@pytest.mark.parametrize("deleted", [False, True])
def test_pending_deliveries_of_a_closed_endpoint_end_and_tell_why(
    svix: Svix,
    checked_api: httpx.Client,
    application: ApplicationOut,
    receiver: WebhookReceiver,
    *,
    deleted: bool,
) -> None:
    endpoint = waiting_endpoint(checked_api, application.id, receiver)
    message = post(svix, application.id)
    destinations = f"/app/{application.id}/msg/{message}/endpoint"
    (pending,) = listed(checked_api, destinations, bool)
    assert (pending["status"], pending["statusText"]) == (3, "sending")
    assert datetime.fromisoformat(pending["nextAttempt"]) > datetime.now(UTC)
    for number, expected in ((3, [message]), (1, []), (2, [])):
        some = checked_api.get(f"/app/{application.id}/endpoint/{endpoint}/msg?status={number}")
        assert [one["id"] for one in some.json()["data"]] == expected
    assert "canceledReason" not in pending

    if deleted:
        svix.endpoint.delete(application.id, endpoint)
    else:
        svix.endpoint.patch(application.id, endpoint, EndpointPatch(disabled=True))

    (ended,) = listed(checked_api, destinations, lambda data: data[0]["status"] == 2)
    assert (ended["id"], ended["statusText"], ended["nextAttempt"]) == (endpoint, "fail", None)
    assert ended["canceledReason"] == f"the endpoint is {'deleted' if deleted else 'disabled'}"
    assert ended.get("deleted", False) is deleted
    assert ended["url"] == f"{receiver.url}/status/503"
    (read,) = svix.message_attempt.list_attempted_destinations(application.id, message).data
    assert (read.status, read.disabled) == (MessageStatus.FAIL, True)
    if not deleted:
        of_endpoint = f"/app/{application.id}/endpoint/{endpoint}/msg"
        for wanted in ("2", "4"):
            (listed_one,) = listed(checked_api, f"{of_endpoint}?status={wanted}", bool)
            shown = (listed_one["id"], listed_one["canceledReason"])
            assert shown == (message, ended["canceledReason"])


def test_a_delivery_that_was_cancelled_by_hand_tells_so(
    checked_api: httpx.Client,
    api: httpx.Client,
    svix: Svix,
    application: ApplicationOut,
    receiver: WebhookReceiver,
) -> None:
    waiting_endpoint(checked_api, application.id, receiver)
    message = post(svix, application.id)
    destinations = f"/app/{application.id}/msg/{message}/endpoint"
    listed(checked_api, destinations, bool)

    cancelled = api.post(f"/app/{application.id}/msg/{message}/cancel")

    assert cancelled.status_code < 300, cancelled.text
    (ended,) = listed(checked_api, destinations, lambda data: data[0]["status"] == 2)
    assert ended["canceledReason"] == "cancelled manually"


def test_what_is_not_there_is_not_found(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    endpoint = svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok"))
    message = post(svix, application.id)
    other = svix.application.create(ApplicationIn(name="Other"))

    for call in (
        lambda: svix.message_attempt.list_attempted_destinations(other.id, message),
        lambda: svix.message_attempt.list_attempted_messages(other.id, endpoint.id),
    ):
        with pytest.raises(HttpError) as refusal:
            call()
        assert (refusal.value.status_code, refusal.value.code) == (404, "not_found")
