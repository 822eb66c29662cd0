"""Each operation of this version, once with success and once refused, has the published shape."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from ..waiting import until  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .answer_shapes import WrongShape, check, check_answer, operation_of

OPERATIONS = {
    "v1.application.list",
    "v1.application.create",
    "v1.application.get",
    "v1.application.update",
    "patch_application",
    "v1.application.delete",
    "v1.endpoint.list",
    "v1.endpoint.create",
    "v1.endpoint.get",
    "v1.endpoint.update",
    "patch_endpoint",
    "v1.endpoint.delete",
    "v1.endpoint.get-secret",
    "v1.endpoint.rotate-secret",
    "v1.endpoint.get-headers",
    "v1.endpoint.update-headers",
    "v1.endpoint.patch-headers",
    "v1.event-type.list",
    "v1.event-type.create",
    "v1.event-type.get",
    "v1.event-type.update",
    "patch_event_type",
    "v1.event-type.delete",
    "v1.message.list",
    "v1.message.create",
    "v1.message.get",
    "v1.message.expunge-content",
    "v1.message-attempt.list-by-msg",
    "v1.message-attempt.list-by-endpoint",
    "v1.message-attempt.get",
    "v1.message-attempt.expunge-content",
    "v1.message-attempt.list-attempted-destinations",
    "v1.message-attempt.list-attempted-messages",
    "v1.health.get",
}


class Calls:
    """Sends requests, checks each answer's shape, and remembers what succeeded and what not."""

    def __init__(self, api: httpx.Client) -> None:
        self._api = api
        self.succeeded: set[str] = set()
        self.refused: set[str] = set()

    def __call__(self, method: str, path: str, status: int, body: object = None) -> Any:
        answer = self._api.request(method, path, json=body)
        assert answer.status_code == status, (method, path, answer.text)
        operation = check_answer(answer)
        (self.succeeded if status < 400 else self.refused).add(operation)
        return answer.json() if answer.content else None


def test_every_operation_answers_as_published(api: httpx.Client, receiver: WebhookReceiver) -> None:
    call = Calls(api)
    uid, event_type = uuid4().hex, f"t-{uuid4().hex}"
    call("GET", "/health", 204)
    _applications(call, uid)
    _event_types(call, event_type)
    app = f"/app/{uid}"
    endpoint = _endpoints(call, app, f"{receiver.url}/ok")
    _messages_and_attempts(call, app, endpoint)
    call("DELETE", f"{app}/endpoint/{endpoint}", 204)
    call("DELETE", f"{app}/endpoint/{endpoint}", 404)
    call("DELETE", app, 204)
    call("DELETE", app, 404)

    assert call.succeeded == OPERATIONS
    assert call.refused == OPERATIONS - {"v1.health.get"}


def _applications(call: Calls, uid: str) -> None:
    body = {"name": "A", "uid": uid, "metadata": {"a": "b"}, "throttleRate": 9}
    call("POST", "/app", 201, body)
    call("POST", "/app?get_if_exists=true", 200, body)
    call("POST", "/app", 409, body)
    call("GET", "/app", 200)
    call("GET", "/app?limit=none", 422)
    call("GET", f"/app/{uid}", 200)
    call("GET", f"/app/{uid}x", 404)
    call("PUT", f"/app/{uid}", 200, body)
    call("PUT", f"/app/{uid}-put", 201, {"name": "B"})
    call("PUT", f"/app/{uid}", 422, {"name": 1})
    call("PATCH", f"/app/{uid}", 200, {"throttleRate": None})
    call("PATCH", f"/app/{uid}x", 404, {"name": "A"})


def _event_types(call: Calls, name: str) -> None:
    body = {"description": "x", "schemas": {"1": {"type": "object"}}, "featureFlag": "f"}
    call("POST", "/event-type", 201, {"name": name, **body})
    call("POST", "/event-type", 409, {"name": name, **body})
    call("GET", "/event-type?with_content=true", 200)
    call("GET", "/event-type?order=random", 422)
    call("GET", f"/event-type/{name}", 200)
    call("GET", f"/event-type/{name}x", 404)
    call("PUT", f"/event-type/{name}", 200, body)
    call("PUT", f"/event-type/{name}-put", 201, body)
    call("PUT", f"/event-type/{name}", 422, {})
    call("PATCH", f"/event-type/{name}", 200, {"deprecated": True})
    call("PATCH", f"/event-type/{name}x", 404, {"deprecated": True})
    call("DELETE", f"/event-type/{name}", 204)
    call("DELETE", f"/event-type/{name}-put?expunge=true", 204)
    call("DELETE", f"/event-type/{name}-put", 404)


def _endpoints(call: Calls, app: str, url: str) -> str:
    body = {"url": url, "uid": "e", "channels": ["c"], "eventTypes": ["a"], "throttleRate": 5}
    endpoint = str(call("POST", f"{app}/endpoint", 201, body)["id"])
    call("POST", f"{app}/endpoint", 409, body)
    call("GET", f"{app}/endpoint", 200)
    call("GET", f"{app}x/endpoint", 404)
    call("GET", f"{app}/endpoint/e", 200)
    call("GET", f"{app}/endpoint/x", 404)
    call("PUT", f"{app}/endpoint/{endpoint}", 200, {"url": url, "uid": "e"})
    call("PUT", f"{app}/endpoint/put", 201, {"url": url})
    call("PUT", f"{app}/endpoint/put", 422, {"url": "no"})
    call("PATCH", f"{app}/endpoint/put", 200, {"disabled": True})
    call("PATCH", f"{app}/endpoint/x", 404, {"disabled": True})
    call("GET", f"{app}/endpoint/e/secret", 200)
    call("GET", f"{app}/endpoint/x/secret", 404)
    call("POST", f"{app}/endpoint/e/secret/rotate", 204, {})
    call("POST", f"{app}/endpoint/x/secret/rotate", 404, {})
    for path, headers in (("e", {"X-A": "b"}), ("x", {})):
        refused = path == "x"
        call("PUT", f"{app}/endpoint/{path}/headers", 404 if refused else 204, {"headers": headers})
        call(
            "PATCH", f"{app}/endpoint/{path}/headers", 404 if refused else 204, {"headers": headers}
        )
        call("GET", f"{app}/endpoint/{path}/headers", 404 if refused else 200)
    return endpoint


def _messages_and_attempts(call: Calls, app: str, endpoint: str) -> None:
    body = {"eventType": "a", "payload": {"a": 1}, "eventId": "1", "channels": ["c"], "tags": ["t"]}
    message = call("POST", f"{app}/msg", 202, body)["id"]
    call("POST", f"{app}/msg", 409, body)
    call("GET", f"{app}/msg", 200)
    call("GET", f"{app}x/msg", 404)
    call("GET", f"{app}/msg/{message}", 200)
    call("GET", f"{app}/msg/x", 404)

    def recorded() -> Any:
        return call("GET", f"{app}/attempt/msg/{message}", 200)["data"]

    (attempt,) = until(recorded, 20, "the attempt is on record")
    call("GET", f"{app}/attempt/msg/x", 404)
    call("GET", f"{app}/attempt/endpoint/{endpoint}", 200)
    call("GET", f"{app}/attempt/endpoint/x", 404)
    call("GET", f"{app}/msg/{message}/attempt/{attempt['id']}", 200)
    call("GET", f"{app}/msg/{message}/attempt/x", 404)
    (delivery,) = call("GET", f"{app}/msg/{message}/endpoint", 200)["data"]
    assert delivery["id"] == endpoint
    call("GET", f"{app}/msg/x/endpoint", 404)
    (delivery,) = call("GET", f"{app}/endpoint/{endpoint}/msg", 200)["data"]
    assert delivery["id"] == message
    call("GET", f"{app}/endpoint/x/msg", 404)
    call("DELETE", f"{app}/msg/{message}/attempt/{attempt['id']}/content", 204)
    call("DELETE", f"{app}/msg/{message}/attempt/x/content", 404)
    call("DELETE", f"{app}/msg/{message}/content", 204)
    call("DELETE", f"{app}/msg/x/content", 404)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (1, {"type": "string"}),
        (True, {"type": "integer"}),
        (None, {"type": "string"}),
        ({}, {"type": "object", "required": ["id"]}),
        ({"id": 1}, {"type": "object", "properties": {"id": {"type": "string"}}}),
        ({"a": 1}, {"type": "object", "additionalProperties": {"type": "string"}}),
        ([1], {"type": "array", "items": {"type": "string"}}),
        ([], {"type": "array", "minItems": 1}),
        (["a", "a"], {"type": "array", "uniqueItems": True}),
        ("a b", {"type": "string", "pattern": "^[a-z]+$"}),
        ("2026-01-01 00:00:00", {"type": "string", "format": "date-time"}),
        (5, {"enum": [1, 2]}),
        ("x", {"type": "string", "contentEncoding": "base64"}),
    ],
)
def test_the_check_itself_finds_what_is_wrong(value: object, schema: dict[str, Any]) -> None:
    with pytest.raises(WrongShape):
        check(value, schema, "here")


def test_the_check_knows_no_operation_that_is_not_published() -> None:
    assert operation_of("GET", "/api/v1/app/a/msg/b/")[0] == "v1.message.get"
    with pytest.raises(WrongShape):
        operation_of("GET", "/api/v1/elsewhere")
