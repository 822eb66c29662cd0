"""What a posted message may hold, and what is refused by its name."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from angarium_gateway.adapters.http.posted_message import (
    PostedMessage,
    payload_expiry,
    read_message,
)
from angarium_gateway.adapters.http.problems import Refused
from hypothesis import given, settings
from hypothesis import strategies as st

LIMIT_BYTES = 1000
DEEP = '{"a":' + "[" * 64 + "]" * 64 + "}"


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
@pytest.mark.parametrize("value", ["application/json", " Application/JSON "])
def test_a_raw_json_object_is_an_ordinary_payload(name: str, value: str) -> None:
    message = read(**raw('{"a": 1}', headers={name: value}))
    assert (bytes(message.payload), message.content_type) == (b'{"a": 1}', None)


@pytest.mark.parametrize(
    "params", [None, {}, {"rawPayload": None}, {"rawPayload": None, "headers": None}]
)
def test_without_a_raw_payload_the_payload_counts(params: Any) -> None:
    message = read(payload={"a": 1}, transformationsParams=params)
    assert bytes(message.payload) == b'{"a": 1}'


@pytest.mark.parametrize(
    "text",
    ["", " ", "<a/>", "[1]", "42", '"text"', "{", "{}{}", '{"a":nope}', "null", "a\0b", DEEP],
)
def test_any_other_text_is_a_payload_with_a_content_type(text: str) -> None:
    message = read(**raw(text))
    assert (bytes(message.payload), message.content_type) == (text.encode(), "application/json")


@settings(deadline=None)
@given(text=st.text(), content_type=st.sampled_from([None, "text/csv", "application/xml;q=1"]))
def test_every_text_keeps_its_bytes_and_content_type(text: str, content_type: str | None) -> None:
    headers = {} if content_type is None else {"headers": {"Content-Type": content_type}}
    message = read(**raw(text, **headers))
    assert bytes(message.payload) == text.encode()
    assert message.content_type == (content_type or "application/json")


def test_a_json_object_under_another_content_type_is_kept_as_text() -> None:
    message = read(**raw('{"a":1}', headers={"content-type": "application/cloudevents+json"}))
    assert (bytes(message.payload), message.content_type) == (
        b'{"a":1}',
        "application/cloudevents+json",
    )


def test_a_raw_payload_beside_a_payload_is_refused() -> None:
    status, location, _ = refused(payload={"a": 1}, **raw("{}"))
    assert (status, location) == (422, ["body", "transformationsParams", "rawPayload"])


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("x-other", "application/json", "Leave it out"),
        ("authorization", "Bearer secret", "Leave it out"),
        ("content-length", "1", "Leave it out"),
        ("content-type", "", "This is not a content type"),
        ("content-type", "xml", "This is not a content type"),
        ("content-type", "a/b\r\nx-injected: 1", "printable ASCII"),
        ("content-type", "text/é", "printable ASCII"),
        ("content-type", "a/" + "b" * 255, "Shorten it"),
    ],
)
def test_headers_that_would_not_be_sent_are_refused(name: str, value: str, remedy: str) -> None:
    status, location, message = refused(**raw("{}", headers={name: value}))
    assert (status, location) == (422, ["body", "transformationsParams", "headers", name])
    assert remedy in message
    assert "secret" not in message


def test_a_content_type_is_given_once() -> None:
    headers = {"content-type": "text/csv", "Content-Type": "text/csv"}
    _, location, message = refused(**raw("a", headers=headers))
    assert (location[-1], "once" in message) == ("Content-Type", True)


def test_a_content_type_needs_a_raw_payload() -> None:
    params = {"headers": {"content-type": "text/csv"}}
    _, location, message = refused(payload={"a": 1}, transformationsParams=params)
    assert location == ["body", "transformationsParams", "headers", "content-type"]
    assert "rawPayload" in message
    params["headers"] = {"Content-Type": "application/json"}
    message_ = read(payload={"a": 1}, transformationsParams=params)
    assert (bytes(message_.payload), message_.content_type) == (b'{"a": 1}', None)


def test_other_transformation_parameters_are_refused_by_name() -> None:
    status, location, message = refused(transformationsParams={"anything": 1})
    assert (status, location[:2]) == (422, ["body", "transformationsParams"])
    assert "anything" in str((location, message))


def test_a_raw_payload_has_the_limits_of_payloads() -> None:
    fits = json.dumps({"a": "x" * (LIMIT_BYTES - len('{"a": ""}'))})
    assert len(bytes(read(**raw(fits)).payload)) == LIMIT_BYTES
    assert refused(**raw(fits + " "))[0] == 413
    assert refused(**raw("é" * 501))[0] == 413


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("payloadRetentionPeriod", 4),
        ("payloadRetentionPeriod", 91),
        ("payloadRetentionPeriod", "30"),
        ("payloadRetentionHours", 0),
        ("payloadRetentionHours", 2161),
    ],
)
def test_a_retention_out_of_bounds_is_refused(member: str, value: object) -> None:
    status, location, _ = refused(**{member: value})
    assert (status, location) == (422, ["body", member])


def test_a_retention_is_given_in_days_or_in_hours() -> None:
    _, location, message = refused(payloadRetentionPeriod=5, payloadRetentionHours=5)
    assert (location, "Leave one" in message) == (["body", "payloadRetentionHours"], True)


@pytest.mark.parametrize(
    ("members", "kept_days", "ends_after"),
    [
        ({}, 90, None),
        ({"payloadRetentionPeriod": None, "payloadRetentionHours": None}, 90, None),
        ({"payloadRetentionPeriod": 5}, 90, timedelta(days=5)),
        ({"payloadRetentionHours": 1}, 90, timedelta(hours=1)),
        ({"payloadRetentionPeriod": 90}, 365, timedelta(days=90)),
        ({"payloadRetentionPeriod": 90}, 90, None),  # the message goes by then
        ({"payloadRetentionHours": 2160}, 30, None),
    ],
)
def test_a_payload_goes_before_its_message_only_if_asked(
    members: dict[str, int], kept_days: int, ends_after: timedelta | None
) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    ends_at = payload_expiry(read(**members), now, kept_days)
    assert ends_at == (None if ends_after is None else now + ends_after)


_MEMBERS = {
    "eventType": st.just("a.b"),
    "payload": st.dictionaries(st.text(":a"), st.text(":a"), max_size=2),
    "eventId": st.just("e"),
    "channels": st.just(["c"]),
    "tags": st.lists(st.text(':a"\\', min_size=1), min_size=1, max_size=3, unique=True),
    "deliverAt": st.just("2030-12-31T23:59:59+01:00"),
    "payloadRetentionHours": st.just(5),
    "application": st.just({"name": "a:b", "metadata": {"k": "v:w"}}),
}


@given(st.data(), st.lists(st.sampled_from(list(_MEMBERS)), max_size=5), st.booleans())
@settings(max_examples=4 * settings().max_examples)
def test_a_member_that_is_there_twice_is_refused_and_named(
    data: st.DataObject, more: list[str], ascii_only: bool
) -> None:
    names = data.draw(st.permutations(["eventType", "payload", *more]))
    text = ", ".join(
        f'"{name}": {json.dumps(data.draw(_MEMBERS[name]), ensure_ascii=ascii_only)}'
        for name in names
    )
    body = f"{{{text}}}".encode()
    repeated = next((each for at, each in enumerate(names) if each in names[:at]), None)
    if repeated is None:
        assert read_message(body, payload_bytes_max=LIMIT_BYTES).event_type
        return
    with pytest.raises(Refused) as caught:
        read_message(body, payload_bytes_max=LIMIT_BYTES)
    (fault,) = msgspec.json.decode(caught.value.answer.body)["detail"]
    assert fault["loc"] == ["body", repeated]
    assert fault["msg"] == f"`{repeated}` is given more than once. Give it once."


def test_the_payload_is_passed_on_with_its_repeats() -> None:
    body = b'{"eventType":"a","payload":{"a":1,"a":2},"tags":["t:u"]}'
    assert bytes(read_message(body, payload_bytes_max=LIMIT_BYTES).payload) == b'{"a":1,"a":2}'
