"""Requests by clients of version 1 of the Svix API, whose names for some members differ."""

from typing import Any

import msgspec
import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    PatchApplication,
    PatchEndpoint,
    UpdateApplication,
    UpdateEndpoint,
)
from angarium_gateway.adapters.http.posted_message import read_message
from msgspec import UNSET

from .conftest import World, application_saved, endpoint_saved

URL = {"url": "https://example.com/hook"}
ENDPOINTS = "/api/v1/app/acme/endpoint"
OPERATIONAL = "/api/v1/operational-webhook/endpoint"


@pytest.fixture(autouse=True)
def saves(world: World) -> None:
    world.dispatcher.answers |= dict.fromkeys(
        (CreateEndpoint, UpdateEndpoint, PatchEndpoint), endpoint_saved()
    )
    world.dispatcher.answers |= dict.fromkeys(
        (CreateApplication, UpdateApplication, PatchApplication), application_saved()
    )


async def sent(world: World, method: str, path: str, body: dict[str, Any]) -> Any:
    answer = await world.client.request(method, path, json=body)
    assert answer.is_success, answer.text
    return world.dispatcher.asked[-1]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ENDPOINTS),
        ("PUT", f"{ENDPOINTS}/orders"),
        ("PATCH", f"{ENDPOINTS}/orders"),
        ("POST", OPERATIONAL),
        ("PUT", f"{OPERATIONAL}/orders"),
    ],
)
async def test_an_endpoint_takes_its_filter_and_rate_under_former_names(
    world: World, method: str, path: str
) -> None:
    command = await sent(
        world, method, path, URL | {"filterTypes": ["endpoint.disabled"], "rateLimit": 5}
    )
    assert (command.event_types, command.throttle_rate) == (("endpoint.disabled",), 5)
    types = ["endpoint.disabled"]
    both = {"filterTypes": types, "eventTypes": types, "rateLimit": 5, "throttleRate": 5}
    command = await sent(world, method, path, URL | both)
    assert (command.event_types, command.throttle_rate) == (("endpoint.disabled",), 5)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/app"), ("PUT", "/api/v1/app/acme"), ("PATCH", "/api/v1/app/acme")],
)
async def test_an_application_takes_its_rate_under_the_former_name(
    world: World, method: str, path: str
) -> None:
    command = await sent(world, method, path, {"name": "Acme", "rateLimit": 5})
    assert command.throttle_rate == 5


@pytest.mark.parametrize(
    ("method", "path", "body", "member"),
    [
        ("POST", ENDPOINTS, {"filterTypes": ["a"], "eventTypes": ["b"]}, "filterTypes"),
        ("PATCH", f"{ENDPOINTS}/orders", {"filterTypes": ["a"], "eventTypes": None}, "filterTypes"),
        ("PATCH", f"{ENDPOINTS}/orders", {"rateLimit": None, "throttleRate": 5}, "rateLimit"),
        ("PUT", "/api/v1/app/acme", {"name": "A", "rateLimit": 1, "throttleRate": 5}, "rateLimit"),
    ],
)
async def test_a_member_that_differs_under_its_two_names_is_refused(
    world: World, method: str, path: str, body: dict[str, Any], member: str
) -> None:
    given = body if "name" in body else URL | body
    answer = await world.client.request(method, path, json=given)
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert fault["loc"] == ["body", member]
    assert "differ" in fault["msg"]
    assert world.dispatcher.asked == []


async def test_null_under_one_name_leaves_the_other_alone_where_it_means_left_out(
    world: World,
) -> None:
    for body in (
        {"filterTypes": None, "eventTypes": ["a"], "rateLimit": None, "throttleRate": 5},
        {"filterTypes": ["a"], "eventTypes": None, "rateLimit": 5, "throttleRate": None},
    ):
        command = await sent(world, "POST", ENDPOINTS, URL | body)
        assert (command.event_types, command.throttle_rate) == (("a",), 5)


async def test_a_patch_clears_and_keeps_by_the_former_names_too(world: World) -> None:
    command = await sent(world, "PATCH", f"{ENDPOINTS}/orders", {"filterTypes": None})
    assert (command.event_types, command.throttle_rate) == (None, UNSET)


async def test_an_application_that_a_message_brings_along_takes_the_former_name(
    world: World,
) -> None:
    body: dict[str, Any] = {"eventType": "a", "payload": {}}
    brought = body | {"application": {"name": "N", "rateLimit": 5}}
    posted = read_message(msgspec.json.encode(brought), payload_bytes_max=100)
    assert posted.application is not None
    assert posted.application.throttle_rate == 5
    brought = body | {"application": {"name": "N", "rateLimit": 5, "throttleRate": 6}}
    answer = await world.client.post("/api/v1/app/new/msg", json=brought)
    assert answer.json()["detail"][0]["loc"] == ["body", "application", "rateLimit"]


@pytest.mark.parametrize("version", [1, None])
async def test_the_version_of_an_endpoint_can_only_be_one(
    world: World, version: int | None
) -> None:
    await sent(world, "POST", ENDPOINTS, URL | {"version": version})
    answer = await world.client.post(ENDPOINTS, json=URL | {"version": 2})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "version"]
