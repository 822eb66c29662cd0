"""/api/v1/operational-webhook/endpoint"""

import json

import pytest
from angarium_contracts.configuration import (
    CreateEndpoint,
    DeleteEndpoint,
    EndpointDeleted,
    Endpoints,
    EndpointSecret,
    GetEndpoint,
    GetEndpointSecret,
    ListEndpoints,
    UpdateEndpoint,
)
from angarium_contracts.endpoint_options import (
    EndpointHeaders,
    GetEndpointHeaders,
    RotateEndpointSecret,
    SetEndpointHeaders,
)
from angarium_contracts.ids import APPLICATION, ENDPOINT, format_id, operational_application_id
from angarium_contracts.queries import Page, Problem, ProblemCode
from angarium_gateway.adapters.http.operational_types import OPERATIONAL_TYPES
from msgspec import UNSET

from .conftest import ENDPOINT as SAVED
from .conftest import ENDPOINT_ID, STATE, TENANT, World, endpoint_saved

PATH = "/api/v1/operational-webhook/endpoint"
HIDDEN = format_id(APPLICATION, operational_application_id(TENANT))
SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OUT = {
    "id": format_id(ENDPOINT, ENDPOINT_ID),
    "uid": "orders",
    "url": "https://example.com/hook",
    "description": "",
    "disabled": False,
    "throttleRate": None,
    "rateLimit": None,
    "eventTypes": ["invoice.paid"],
    "filterTypes": ["invoice.paid"],
    "metadata": {},
    "createdAt": "2030-01-02T03:04:05.678901Z",
    "updatedAt": "2030-01-02T03:04:05.678901Z",
}


async def test_an_endpoint_is_created_in_the_tenants_hidden_application(world: World) -> None:
    world.dispatcher.answers[CreateEndpoint] = endpoint_saved(created=True)
    body = {
        "url": "https://example.com/hook",
        "uid": "orders",
        "description": None,
        "disabled": None,
        "metadata": None,
        "eventTypes": ["endpoint.disabled"],
        "secret": SECRET,
        "headers": {"X-A": "1"},
        "throttleRate": 5,
    }
    answer = await world.client.post(PATH, json=body)
    assert (answer.status_code, answer.json()) == (201, OUT)
    (command,) = world.dispatcher.asked
    assert isinstance(command, CreateEndpoint)
    assert (command.tenant_id, command.application_ref) == (TENANT, HIDDEN)
    assert (command.description, command.disabled, command.metadata) == ("", False, {})
    assert (command.event_types, command.throttle_rate) == (("endpoint.disabled",), 5)
    assert command.sealed_secret is not None
    assert command.sealed_headers is not None
    assert world.seal.open(command.sealed_secret, TENANT) == b"whsec_" + SECRET.encode()
    assert json.loads(world.seal.open(command.sealed_headers, TENANT)) == {"X-A": "1"}
    # What the gateway's copy knows of from now on: events are wanted.
    assert world.copy.learned == [STATE]


async def test_endpoints_are_listed_and_got(world: World) -> None:
    world.dispatcher.answers[ListEndpoints] = Endpoints(items=(SAVED,), done=True, iterator="i")
    world.dispatcher.answers[GetEndpoint] = endpoint_saved()
    listed = await world.client.get(f"{PATH}/?limit=7&order=descending")
    assert listed.json() == {"data": [OUT], "iterator": "i", "prevIterator": None, "done": True}
    assert (await world.client.get(f"{PATH}/orders")).json() == OUT
    assert world.dispatcher.asked == [
        ListEndpoints(TENANT, HIDDEN, Page(limit=7, descending=True)),
        GetEndpoint(TENANT, HIDDEN, "orders"),
    ]


@pytest.mark.parametrize(("created", "status"), [(True, 201), (False, 200)])
async def test_an_endpoint_is_replaced_and_keeps_what_cannot_be_named_here(
    world: World, created: bool, status: int
) -> None:
    world.dispatcher.answers[UpdateEndpoint] = endpoint_saved(created=created)
    answer = await world.client.put(f"{PATH}/orders", json={"url": "https://e.com"})
    assert (answer.status_code, answer.json()) == (status, OUT)
    (command,) = world.dispatcher.asked
    assert isinstance(command, UpdateEndpoint)
    assert (command.application_ref, command.ref, command.event_types) == (HIDDEN, "orders", None)
    assert (command.timeout_s, command.fifo, command.sealed_proxy) == (UNSET, UNSET, UNSET)


async def test_an_endpoint_is_deleted(world: World) -> None:
    world.dispatcher.answers[DeleteEndpoint] = EndpointDeleted(application=STATE)
    assert (await world.client.delete(f"{PATH}/orders")).status_code == 204
    assert world.dispatcher.asked == [DeleteEndpoint(TENANT, HIDDEN, "orders")]


async def test_headers_are_set_and_read_with_secrets_only_named(world: World) -> None:
    world.dispatcher.answers[SetEndpointHeaders] = endpoint_saved()
    sealed = world.seal.close(b'{"X-A": "1", "Authorization": "x"}', ENDPOINT_ID)
    world.dispatcher.answers[GetEndpointHeaders] = EndpointHeaders(ENDPOINT_ID, sealed)
    answer = await world.client.put(f"{PATH}/orders/headers", json={"headers": {"X-A": "1"}})
    assert (answer.status_code, answer.content) == (204, b"")
    read = await world.client.get(f"{PATH}/orders/headers")
    assert read.json() == {"headers": {"X-A": "1"}, "sensitive": ["Authorization"]}


async def test_the_secret_is_read_and_rotated(world: World) -> None:
    sealed = world.seal.close(b"whsec_abc", ENDPOINT_ID)
    world.dispatcher.answers[GetEndpointSecret] = EndpointSecret(ENDPOINT_ID, sealed)
    world.dispatcher.answers[RotateEndpointSecret] = endpoint_saved()
    assert (await world.client.get(f"{PATH}/orders/secret")).json() == {"key": "whsec_abc"}
    answer = await world.client.post(
        f"{PATH}/orders/secret/rotate",
        json={"gracePeriodSeconds": 60},
        headers={"user-agent": "svix-libs/2.9.1/python"},
    )
    assert (answer.status_code, answer.content) == (204, b"")
    command = world.dispatcher.asked[-1]
    assert isinstance(command, RotateEndpointSecret)
    assert (command.application_ref, command.grace_s, command.sealed_secret) == (HIDDEN, 60, None)


async def test_before_the_first_endpoint_there_is_an_empty_list_and_nothing_else(
    world: World,
) -> None:
    missing = Problem(ProblemCode.NOT_FOUND, "There is no such application. Check its id or uid.")
    for question in (ListEndpoints, GetEndpoint, DeleteEndpoint, GetEndpointHeaders):
        world.dispatcher.answers[question] = missing
    listed = await world.client.get(PATH)
    assert listed.json() == {"data": [], "iterator": None, "prevIterator": None, "done": True}
    for method, path in (("GET", "/x"), ("DELETE", "/x"), ("GET", "/x/headers")):
        answer = await world.client.request(method, PATH + path)
        assert answer.status_code == 404
        assert "application" not in answer.json()["detail"]


async def test_a_dispatcher_that_is_away_is_told_as_such(world: World) -> None:
    away = Problem(ProblemCode.UNAVAILABLE, "Not reachable. Try again.")
    world.dispatcher.answers[ListEndpoints] = away
    assert (await world.client.get(PATH)).status_code == 503


@pytest.mark.parametrize("member", ["eventTypes", "filterTypes"])
@pytest.mark.parametrize(("method", "path"), [("POST", PATH), ("PUT", f"{PATH}/orders")])
async def test_an_event_type_that_never_occurs_is_refused(
    world: World, method: str, path: str, member: str
) -> None:
    body = {"url": "https://e.com", member: ["endpoint.disabled", "message.atempt.failing"]}
    answer = await world.client.request(method, path, json=body)
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert fault["loc"] == ["body", "eventTypes", "1"]
    assert fault["msg"].endswith("Did you mean `message.attempt.failing`?")
    assert world.dispatcher.asked == []


async def test_every_operational_event_can_be_chosen(world: World) -> None:
    world.dispatcher.answers[CreateEndpoint] = endpoint_saved(created=True)
    body = {"url": "https://e.com", "eventTypes": list(OPERATIONAL_TYPES)}
    assert (await world.client.post(PATH, json=body)).status_code == 201
    assert len(OPERATIONAL_TYPES) == 7
