"""HEAD, OPTIONS and the methods that a path does not have."""

import re
from typing import Any

import pytest
from angarium_contracts.configuration import GetApplication

from .conftest import World, application_saved

METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"}


async def paths(world: World) -> dict[str, set[str]]:
    """Every path of the API, with names filled in, and the methods that it must allow."""
    document: dict[str, Any] = (await world.client.get("/api/v1/openapi.json")).json()
    allowed = {}
    for path, item in document["paths"].items():
        methods = {method.upper() for method in item} | {"OPTIONS"}
        allowed[re.sub(r"\{\w+\}", "x", path)] = methods | ({"HEAD"} if "GET" in methods else set())
    return allowed


async def test_options_tells_the_methods_of_every_path_without_a_key(world: World) -> None:
    world.client.headers.pop("authorization")
    for path, methods in (await paths(world)).items():
        answer = await world.client.options(path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["allow"] == ", ".join(sorted(methods)), path


async def test_other_methods_are_405_on_every_path_and_told_which_it_allows(world: World) -> None:
    for path, methods in (await paths(world)).items():
        for method in METHODS - methods:
            answer = await world.client.request(method, path)
            assert answer.status_code == 405, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["allow"] == ", ".join(sorted(methods)), path


async def test_head_is_answered_as_get_without_the_body(world: World) -> None:
    world.dispatcher.answers[GetApplication] = application_saved()
    for path in ("/api/v1/app/acme", "/api/v1/openapi.json", "/docs/assets/start.js"):
        got, head = await world.client.get(path), await world.client.head(path)
        assert got.content
        assert (head.status_code, head.content) == (got.status_code, b"") == (200, b"")
        assert head.headers == got.headers


@pytest.mark.parametrize("token", ["", "unknown"])
async def test_head_needs_a_key_where_get_does(world: World, token: str) -> None:
    world.client.headers["authorization"] = f"Bearer {token}"
    answer = await world.client.head("/api/v1/app/acme")
    assert (answer.status_code, answer.content) == (401, b"")
    assert world.dispatcher.asked == []


async def test_an_operation_that_is_not_there_is_told_as_such(world: World) -> None:
    for method, path in (("GET", "/api/v1/connector"), ("POST", "/api/v1/app/a/autoconfig")):
        answer = await world.client.request(method, path)
        assert answer.status_code == 404
        detail = answer.json()["detail"]
        assert f"no operation {method} {path}" in detail
        assert "reference/operations" in detail


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/health/ping"])
async def test_health_is_503_while_the_gateway_drains(world: World, path: str) -> None:
    world.client.headers.pop("authorization")
    assert (await world.client.get(path)).status_code == 204
    world.is_stopping = True
    assert (await world.client.head(path)).status_code == 503
    answer = await world.client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "stop" in answer.json()["detail"]
