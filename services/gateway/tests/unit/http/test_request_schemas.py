"""What holds for every request body: no member is dropped, and every refusal is a sentence."""

import json
import re
from typing import Any

import msgspec
import pytest
from angarium_gateway.adapters.http.body_faults import faults_of
from angarium_gateway.adapters.http.posted_message import PostedMessage
from angarium_gateway.adapters.http.problems import Refused
from angarium_gateway.adapters.http.reference.request_examples import (
    request_examples,
    sent_fields,
)
from angarium_gateway.adapters.http.schemas.endpoints import EndpointIn
from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.strict_json import decode_body
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BODIES = {
    type(body): sent_fields(body)
    for examples in request_examples().values()
    for body in examples.values()
}
SCHEMAS = [*BODIES, PostedMessage]
BODIES[PostedMessage] = {"eventType": "invoice.paid", "payload": {"a": 1}}
NOT_OURS = re.compile(r"regex|Expected|got `|matching|\^\[|malformed|truncated")


def refused(body: bytes, schema: Any) -> list[dict[str, Any]]:
    with pytest.raises(Refused) as refusal:
        decode_body(body, schema)
    assert refusal.value.answer.status == 422
    found: list[dict[str, Any]] = json.loads(refusal.value.answer.body)["detail"]
    assert found
    for fault in found:
        assert fault["loc"][0] == "body"
        assert fault["msg"].endswith((".", "?")), fault
        assert not NOT_OURS.search(fault["msg"]), fault
    return found


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_misspelt_member_is_refused_and_the_nearest_named(schema: type[ApiSchema]) -> None:
    fields = [field.encode_name for field in msgspec.structs.fields(schema)]
    misspelt = {name: re.sub("([A-Z])", r"_\1", name).lower() for name in fields}
    for name, wrong in misspelt.items():
        if wrong not in fields:
            (fault,) = refused(json.dumps(BODIES[schema] | {wrong: 1}).encode(), schema)
            assert fault["loc"] == ["body", wrong]
            assert f"Did you mean `{name}`?" in fault["msg"]
    (fault,) = refused(json.dumps(BODIES[schema] | {"xyzzy": 1}).encode(), schema)
    assert (fault["loc"], fault["type"]) == (["body", "xyzzy"], "value_error.extra")


def test_null_in_an_optional_member_is_no_fault_beside_another() -> None:
    body = b'{"url": 5, "disabled": null, "metadata": null, "version": null, "channels": null}'
    (fault,) = refused(body, EndpointIn)
    assert fault["loc"] == ["body", "url"]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_null_is_taken_in_every_member_that_may_be_left_out(schema: type[ApiSchema]) -> None:
    optional = [each for each in msgspec.structs.fields(schema) if not each.required]
    for field in optional:
        decode_body(json.dumps(BODIES[schema] | {field.encode_name: None}).encode(), schema)
    every = dict.fromkeys((field.encode_name for field in optional), None)
    decode_body(json.dumps(BODIES[schema] | every).encode(), schema)


def test_members_within_members_are_read_as_strictly() -> None:
    body = b'{"eventType":"a","payload":{},"application":{"name":"A","metdata":{},"uid":null}}'
    (fault,) = refused(body, PostedMessage)
    assert fault["loc"] == ["body", "application", "metdata"]
    assert "`metadata`" in fault["msg"]
    posted = decode_body(
        b'{"eventType":"a","payload":{"b" : null,"a":1.50},'
        b'"application":{"name":"A","metadata":null}}',
        PostedMessage,
    )
    assert posted.application is not None
    assert posted.application.metadata == {}
    assert bytes(posted.payload) == b'{"b" : null,"a":1.50}'


def test_every_member_at_fault_is_named_at_once() -> None:
    body = b'{"payload":{},"channels":["a b",1],"eventId":"msg_1","deliverAt":"tomorrow","tag":1}'
    assert {tuple(fault["loc"]) for fault in refused(body, PostedMessage)} == {
        ("body", "eventType"),
        ("body", "channels", "0"),
        ("body", "channels", "1"),
        ("body", "eventId"),
        ("body", "deliverAt"),
        ("body", "tag"),
    }


@pytest.mark.parametrize("name", [".", "..", "..."])
@pytest.mark.parametrize("member", ["eventType", "eventId"])
def test_a_message_has_no_name_of_dots_only(name: str, member: str) -> None:
    body = json.dumps({"eventType": "a", "payload": {}} | {member: name}).encode()
    (fault,) = refused(body, PostedMessage)
    assert fault["loc"] == ["body", member]
    assert "not a dot" in fault["msg"]


def test_an_event_id_is_not_the_id_of_a_message() -> None:
    body = b'{"eventType":"a","payload":{},"eventId":"msg_05jHR6TnRzUGhKWN8Ckr5D"}'
    (fault,) = refused(body, PostedMessage)
    assert fault["loc"] == ["body", "eventId"]
    assert "`msg_`" in fault["msg"]


@pytest.mark.parametrize(
    "payload",
    [
        rb'{"t":"\ud83d"}',
        rb'{"t":"\uDC00 \ud83d\ude00 \ud83d"}',
        rb'{"t":"\ud83d\u0041 \\ud83d \\\udbff","\udfff":["\ue000"]}',
        '{"t":"\\ud83d \ue000 \ue001"}'.encode(),
    ],
)
def test_a_payload_may_hold_half_a_character_and_stays_byte_for_byte(payload: bytes) -> None:
    body = b'{"eventType":"a","payload":%b,"eventId":"e","channels":null}' % payload
    posted = decode_body(body, PostedMessage)
    assert bytes(posted.payload) == payload
    assert posted.event_id == "e"


def test_half_a_character_anywhere_else_is_refused_by_its_escape() -> None:
    body = rb'{"eventType":"a","payload":{},"tags":["a","b\ud83d"]}'
    (fault,) = refused(body, PostedMessage)
    assert fault["loc"] == ["body", "tags", "1"]
    assert r"\ud83d" in fault["msg"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'\xef\xbb\xbf{"eventType":"a"}', "byte order mark"),
        (b'{"eventType":"a"', "ends before"),
        (b'{"eventType":a}', "byte 13"),
        (b'{"eventType":"\xff"}', "UTF-8"),
    ],
)
def test_what_is_no_json_is_told_in_plain_words(body: bytes, words: str) -> None:
    (fault,) = refused(body, PostedMessage)
    assert words in fault["msg"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["2030-01-01T00:00:00", "2030-01-01T00:00:00Z", "fifo", "whsec_x", "a" * 300])
    | st.sampled_from([0, 1, 5, 5.0, 65536]),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


# The schemas' decoders are built with the first inputs, which a busy machine takes seconds for.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SCHEMAS), st.data())
def test_what_msgspec_refuses_has_a_sentence_and_nothing_else_has(
    schema: type[ApiSchema], data: st.DataObject
) -> None:
    names = [field.encode_name for field in msgspec.structs.fields(schema)]
    changes = data.draw(st.dictionaries(st.sampled_from(names), values, max_size=3))
    body = msgspec.json.encode(BODIES[schema] | changes)
    try:
        msgspec.json.decode(body, type=schema)
    except msgspec.ValidationError:
        assert faults_of(msgspec.json.decode(body), schema)
    else:
        assert faults_of(msgspec.json.decode(body), schema) == []
