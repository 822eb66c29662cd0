"""Batches that are decoded at once: as if each message were decoded by itself, or not at all."""

import json
from typing import Any

import pytest
from angarium_gateway.adapters.http.posted_batch import (
    AddressedMessage,
    check_depth,
    decoded_batch,
)
from angarium_gateway.adapters.http.posted_message import PostedMessage
from angarium_gateway.adapters.http.problems import Refused
from angarium_gateway.adapters.http.strict_json import DEPTH_MAX, decode_body

GOOD = {"eventType": "invoice.paid", "payload": {"a": 1}}
FULL = GOOD | {
    "payload": {"größe": [1.50, {"b": None}]},
    "eventId": "e-1",
    "channels": ["c"],
    "tags": ["t", "u"],
    "deliverAt": "2030-12-31T23:59:59Z",
    "transformationsParams": {"rawPayload": "<a/>", "headers": {"content-type": "text/xml"}},
    "payloadRetentionHours": 5,
    "application": {"name": "Acme", "metadata": {"k": "v"}},
}


def batch_of(*messages: str) -> bytes:
    return f'{{"messages": [{", ".join(messages)}]}}'.encode()


@pytest.mark.parametrize("ascii_only", [True, False])
def test_well_formed_messages_are_what_each_would_be_alone(ascii_only: bool) -> None:
    texts = [
        json.dumps(each, ensure_ascii=ascii_only)
        for each in (GOOD, FULL, GOOD | {"tags": None}, GOOD | {"payload": []})
    ]
    decoded = decoded_batch(batch_of(*texts), PostedMessage)
    assert decoded is not None
    assert decoded == [decode_body(text.encode(), PostedMessage) for text in texts]
    assert bytes(decoded[0].payload) == b'{"a": 1}'


def test_messages_of_several_applications_have_their_references() -> None:
    text = json.dumps(GOOD | {"applicationId": "acme"})
    (message,) = decoded_batch(batch_of(text), AddressedMessage) or ()
    assert isinstance(message, AddressedMessage)
    assert message.application_id == "acme"
    assert decoded_batch(batch_of(text), PostedMessage) is None


@pytest.mark.parametrize(
    "text",
    [
        "42",
        "{}",
        json.dumps(GOOD | {"surprise": 1}),
        json.dumps(GOOD | {"eventType": "no type"}),
        json.dumps(GOOD | {"payload": {"a": "\0"}}),
        '{"eventType": "a", "payload": {"a": tru}}',
        json.dumps(GOOD | {"payload": 1}) + "}",
        '{"eventType": "a", "payload": {}, "eventType": "b"}',
    ],
)
def test_a_batch_with_a_message_at_fault_is_left_to_be_read_one_by_one(text: str) -> None:
    assert decoded_batch(batch_of(json.dumps(GOOD), text), PostedMessage) is None


def test_a_batch_that_is_no_utf_8_is_left_to_be_read_one_by_one() -> None:
    body = batch_of(json.dumps(GOOD | {"payload": {"a": "\xe4"}}, ensure_ascii=False))
    assert decoded_batch(body.replace("\xe4".encode(), b"\xe4"), PostedMessage) is None


@pytest.mark.parametrize("size", [0, 1_001])
def test_a_batch_of_none_or_too_many_is_left_to_be_refused(size: int) -> None:
    assert decoded_batch(batch_of(*[json.dumps(GOOD)] * size), PostedMessage) is None


@pytest.mark.parametrize("levels", [DEPTH_MAX - 1, DEPTH_MAX])
def test_a_message_nests_as_deep_as_alone(levels: int) -> None:
    nested: Any = 1
    for _ in range(levels):
        nested = {"[{": nested}
    text = json.dumps(GOOD | {"payload": nested})
    (message,) = decoded_batch(batch_of(text), PostedMessage) or ()
    if levels < DEPTH_MAX:
        check_depth(message)
        decode_body(text.encode(), PostedMessage)
        return
    with pytest.raises(Refused) as at_once:
        check_depth(message)
    with pytest.raises(Refused) as alone:
        decode_body(text.encode(), PostedMessage)
    assert at_once.value.answer == alone.value.answer
