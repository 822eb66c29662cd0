"""Bad input is refused with what is wrong where, and changes nothing."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from angarium_contracts.configuration import CreateApplication
from angarium_gateway.adapters.http.posted_message import PostedMessage
from angarium_gateway.adapters.http.problems import Refused
from angarium_gateway.adapters.http.schemas.endpoints import EndpointIn
from angarium_gateway.adapters.http.schemas.event_types import EventTypeIn
from angarium_gateway.adapters.http.strict_json import DEPTH_MAX, decode_body, nests_too_deep
from hypothesis import given
from hypothesis import strategies as st

from .conftest import BODY_BYTES_MAX, World

JSON = {"content-type": "application/json"}


def nested(depth: int) -> bytes:
    return b'{"eventType":"a","payload":{"a":' + b"[" * (depth - 2) + b"]" * (depth - 2) + b"}}"


@pytest.mark.parametrize(
    ("body", "location", "kind"),
    [
        (b"", ["body"], "value_error.missing"),
        (b"  ", ["body"], "value_error.missing"),
        (b"{", ["body"], "value_error.jsondecode"),
        (b'{"name":"a"} trailing', ["body"], "value_error.jsondecode"),
        (b'{"name": NaN}', ["body"], "value_error.jsondecode"),
        (b'{"name":"a","other":Infinity}', ["body"], "value_error.jsondecode"),
        (b'{"name":"\xff"}', ["body"], "value_error"),
        (b'{"name":"a","other":"\xff"}', ["body"], "value_error"),
        (b'{"name":"\\ud800"}', ["body", "name"], "value_error"),
        (b'{"name":"a","Weight":1}', ["body", "Weight"], "value_error.extra"),
        (b'{"name":"a","other":1', ["body"], "value_error.jsondecode"),
        (b'\xef\xbb\xbf{"name":"a"}', ["body"], "value_error.jsondecode"),
        (b'{"name":"a","uid":".."}', ["body", "uid"], "value_error"),
        (b"[]", ["body"], "type_error"),
        (b"{}", ["body", "name"], "value_error.missing"),
        (b'{"name":1}', ["body", "name"], "type_error"),
        (b'{"name":""}', ["body", "name"], "value_error"),
        (b'{"name":"a\\u0000b"}', ["body", "name"], "value_error"),
        (b'{"name":"a","throttleRate":"1"}', ["body", "throttleRate"], "type_error"),
        (b'{"name":"a","throttleRate":1.0}', ["body", "throttleRate"], "type_error"),
        (b'{"name":"a","throttleRate":0}', ["body", "throttleRate"], "value_error"),
        (b'{"name":"a","throttleRate":true}', ["body", "throttleRate"], "type_error"),
        (b'{"name":"a","uid":"no spaces"}', ["body", "uid"], "value_error"),
        (b'{"name":"a","uid":"line\\n"}', ["body", "uid"], "value_error"),
        (b'{"name":"a","uid":"%s"}' % (b"u" * 257), ["body", "uid"], "value_error"),
        (b'{"name":"a","metadata":{"b":1}}', ["body", "metadata", "b"], "type_error"),
        (b'{"name":' + b"[" * DEPTH_MAX + b"]" * DEPTH_MAX + b"}", ["body"], "value_error"),
    ],
)
async def test_a_bad_body_is_422_and_the_member_named(
    world: World, body: bytes, location: list[str], kind: str
) -> None:
    for method, path in (("POST", "/api/v1/app"), ("PUT", "/api/v1/app/acme")):
        answer = await world.client.request(method, path, content=body, headers=JSON)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["title"]
        assert (problem["status"], problem["code"]) == (422, "validation_error")
        assert [(fault["loc"], fault["type"]) for fault in problem["detail"]] == [(location, kind)]
        assert problem["detail"][0]["msg"]
    assert world.dispatcher.asked == []


@pytest.mark.parametrize(
    ("shape", "text", "location"),
    [
        (EndpointIn, '{"url":"https://a.example","url":"https://b.example"}', ["url"]),
        (EndpointIn, '{"url":"https://a.example","metadata":{"k":"1","k":"1"}}', ["metadata", "k"]),
        (EndpointIn, '{"url":"https://a.example","\\u0075rl":"https://b.example"}', ["url"]),
        (EventTypeIn, '{"name":"a","description":"","schemas":{"1":{"type":"object","type":{}}}}',
         ["schemas", "1", "type"]),
        (EventTypeIn, '{"name":"a","description":"","schemas":{"1":{"anyOf":[{"a":1,"a":1}]}}}',
         ["schemas", "1", "anyOf", "0", "a"]),
    ],
)  # fmt: skip
def test_a_member_that_is_there_twice_is_refused(
    shape: Any, text: str, location: list[str]
) -> None:
    with pytest.raises(Refused) as caught:
        decode_body(text.encode(), shape)
    (fault,) = msgspec.json.decode(caught.value.answer.body)["detail"]
    assert fault["loc"] == ["body", *location]


@pytest.mark.parametrize("depth", [DEPTH_MAX, DEPTH_MAX + 1])
def test_payloads_may_nest_deep_but_not_without_bound(depth: int) -> None:
    if depth <= DEPTH_MAX:
        assert decode_body(nested(depth), PostedMessage).event_type == "a"
    else:
        with pytest.raises(Refused):
            decode_body(nested(depth), PostedMessage)
    assert not nests_too_deep(b'{"name":"' + b"[" * 200 + b'"}')


async def test_a_body_over_the_limit_is_413_before_it_is_read_whole(world: World) -> None:
    pieces_read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal pieces_read
        for _ in range(100):
            pieces_read += 1
            yield b" " * 1024

    answer = await world.client.post("/api/v1/app", content=pieces())
    assert answer.status_code == 413
    assert answer.json()["code"] == "payload_too_large"
    assert str(BODY_BYTES_MAX) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/app/no%20spaces", "app_id"),
        ("/api/v1/app/line%0A", "app_id"),
        (f"/api/v1/app/{'u' * 257}", "app_id"),
        ("/api/v1/app/acme/endpoint/a%3Fb", "endpoint_id"),
        ("/api/v1/app/acme/msg/a:b", "msg_id"),
        ("/api/v1/event-type/a%C3%A9", "event_type_name"),
    ],
)
async def test_a_bad_name_in_the_path_is_422_and_named(world: World, path: str, name: str) -> None:
    answer = await world.client.get(path)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["path", name]
    assert world.dispatcher.asked == []


async def test_unknown_paths_and_methods_are_problems_too(world: World) -> None:
    for method, path, status, code in (
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("GET", "/api/v1/app/acme/endpoint/e/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/app", 405, "method_not_allowed"),
        ("PUT", "/api/v1/health", 405, "method_not_allowed"),
    ):
        answer = await world.client.request(method, path)
        assert answer.status_code == status
        assert answer.json()["code"] == code
        assert "/docs" in answer.json()["detail"]


async def test_without_a_valid_key_everything_but_health_and_docs_is_401(world: World) -> None:
    for value in ("", "Bearer", "Bearer ", "Bearer unknown", "Basic ang_first", "ang_first"):
        answer = await world.client.get("/api/v1/app", headers={"authorization": value})
        assert answer.status_code == 401, value
        assert answer.json()["code"] == "authentication_failed"
        assert answer.headers["www-authenticate"] == "Bearer"
    world.client.headers.pop("authorization")
    for method in ("GET", "HEAD"):
        answer = await world.client.request(method, "/api/v1/health/")
        assert (answer.status_code, answer.content) == (204, b"")
    assert world.dispatcher.asked == []


async def test_a_message_for_what_cannot_be_an_application_is_422(world: World) -> None:
    body = {"eventType": "a", "payload": {}}
    answer = await world.client.post("/api/v1/app/no%20spaces/msg", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["path", "app_id"]


async def test_a_database_that_does_not_answer_is_503(world: World) -> None:
    world.keys.down = True
    answer = await world.client.post(
        "/api/v1/app", json={"name": "a"}, headers={"idempotency-key": "k"}
    )
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert world.dispatcher.asked == []


async def test_our_own_errors_are_500_without_their_details(world: World) -> None:
    def break_down(_: object) -> CreateApplication:
        raise RuntimeError("a secret of ours")

    world.dispatcher.answers[CreateApplication] = break_down
    answer = await world.client.post("/api/v1/app", json={"name": "a"})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text


def test_raw_members_may_hold_any_escape_but_texts_no_nul() -> None:
    class Posted(msgspec.Struct):
        payload: msgspec.Raw
        tags: list[str] = []

    posted = decode_body(b'{"payload":{"a":"\\u0000"}}', Posted)
    assert bytes(posted.payload) == b'{"a":"\\u0000"}'
    with pytest.raises(Refused) as refused:
        decode_body(b'{"payload":{},"tags":["\\u0000"]}', Posted)
    assert json.loads(refused.value.answer.body)["detail"][0]["loc"] == ["body", "tags", "0"]


@pytest.mark.parametrize("piece", [b'"', b'\\"', b'"\\', b'"[', b"\\", b'["a",'])
def test_depth_of_a_hostile_megabyte_is_measured_at_once(piece: bytes) -> None:
    body = b"[" * 70 + b'"' + piece * (1_000_000 // len(piece))
    started = time.process_time()
    assert nests_too_deep(body)
    assert time.process_time() - started < 5


json_values = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=30,
)


def depth_of(value: object) -> int:
    match value:
        case list():
            return 1 + max(map(depth_of, value), default=0)
        case dict():
            return 1 + max(map(depth_of, value.values()), default=0)
        case _:
            return 0


@given(json_values, st.integers(0, 8), st.booleans())
def test_depth_is_measured_as_by_reading(value: object, depth_max: int, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert nests_too_deep(body, depth_max) is (depth_of(value) > depth_max)


@given(st.binary(max_size=300), st.integers(0, 8))
def test_depth_of_any_bytes_can_be_measured(body: bytes, depth_max: int) -> None:
    assert nests_too_deep(body, depth_max) in (True, False)


@pytest.mark.parametrize("path", ["/api/v1/app", "/api/v1/app/acme/msg"])
async def test_a_content_coding_is_415_and_told_to_be_left_out(world: World, path: str) -> None:
    coded = {"content-encoding": "br"}
    answer = await world.client.post(path, content=b"\x1f\x8b\x08", headers=JSON | coded)
    assert answer.status_code == 415
    assert "without `Content-Encoding`" in answer.json()["detail"]
    assert world.dispatcher.asked == []


async def test_query_parameters_that_no_operation_has_are_refused(world: World) -> None:
    for method, path, query in (
        ("POST", "/api/v1/app", "get_if_exist=true"),
        ("POST", "/api/v1/app/acme/msg", "withContent=false"),
        ("DELETE", "/api/v1/event-type/a", "expung=true"),
        ("GET", "/api/v1/health", "deep=1"),
    ):
        answer = await world.client.request(method, f"{path}?{query}", json={"name": "a"})
        assert answer.status_code == 422, path
        assert answer.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]
    assert world.dispatcher.asked == []
