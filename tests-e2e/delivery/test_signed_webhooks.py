"""What arrives: the posted payload, byte for byte, with a signature others can verify."""

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import WebhookVerificationError

from ..webhook_receiver import WebhookReceiver  # noqa: TID252 - tests are no installed package
from .webhook_checks import verify_with_both_packages

PAYLOADS = {
    "spaces": '{ "b" : 1 ,\t"a" : [ ] }',
    "line breaks": '{\r\n  "a": 1\n}',
    "order and repeats": '{"z":1,"a":2,"z":3}',
    "numbers": '{"a":1.0,"b":1e5,"c":12345678901234567890123456789,"d":-0.0,"e":0.10}',
    "escapes": '{"a":"\\u00e9\\/\\n","b":"é/🐎","c":"\\ud83d\\udc0e"}',
    "empty": "{}",
    "long": '{"a":"' + "é" * 200_000 + '"}',
}


def new_endpoint(api: httpx.Client, app: str, url: str, **members: object) -> str:
    """Creates an endpoint; gives its secret."""
    created = api.post(f"{app}/endpoint", json={"url": url, **members})
    assert created.status_code == 201, created.text
    secret: str = api.get(f"{app}/endpoint/{created.json()['id']}/secret").json()["key"]
    return secret


def posted(api: httpx.Client, app: str, payload: str) -> dict[str, Any]:
    body = f'{{"eventType": "invoice.paid", "payload": {payload}}}'
    answer = api.post(f"{app}/msg", content=body.encode())
    assert answer.status_code == 202, answer.text
    message: dict[str, Any] = answer.json()
    return message


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_the_payload_arrives_byte_for_byte_and_signed(
    api: httpx.Client, app: str, receiver: WebhookReceiver, payload: str
) -> None:
    secret = new_endpoint(api, app, f"{receiver.url}/ok")

    message = posted(api, app, payload)
    entry = receiver.wait_accepted(message["id"])

    assert entry["body"] == payload
    verify_with_both_packages(entry, secret)
    assert abs(int(entry["timestamp"]) - time.time()) < 30
    assert entry["times"] == 1


def test_a_secret_of_ones_own_signs(api: httpx.Client, app: str, receiver: WebhookReceiver) -> None:
    own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert new_endpoint(api, app, f"{receiver.url}/ok", secret=own) == own

    entry = receiver.wait_accepted(posted(api, app, "{}")["id"])

    verify_with_both_packages(entry, own)


def test_each_endpoint_is_signed_for_with_its_own_secret(
    api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    secrets = [new_endpoint(api, app, f"{receiver.url}/ok/{name}") for name in "ab"]
    posted(api, app, "{}")
    assert receiver.wait_for(2)

    for name, secret, other in zip("ab", secrets, reversed(secrets), strict=True):
        (entry,) = receiver.entries(f"/ok/{name}")
        verify_with_both_packages(entry, secret)
        with pytest.raises(WebhookVerificationError):
            verify_with_both_packages(entry, other)


def test_a_changed_body_does_not_verify(
    api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    secret = new_endpoint(api, app, f"{receiver.url}/ok")
    entry = receiver.wait_accepted(posted(api, app, '{"cents":1}')["id"])

    with pytest.raises(WebhookVerificationError):
        verify_with_both_packages(entry | {"body": '{"cents":2}'}, secret)
    with pytest.raises(WebhookVerificationError):
        verify_with_both_packages(entry | {"id": f"msg_{uuid4().hex}"}, secret)


def test_a_stored_message_has_the_payload_as_it_was_posted(api: httpx.Client, app: str) -> None:
    payload = PAYLOADS["numbers"]
    message = posted(api, app, payload)

    stored = api.get(f"{app}/msg/{message['id']}")

    assert payload in stored.text
