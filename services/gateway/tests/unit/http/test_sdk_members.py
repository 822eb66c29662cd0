"""Every member and parameter that the installed official SDK can send is implemented, or refused
with a 422 that names it. A new one fails here until somebody decides."""

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
import svix.models
from angarium_gateway.adapters.http.reference.sdk_calls import SDK_CALLS
from svix.api import Svix

from .conftest import World

REFUSED_MEMBERS: Final[dict[tuple[str, str], Any]] = {
    ("v1.endpoint.bulk-replay", "status"): 2,
    ("v1.endpoint.bulk-replay", "statusCodeClass"): 500,
    ("v1.streaming.stream.patch", "description"): "text",
}
"""Members that are refused, by operation and name, with a value that a client could send."""

REFUSED_PARAMETERS: Final[dict[tuple[str, str], str]] = {
    ("v1.message-attempt.list-by-endpoint", "tag"): "march",
}
"""Query parameters that are refused, in the same way."""

BODIES: Final[dict[str, dict[str, Any]]] = {
    "BulkReplayIn": {"since": "2030-01-01T00:00:00Z"},
    "StreamPatch": {},
}
"""The least that the bodies with refused members must have."""


@dataclasses.dataclass(frozen=True)
class Operation:
    """An operation as the API's document declares it."""

    method: str
    path: str
    parameters: frozenset[str]
    members: frozenset[str]


def declared(document: dict[str, Any]) -> dict[str, Operation]:
    found = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parameters = operation.get("parameters", [])
            queries = frozenset(each["name"] for each in parameters if each["in"] == "query")
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            reference = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
            schema = document["components"]["schemas"].get(reference, {})
            members = frozenset(schema.get("properties", ()))
            found[operation["operationId"]] = Operation(method, path, queries, members)
    return found


def sdk_members() -> Iterator[tuple[str, str]]:
    """Operations and the members of their bodies, as the SDK sends them."""
    for operation, call in SDK_CALLS.items():
        if call.body is not None:
            for name, field in getattr(svix.models, call.body).model_fields.items():
                yield operation, field.alias or name


def sdk_parameters() -> Iterator[tuple[str, str]]:
    """Operations and the query parameters of their options, as the SDK sends them."""
    for operation, call in SDK_CALLS.items():
        method: Any = Svix("token")
        for part in call.method.split("."):
            method = getattr(method, part)
        for parameter in inspect.signature(method).parameters.values():
            if dataclasses.is_dataclass(parameter.default):
                for field in dataclasses.fields(parameter.default):
                    if field.name != "idempotency_key":
                        yield operation, field.name


@pytest.fixture
async def operations(world: World) -> dict[str, Operation]:
    return declared((await world.client.get("/api/v1/openapi.json")).json())


async def test_every_member_is_declared_or_refused(operations: dict[str, Operation]) -> None:
    unknown = [
        (operation, member)
        for operation, member in sdk_members()
        if member not in operations[operation].members
        and (operation, member) not in REFUSED_MEMBERS
    ]
    assert unknown == []


async def test_every_parameter_is_declared_or_refused(operations: dict[str, Operation]) -> None:
    unknown = [
        (operation, name)
        for operation, name in sdk_parameters()
        if name not in operations[operation].parameters
        and (operation, name) not in REFUSED_PARAMETERS
    ]
    assert unknown == []


def test_nothing_is_refused_that_the_sdk_does_not_have() -> None:
    assert set(REFUSED_MEMBERS) <= set(sdk_members())
    assert set(REFUSED_PARAMETERS) <= set(sdk_parameters())


def sent_path(operation: Operation) -> str:
    return "/".join("x" if part.startswith("{") else part for part in operation.path.split("/"))


def assert_names(answer: httpx.Response, place: str, name: str) -> None:
    assert answer.status_code == 422, answer.text
    (fault,) = answer.json()["detail"]
    assert fault["loc"] == [place, name]


async def test_what_is_refused_is_named(world: World, operations: dict[str, Operation]) -> None:
    for (operation_id, member), value in REFUSED_MEMBERS.items():
        operation = operations[operation_id]
        body = BODIES[SDK_CALLS[operation_id].body or ""] | {member: value}
        answer = await world.client.request(operation.method, sent_path(operation), json=body)
        assert_names(answer, "body", member)
    for (operation_id, name), text in REFUSED_PARAMETERS.items():
        operation = operations[operation_id]
        answer = await world.client.get(sent_path(operation), params={name: text})
        assert_names(answer, "query", name)
    assert world.dispatcher.asked == []
