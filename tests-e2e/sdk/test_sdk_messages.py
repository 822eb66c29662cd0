"""Messages through the official SDK: what is stored, what is delivered to whom, and when."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from svix.api import (
    ApplicationIn,
    ApplicationOut,
    EndpointIn,
    EndpointPatch,
    MessageCreateOptions,
    MessageGetOptions,
    MessageIn,
    MessageListOptions,
    Svix,
)
from svix.api.message import message_in_raw
from svix.exceptions import HttpError
from svix.webhooks import Webhook

from ..webhook_receiver import WebhookReceiver  # noqa: TID252 - tests are no installed package

PAYLOAD = {"invoice": "in_1", "cents": 4200}


def post(svix: Svix, app_id: str, event_type: str = "invoice.paid", **members: Any) -> str:
    message = MessageIn(event_type=event_type, payload=PAYLOAD, **members)
    return svix.message.create(app_id, message).id


def test_a_message_is_what_was_posted(svix: Svix, application: ApplicationOut) -> None:
    before = datetime.now(UTC)
    message = MessageIn(
        event_type="invoice.paid", payload=PAYLOAD, event_id="evt-1", channels=["a"], tags=["t"]
    )

    created = svix.message.create(application.id, message, MessageCreateOptions(with_content=True))

    assert created.id.startswith("msg_")
    assert (created.event_type, created.event_id) == ("invoice.paid", "evt-1")
    assert (created.payload, created.channels, created.tags) == (PAYLOAD, ["a"], ["t"])
    assert abs(created.timestamp - before) < timedelta(seconds=30)
    for app_reference in (application.id, str(application.uid)):
        for reference in (created.id, "evt-1"):
            assert svix.message.get(app_reference, reference).id == created.id


def test_a_payload_is_given_only_when_it_is_asked_for(
    svix: Svix, application: ApplicationOut
) -> None:
    identifier = post(svix, application.id)

    (listed,) = svix.message.list(application.id).data
    (whole,) = svix.message.list(application.id, MessageListOptions(with_content=True)).data

    assert (listed.id, listed.payload) == (identifier, {})
    assert whole.payload == PAYLOAD


RAW = [
    ('{"order": 42,  "order": 43}', None),
    ('<a b="é">\r\n\0</a>', "application/xml; charset=utf-8"),
    ("", "text/plain"),
    ('[1, "two"]', None),
    ('"' * 200_000, "text/csv"),
]


def test_a_raw_payload_arrives_byte_for_byte_and_is_read_back(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    endpoint = svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok"))
    secret = svix.endpoint.get_secret(application.id, endpoint.id).key
    for text, content_type in RAW:
        message = message_in_raw("invoice.paid", text, content_type)
        posted = svix.message.create(application.id, message)
        entry = receiver.wait_accepted(posted.id)
        assert entry["body"] == text
        Webhook(secret).verify(
            text.encode(),
            {
                "webhook-id": entry["id"],
                "webhook-timestamp": str(entry["timestamp"]),
                "webhook-signature": entry["signature"],
            },
        )
        kept = svix.message.get(application.id, posted.id, MessageGetOptions(with_content=True))
        if text.startswith("{"):
            assert kept.payload == {"order": 43}
        else:
            headers = {"content-type": content_type or "application/json"}
            assert kept.payload == {"rawPayload": text, "headers": headers}


def test_messages_are_listed_newest_first_and_in_pages(
    svix: Svix, application: ApplicationOut
) -> None:
    made = [post(svix, application.id) for _ in range(5)]

    found: list[str] = []
    iterator = None
    while True:
        page = svix.message.list(application.id, MessageListOptions(limit=2, iterator=iterator))
        found += [message.id for message in page.data]
        if page.done:
            break
        iterator = page.iterator

    assert found == made[::-1]


def test_a_list_of_messages_can_be_narrowed(svix: Svix, application: ApplicationOut) -> None:
    paid = post(svix, application.id, channels=["a", "b"])
    sent = post(svix, application.id, "invoice.sent", channels=["b"])
    tagged = post(svix, application.id, "user.created", tags=["new"])
    an_hour = timedelta(hours=1)

    def found(**options: Any) -> list[str]:
        page = svix.message.list(application.id, MessageListOptions(**options))
        return [message.id for message in page.data]

    assert found(event_types=["invoice.paid"]) == [paid]
    assert found(event_types=["invoice.paid", "user.created"]) == [tagged, paid]
    assert found(channel="b") == [sent, paid]
    assert found(tag="new") == [tagged]
    assert found(after=datetime.now(UTC) - an_hour) == [tagged, sent, paid]
    assert found(before=datetime.now(UTC) - an_hour) == []


def test_a_message_can_bring_its_application_along(svix: Svix) -> None:
    uid = f"brought-{uuid4().hex}"
    message = MessageIn(
        event_type="a", payload={}, application=ApplicationIn(name="Brought", uid=uid)
    )

    created = svix.message.create(uid, message)

    assert svix.application.get(uid).name == "Brought"
    assert svix.message.get(uid, created.id).id == created.id


def test_an_event_id_is_accepted_once_in_an_application(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok"))
    first = post(svix, application.id, event_id="evt-1")

    with pytest.raises(HttpError) as refusal:
        post(svix, application.id, event_id="evt-1")

    assert refusal.value.status_code == 409
    assert "evt-1" in refusal.value.detail
    elsewhere = svix.application.create(ApplicationIn(name="Other"))
    post(svix, elsewhere.id, event_id="evt-1")
    # Whatever the repeat had caused would come before the next message.
    last = post(svix, application.id, event_id="evt-2")
    receiver.wait_for_ids({first, last})
    assert receiver.summary()["received"] == 2
    assert len(svix.message.list(application.id).data) == 2


def test_a_new_endpoint_gets_the_very_next_message(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    wanted = set()
    for number in range(10):
        svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok/{number}"))
        identifier = post(svix, application.id)
        wanted |= {(f"/ok/{n}", identifier) for n in range(number + 1)}
        # Dispatched later, it could also go to the endpoint that is created next.
        assert receiver.wait_for(len(wanted))

    assert {(entry["path"], entry["id"]) for entry in receiver.entries()} == wanted
    assert receiver.summary()["received"] == len(wanted)


def test_a_deleted_disabled_or_moved_endpoint_gets_nothing_more(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    for name in ("deleted", "disabled", "moved", "stays"):
        svix.endpoint.create(application.id, EndpointIn(uid=name, url=f"{receiver.url}/ok/{name}"))
    first = post(svix, application.id)
    # Deleting an endpoint cancels what it has not got yet.
    assert receiver.wait_for(4)

    svix.endpoint.delete(application.id, "deleted")
    svix.endpoint.patch(application.id, "disabled", EndpointPatch(disabled=True))
    svix.endpoint.patch(application.id, "moved", EndpointPatch(url=f"{receiver.url}/ok/new"))
    second = post(svix, application.id)
    svix.endpoint.patch(application.id, "disabled", EndpointPatch(disabled=False))
    third = post(svix, application.id)

    assert receiver.wait_for(4 + 2 + 3)
    assert receiver.ids("/ok/deleted") == {first}
    assert receiver.ids("/ok/disabled") == {first, third}
    assert receiver.ids("/ok/moved") == {first}
    assert receiver.ids("/ok/new") == {second, third}
    assert receiver.ids("/ok/stays") == {first, second, third}


def test_endpoints_get_what_their_filters_want(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    filters: dict[str, dict[str, Any]] = {
        "all": {},
        "paid": {"event_types": ["invoice.paid"]},
        "two-types": {"event_types": ["invoice.paid", "user.created"]},
        "channel-a": {"channels": ["a"]},
        "paid-in-a": {"event_types": ["invoice.paid"], "channels": ["a", "z"]},
    }
    for name, wanted in filters.items():
        svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok/{name}", **wanted))
    paid = post(svix, application.id)
    paid_in_a = post(svix, application.id, channels=["a", "b"])
    created_in_b = post(svix, application.id, "user.created", channels=["b"])
    other = post(svix, application.id, "order.sent")

    assert receiver.wait_for(4 + 2 + 3 + 1 + 1)

    assert receiver.ids("/ok/all") == {paid, paid_in_a, created_in_b, other}
    assert receiver.ids("/ok/paid") == {paid, paid_in_a}
    assert receiver.ids("/ok/two-types") == {paid, paid_in_a, created_in_b}
    assert receiver.ids("/ok/channel-a") == {paid_in_a}
    assert receiver.ids("/ok/paid-in-a") == {paid_in_a}


def test_a_message_of_an_application_without_endpoints_is_kept(
    svix: Svix, application: ApplicationOut
) -> None:
    identifier = post(svix, application.id)

    assert svix.message.get(application.id, identifier).id == identifier
    assert svix.message_attempt.list_by_msg(application.id, identifier).data == []


def test_a_deleted_application_takes_no_messages(svix: Svix, application: ApplicationOut) -> None:
    svix.application.delete(application.id)

    for reference in (application.id, str(application.uid)):
        with pytest.raises(HttpError) as refusal:
            post(svix, reference)
        assert refusal.value.status_code == 404
