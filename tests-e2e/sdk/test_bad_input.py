"""Bad input over plain HTTP: 4xx with a problem that names the member, and nothing changes."""

import socket
from typing import Any

import httpx
import pytest

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package

PAYLOAD_BYTES_MAX = 1024 * 1024
GOOD = b'{"eventType":"a","payload":{}}'
DEEP = b'{"eventType":"a","payload":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"
LIST = b'{"eventType":"a","payload":{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}}"

BAD_MESSAGES: dict[str, tuple[bytes, int | tuple[int, ...], str | None]] = {
    "nothing": (b"", 422, None),
    "no JSON": (b"event=a", 422, None),
    "cut off": (GOOD[:-1], 422, None),
    "something behind": (GOOD + b"x", 422, None),
    "a list": (b"[]", 422, None),
    "null": (b"null", 422, None),
    "not UTF-8": (b'{"eventType":"a","payload":{"a":"\xff"}}', 422, None),
    "not UTF-8 in a name": (b'{"eventType":"\xff","payload":{}}', 422, None),
    "a lone surrogate": (b'{"eventType":"a","payload":{"a":"\\ud800"}}', (202, 422), None),
    "NaN": (b'{"eventType":"a","payload":{"a":NaN}}', 422, None),
    "Infinity": (b'{"eventType":"a","payload":{"a":-Infinity}}', 422, None),
    "nested deep": (DEEP, 422, None),
    "lists nested deep": (LIST, 422, None),
    "a UTF-16 body": (GOOD.decode().encode("utf-16"), 422, None),
    "no event type": (b'{"payload":{}}', 422, "eventType"),
    "no payload": (b'{"eventType":"a"}', 422, "payload"),
    "a number as event type": (b'{"eventType":1,"payload":{}}', 422, "eventType"),
    "an empty event type": (b'{"eventType":"","payload":{}}', 422, "eventType"),
    "a long event type": (b'{"eventType":"%b","payload":{}}' % (b"a" * 257), 422, "eventType"),
    "a line break in the type": (b'{"eventType":"a\\nb","payload":{}}', 422, "eventType"),
    "a list as payload": (b'{"eventType":"a","payload":[]}', 422, "payload"),
    "a text as payload": (b'{"eventType":"a","payload":"{}"}', 422, "payload"),
    "null as payload": (b'{"eventType":"a","payload":null}', 422, "payload"),
    "an id with a line break": (b'{"eventType":"a","payload":{},"eventId":"a\\n"}', 422, "eventId"),
    "an id with a slash": (b'{"eventType":"a","payload":{},"eventId":"a/b"}', 422, "eventId"),
    "a number as id": (b'{"eventType":"a","payload":{},"eventId":7}', 422, "eventId"),
    "no channel": (b'{"eventType":"a","payload":{},"channels":[]}', 422, "channels"),
    "six channels": (
        b'{"eventType":"a","payload":{},"channels":["a","b","c","d","e","f"]}',
        422,
        "channels",
    ),
    "a channel twice": (b'{"eventType":"a","payload":{},"channels":["a","a"]}', 422, "channels"),
    "a text as channels": (b'{"eventType":"a","payload":{},"channels":"a"}', 422, "channels"),
}


def message_count(api: httpx.Client, app: str) -> int:
    return len(api.get(f"{app}/msg").json()["data"])


@pytest.mark.parametrize(
    ("body", "status", "member"), BAD_MESSAGES.values(), ids=BAD_MESSAGES.keys()
)
def test_a_bad_message_is_refused(
    checked_api: httpx.Client,
    app: str,
    body: bytes,
    status: int | tuple[int, ...],
    member: str | None,
) -> None:
    answer = checked_api.post(f"{app}/msg", content=body)

    allowed = (400, status) if status == 422 and member is None else (status,)
    assert answer.status_code in (status if isinstance(status, tuple) else allowed), answer.text
    if answer.status_code != 202:
        assert_problem(answer, member)
        assert message_count(checked_api, app) == 0


@pytest.mark.parametrize(
    ("path", "body", "member"),
    [
        ("/app", {"name": 1}, "name"),
        ("/app", {}, "name"),
        ("/app", {"name": "a", "uid": "a b"}, "uid"),
        ("/app", {"name": "a", "uid": ""}, "uid"),
        ("/app", {"name": "a", "uid": "a" * 257}, "uid"),
        ("/app", {"name": "a", "throttleRate": "5"}, "throttleRate"),
        ("/app", {"name": "a", "throttleRate": 5.5}, "throttleRate"),
        ("/app", {"name": "a", "metadata": {"a": 1}}, "metadata"),
        ("{app}/endpoint", {}, "url"),
        ("{app}/endpoint", {"url": 7}, "url"),
        ("{app}/endpoint", {"url": "file:///etc/passwd"}, "url"),
        ("{app}/endpoint", {"url": "gopher://example.com"}, "url"),
        ("{app}/endpoint", {"url": "//example.com/"}, "url"),
        ("{app}/endpoint", {"url": "https://exa mple.com/"}, "url"),
        ("{app}/endpoint", {"url": "https://example.com/\r\nX-Injected: 1"}, "url"),
        ("{app}/endpoint", {"url": "https://user:secret@example.com/"}, "url"),
        ("{app}/endpoint", {"url": "https://example.com/", "disabled": "true"}, "disabled"),
        ("{app}/endpoint", {"url": "https://example.com/", "disabled": 1}, "disabled"),
        ("{app}/endpoint", {"url": "https://example.com/", "eventTypes": ["a\n"]}, "eventTypes"),
        (
            "{app}/endpoint",
            {"url": "https://example.com/", "headers": {"X-A": "1\r\nX-B: 2"}},
            "headers",
        ),
        ("/event-type", {"name": "a"}, "description"),
        ("/event-type", {"name": "a/b", "description": ""}, "name"),
        ("/event-type", {"name": "a", "description": "", "schemas": []}, "schemas"),
    ],
)
def test_a_bad_object_is_refused(
    checked_api: httpx.Client, app: str, path: str, body: dict[str, Any], member: str
) -> None:
    answer = checked_api.post(path.format(app=app), json=body)

    assert answer.status_code == 422, answer.text
    assert_problem(answer, member)
    assert checked_api.get(f"{app}/endpoint").json()["data"] == []


def test_a_payload_at_the_limit_is_taken_and_one_above_is_not(
    checked_api: httpx.Client, app: str
) -> None:
    def of_bytes(count: int) -> bytes:
        payload = b'{"a":"%b"}' % (b"x" * (count - 8))
        assert len(payload) == count
        return b'{"eventType":"a","payload":%b}' % payload

    assert checked_api.post(f"{app}/msg", content=of_bytes(PAYLOAD_BYTES_MAX)).status_code == 202
    answer = checked_api.post(f"{app}/msg", content=of_bytes(PAYLOAD_BYTES_MAX + 1))

    assert answer.status_code == 413
    assert str(PAYLOAD_BYTES_MAX) in answer.json()["detail"]
    assert message_count(checked_api, app) == 1


@pytest.mark.parametrize("path", ["/msg", "/endpoint"])
def test_a_body_far_too_long_is_refused_before_it_is_read(
    platform: DevPlatform, app: str, path: str
) -> None:
    url = httpx.URL(platform.url)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(
            (
                f"POST /api/v1{app}{path} HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {platform.key}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {10**12}\r\n\r\n"
            ).encode()
        )
        connection.sendall(b'{"eventType":"a","payload":{"a":"' + b"x" * 65_536)
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/msg", "/endpoint"])
def test_a_long_body_in_chunks_is_refused_as_soon_as_it_is_known(
    platform: DevPlatform, app: str, path: str
) -> None:
    url = httpx.URL(platform.url)
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(
            (
                f"POST /api/v1{app}{path} HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {platform.key}\r\nContent-Type: application/json\r\n"
                "Transfer-Encoding: chunked\r\n\r\n"
            ).encode()
        )
        # 32 MiB never ends: the answer comes while it is being sent.
        answer = b""
        connection.settimeout(0.05)
        for _ in range(512):
            try:
                connection.sendall(chunk)
            except OSError:
                break
            try:
                answer = connection.recv(65_536)
                break
            except TimeoutError:
                continue
        connection.settimeout(10)
        answer = answer or connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "path",
    [
        "/app/a%20b",
        "/app/a%0Ab",
        "/app/%00",
        "/app/" + "a" * 257,
        "/app/%F0%9F%90%8E",
        "/app/a%2Fb",
    ],
)
def test_a_reference_that_cannot_be_one_is_refused(api: httpx.Client, path: str) -> None:
    for answer in (
        api.get(path),
        api.post(f"{path}/msg", json={"eventType": "a", "payload": {}}),
        api.get(f"{path}/endpoint"),
    ):
        assert answer.status_code in (404, 422), answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["code"] in ("not_found", "validation_error")


def test_unknown_paths_and_methods_have_json_bodies(api: httpx.Client, app: str) -> None:
    for answer, status in (
        (api.get("/nowhere"), 404),
        (api.delete("/app"), 405),
        (api.patch(f"{app}/msg", json={}), 405),
    ):
        assert answer.status_code == status
        assert answer.json()["status"] == status
        assert answer.json()["detail"]


def test_a_trailing_slash_changes_nothing(checked_api: httpx.Client, app: str) -> None:
    assert checked_api.get(f"{app}/").json() == checked_api.get(app).json()
    assert checked_api.post(f"{app}/msg/", content=GOOD).status_code == 202
    assert checked_api.get("/app/").status_code == 200
    assert checked_api.get(f"{app}/msg/").json()["done"] is True


def test_every_answer_to_bad_json_says_what_to_do(checked_api: httpx.Client, app: str) -> None:
    for method, path in (("POST", "/app"), ("PUT", app), ("PATCH", app), ("POST", "/event-type")):
        for body in (b"", b"{", b"[1]", b"\xff", b'{"name":NaN}', b'{"a":' * 50_000):
            answer = checked_api.request(method, path, content=body)
            assert answer.status_code in (400, 422), (method, path, body[:20], answer.text)
            assert_problem(answer, None)
    assert checked_api.get(app).json()["name"] == "Test"


def assert_problem(answer: httpx.Response, member: str | None) -> None:
    """It is a problem document; with `member`, its first fault is there and says what to do."""
    problem = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert problem["status"] == answer.status_code
    assert problem["title"]
    if answer.status_code != 422:
        assert problem["detail"]
        return
    fault = problem["detail"][0]
    assert fault["msg"]
    if member is not None:
        assert fault["loc"][:2] == ["body", member]
