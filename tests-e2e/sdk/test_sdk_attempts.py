"""Attempts through the official SDK."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from svix.api import (
    ApplicationIn,
    ApplicationOut,
    EndpointIn,
    MessageAttemptListByEndpointOptions,
    MessageAttemptListByMsgOptions,
    MessageAttemptOut,
    MessageIn,
    MessageStatus,
    StatusCodeClass,
    Svix,
)
from svix.exceptions import HttpError
from svix.models import MessageAttemptTriggerType, MessageStatusText

from ..conftest import RETRIES  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252


def attempts_of(svix: Svix, app_id: str, msg_id: str, count: int) -> list[MessageAttemptOut]:
    """The attempts of a message once there are so many: they are recorded after the answer."""

    def found() -> list[MessageAttemptOut] | None:
        data = svix.message_attempt.list_by_msg(app_id, msg_id).data
        return data if len(data) >= count else None

    return until(found, 20, f"{count} attempts are on record")


@pytest.fixture
def endpoint_id(svix: Svix, application: ApplicationOut, receiver: WebhookReceiver) -> str:
    return svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok", uid="main")).id


def test_a_delivery_is_on_record(
    svix: Svix, application: ApplicationOut, endpoint_id: str, receiver: WebhookReceiver
) -> None:
    message = svix.message.create(
        application.id, MessageIn(event_type="a", payload={}, event_id="evt-1")
    )

    (attempt,) = attempts_of(svix, application.id, message.id, 1)

    assert attempt.id.startswith("atmpt_")
    assert (attempt.msg_id, attempt.endpoint_id) == (message.id, endpoint_id)
    # Lists leave out what the endpoint answered, unless asked: so does the SDK by default.
    assert (attempt.url, attempt.response) == (f"{receiver.url}/ok", "")
    assert (attempt.status, attempt.status_text) == (
        MessageStatus.SUCCESS,
        MessageStatusText.SUCCESS,
    )
    assert attempt.response_status_code == 200
    assert attempt.trigger_type == MessageAttemptTriggerType.SCHEDULED
    assert 0 <= attempt.response_duration_ms < 5_000
    assert abs(attempt.timestamp - datetime.now(UTC)) < timedelta(seconds=30)
    by_endpoint = svix.message_attempt.list_by_endpoint(str(application.uid), "main").data
    assert [found.id for found in by_endpoint] == [attempt.id]
    for reference in (message.id, "evt-1"):
        got = svix.message_attempt.get(application.id, reference, attempt.id)
        assert (got.id, got.response) == (attempt.id, "ok")
    whole = MessageAttemptListByMsgOptions(with_content=True)
    (listed,) = svix.message_attempt.list_by_msg(application.id, message.id, whole).data
    assert listed.response == "ok"


def test_attempts_are_listed_newest_first_and_in_pages(
    svix: Svix, application: ApplicationOut, endpoint_id: str, receiver: WebhookReceiver
) -> None:
    for number in range(5):
        svix.message.create(application.id, MessageIn(event_type=f"type.{number}", payload={}))
    assert receiver.wait_for(5)
    everything = until(
        lambda: (
            data
            if len(data := svix.message_attempt.list_by_endpoint(application.id, endpoint_id).data)
            == 5
            else None
        ),
        20,
        "five attempts are on record",
    )

    found: list[str] = []
    iterator = None
    while True:
        page = svix.message_attempt.list_by_endpoint(
            application.id,
            endpoint_id,
            MessageAttemptListByEndpointOptions(limit=2, iterator=iterator),
        )
        found += [attempt.id for attempt in page.data]
        if page.done:
            break
        iterator = page.iterator

    assert found == [attempt.id for attempt in everything]
    assert found == sorted(found, reverse=True)


def test_a_list_of_attempts_can_be_narrowed(
    svix: Svix, application: ApplicationOut, endpoint_id: str, receiver: WebhookReceiver
) -> None:
    failing = svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/status/503"))
    message = svix.message.create(application.id, MessageIn(event_type="a", payload={}))
    attempts_of(svix, application.id, message.id, 1 + 1 + RETRIES)

    def found(**options: Any) -> set[tuple[str, int]]:
        page = svix.message_attempt.list_by_msg(
            application.id, message.id, MessageAttemptListByMsgOptions(**options)
        )
        return {(one.endpoint_id, one.response_status_code) for one in page.data}

    good, bad = (endpoint_id, 200), (failing.id, 503)
    assert found() == {good, bad}
    assert found(status=MessageStatus.SUCCESS) == {good}
    assert found(status=MessageStatus.FAIL) == {bad}
    assert found(status_code_class=StatusCodeClass.CODE5XX) == {bad}
    assert found(endpoint_id=endpoint_id) == {good}
    assert found(event_types=["b"]) == set()
    assert found(after=datetime.now(UTC) + timedelta(hours=1)) == set()


def test_what_is_not_there_is_not_found(
    svix: Svix, application: ApplicationOut, endpoint_id: str, receiver: WebhookReceiver
) -> None:
    message = svix.message.create(application.id, MessageIn(event_type="a", payload={}))
    (attempt,) = attempts_of(svix, application.id, message.id, 1)
    other = svix.application.create(ApplicationIn(name="Other"))
    elsewhere = svix.message.create(other.id, MessageIn(event_type="a", payload={}))

    for call in (
        lambda: svix.message_attempt.list_by_msg(other.id, message.id),
        lambda: svix.message_attempt.list_by_endpoint(other.id, endpoint_id),
        lambda: svix.message_attempt.get(other.id, message.id, attempt.id),
        lambda: svix.message_attempt.get(other.id, elsewhere.id, attempt.id),
        lambda: svix.message_attempt.get(application.id, message.id, f"{attempt.id[:-2]}00"),
        lambda: svix.message_attempt.get(application.id, message.id, "atmpt_nonsense"),
    ):
        with pytest.raises(HttpError) as refusal:
            call()
        assert (refusal.value.status_code, refusal.value.code) == (404, "not_found")
