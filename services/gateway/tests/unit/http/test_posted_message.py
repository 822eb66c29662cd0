"""What a posted message may hold, and what is refused by its name."""

import json
from typing import Any

import msgspec
import pytest
from angarium_gateway.adapters.http.posted_message import PostedMessage, read_message
from angarium_gateway.adapters.http.problems import Refused

LIMIT_BYTES = 1000


def read(**members: Any) -> PostedMessage:
    body: dict[str, Any] = {"eventType": "a", "payload": {}} | members
    return read_message(json.dumps(body).encode(), payload_bytes_max=LIMIT_BYTES)


def raw(text: Any, **members: Any) -> dict[str, Any]:
    return {"transformationsParams": {"rawPayload": text, **members}}


def refused(**members: Any) -> tuple[int, list[str], str]:
    with pytest.raises(Refused) as caught:
        read(**members)
    answer = msgspec.json.decode(caught.value.answer.body)
    if isinstance(answer["detail"], str):
        return answer["status"], [], answer["detail"]
    (fault,) = answer["detail"]
    return answer["status"], fault["loc"], fault["msg"]


@pytest.mark.parametrize(
    "text",
    [
        '{"order": 42}',
        ' {"a" : 1.50, "b":"\\u00e9", "a":2}\n',
        "{}",
        '{"ü":"☃"}',
    ],
)
def test_a_raw_payload_is_the_payload_byte_for_byte(text: str) -> None:
    assert bytes(read(**raw(text)).payload) == text.encode()


@pytest.mark.parametrize("name", ["content-type", "Content-Type"])
def test_a_raw_payload_may_say_that_it_is_json(name: str) -> None:
    message = read(**raw("{}", headers={name: "application/json"}))
    assert bytes(message.payload) == b"{}"


@pytest.mark.parametrize(
    "params", [None, {}, {"rawPayload": None}, {"rawPayload": None, "headers": None}]
)
def test_without_a_raw_payload_the_payload_counts(params: Any) -> None:
    message = read(payload={"a": 1}, transformationsParams=params)
    assert bytes(message.payload) == b'{"a": 1}'


@pytest.mark.parametrize(
    "text", ["", " ", "<a/>", "[1]", "42", '"text"', "{", "{}{}", '{"a":nope}', "null"]
)
def test_a_raw_payload_that_is_no_json_object_is_refused(text: str) -> None:
    status, location, message = refused(**raw(text))
    assert (status, location) == (422, ["body", "transformationsParams", "rawPayload"])
    assert "JSON object" in message


def test_a_raw_payload_beside_a_payload_is_refused() -> None:
    status, location, _ = refused(payload={"a": 1}, **raw("{}"))
    assert (status, location) == (422, ["body", "transformationsParams", "rawPayload"])


@pytest.mark.parametrize(
    ("name", "value"), [("content-type", "application/xml"), ("x-other", "application/json")]
)
def test_headers_that_would_not_be_sent_are_refused(name: str, value: str) -> None:
    status, location, message = refused(**raw("{}", headers={name: value}))
    assert (status, location) == (422, ["body", "transformationsParams", "headers", name])
    assert "Leave" in message


def test_other_transformation_parameters_are_refused_by_name() -> None:
    status, location, message = refused(transformationsParams={"anything": 1})
    assert (status, location[:2]) == (422, ["body", "transformationsParams"])
    assert "anything" in str((location, message))


def test_a_raw_payload_has_the_limits_of_payloads() -> None:
    fits = json.dumps({"a": "x" * (LIMIT_BYTES - len('{"a": ""}'))})
    assert len(bytes(read(**raw(fits)).payload)) == LIMIT_BYTES
    assert refused(**raw(fits + " "))[0] == 413
    deep = '{"a":' + "[" * 64 + "]" * 64 + "}"
    status, location, message = refused(**raw(deep))
    assert (status, location[-1]) == (422, "rawPayload")
    assert "64 levels" in message


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("payloadRetentionPeriod", 5),
        ("payloadRetentionPeriod", 91),
        ("payloadRetentionHours", 1),
        ("payloadRetentionHours", 2160),
    ],
)
def test_a_retention_of_its_own_is_refused(member: str, value: int) -> None:
    status, location, message = refused(**{member: value})
    assert (status, location) == (422, ["body", member])
    assert "policy" in message


@pytest.mark.parametrize("days", [None, 90])
def test_the_default_of_the_svix_api_asks_for_nothing(days: int | None) -> None:
    read(payloadRetentionPeriod=days, payloadRetentionHours=None)
