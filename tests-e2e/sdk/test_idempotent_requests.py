"""`Idempotency-Key` on POSTs: repeats change nothing and get the first answer."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from svix.api import (
    ApplicationCreateOptions,
    ApplicationIn,
    ApplicationOut,
    EndpointCreateOptions,
    EndpointIn,
    MessageCreateOptions,
    MessageIn,
    Svix,
    SvixAsync,
)
from svix.exceptions import HttpError, HTTPValidationError

from ..webhook_receiver import WebhookReceiver  # noqa: TID252 - tests are no installed package


def test_a_repeated_message_is_answered_again_and_delivered_once(
    svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok"))
    options = MessageCreateOptions(idempotency_key=uuid4().hex)
    message = MessageIn(event_type="a", payload={"n": 1}, event_id="evt-1")

    first = svix.message.create(application.id, message, options)
    repeats = [svix.message.create(application.id, message, options) for _ in range(3)]

    assert {repeat.id for repeat in repeats} == {first.id}
    assert all(repeat.timestamp == first.timestamp for repeat in repeats)
    last = svix.message.create(application.id, MessageIn(event_type="a", payload={}))
    receiver.wait_for_ids({first.id, last.id})
    assert receiver.summary()["received"] == 2
    assert len(svix.message.list(application.id).data) == 2


def test_a_key_is_for_one_request_only(svix: Svix, application: ApplicationOut) -> None:
    options = MessageCreateOptions(idempotency_key=uuid4().hex)
    svix.message.create(application.id, MessageIn(event_type="a", payload={"n": 1}), options)

    with pytest.raises(HTTPValidationError) as refusal:
        svix.message.create(application.id, MessageIn(event_type="a", payload={"n": 2}), options)

    assert refusal.value.detail[0].loc == ["header", "idempotency-key"]
    assert len(svix.message.list(application.id).data) == 1


def test_a_repeated_creation_creates_once(svix: Svix) -> None:
    made = [
        svix.application.create(
            ApplicationIn(name="A"), ApplicationCreateOptions(idempotency_key=key)
        )
        for key in [uuid4().hex] * 3
    ]
    assert len({application.id for application in made}) == 1

    endpoints = [
        svix.endpoint.create(
            made[0].id,
            EndpointIn(url="https://example.com/"),
            EndpointCreateOptions(idempotency_key=key),
        )
        for key in [uuid4().hex] * 3
    ]
    assert len({endpoint.id for endpoint in endpoints}) == 1
    assert len(svix.endpoint.list(made[0].id).data) == 1


async def test_repeats_at_the_same_time_make_one_message(
    svix_async: SvixAsync, svix: Svix, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok"))
    options = MessageCreateOptions(idempotency_key=uuid4().hex)
    message = MessageIn(event_type="a", payload={"n": 1})

    results = await asyncio.gather(
        *(svix_async.message.create(application.id, message, options) for _ in range(10)),
        return_exceptions=True,
    )

    answers = [result for result in results if not isinstance(result, BaseException)]
    assert len({answer.id for answer in answers}) == 1
    for other in results:
        if isinstance(other, BaseException):
            assert isinstance(other, HttpError)
            assert other.status_code == 409
    last = svix.message.create(application.id, MessageIn(event_type="a", payload={}))
    receiver.wait_for_ids({answers[0].id, last.id})
    assert receiver.summary()["received"] == 2


def test_tenants_do_not_share_keys(
    svix: Svix, other_svix: Svix, application: ApplicationOut
) -> None:
    options = ApplicationCreateOptions(idempotency_key=uuid4().hex)
    ours = svix.application.create(ApplicationIn(name="A"), options)

    theirs = other_svix.application.create(ApplicationIn(name="A"), options)

    assert ours.id != theirs.id
    other_svix.application.delete(theirs.id)


def test_a_refusal_is_not_kept_as_an_answer(checked_api: httpx.Client, app: str) -> None:
    headers = {"idempotency-key": uuid4().hex}
    missing = f"/app/not-there-yet-{uuid4().hex}"
    message = {"eventType": "a", "payload": {}}
    assert checked_api.post(f"{missing}/msg", json=message, headers=headers).status_code == 404
    uid = missing.rpartition("/")[2]
    assert checked_api.post("/app", json={"name": "A", "uid": uid}).status_code == 201

    assert checked_api.post(f"{missing}/msg", json=message, headers=headers).status_code == 202


@pytest.mark.parametrize("key", ["", "k" * 257, "tab\there"])
def test_a_key_that_cannot_be_one_is_refused(checked_api: httpx.Client, app: str, key: str) -> None:
    for path, body in (
        (f"{app}/msg", {"eventType": "a", "payload": {}}),
        ("/app", {"name": "A"}),
    ):
        answer = checked_api.post(path, json=body, headers={"idempotency-key": key})
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["header", "idempotency-key"]
