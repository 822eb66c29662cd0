"""Filters of endpoints in the API, and their tests with examples."""

from typing import Any

import pytest
from angarium_contracts.configuration import CreateEndpoint, PatchEndpoint
from angarium_contracts.filters import FilterExample, FilterTried, TryEndpointFilter, TryFilter
from angarium_contracts.queries import Problem, ProblemCode
from msgspec import UNSET
from msgspec.structs import replace

from .conftest import TENANT, World, endpoint_saved

ENDPOINTS = "/api/v1/app/acme/endpoint"
TEST = "/api/v1/endpoint-filter/test"
TEXT = 'payload.amount > 1000 && "urgent" in tags'
EXAMPLE: dict[str, Any] = {
    "eventType": "invoice.paid",
    "payload": {"amount": 4200},
    "channels": ["eu"],
    "tags": ["urgent"],
}
AS_ASKED = FilterExample("invoice.paid", b'{"amount":4200}', ("eu",), ("urgent",))


def last(world: World) -> Any:
    return world.dispatcher.asked[-1]


async def test_an_endpoint_takes_a_filter_and_shows_it(world: World) -> None:
    saved = endpoint_saved()
    saved = replace(saved, endpoint=replace(saved.endpoint, filter=TEXT))
    world.dispatcher.answers.update(dict.fromkeys([CreateEndpoint, PatchEndpoint], saved))
    answer = await world.client.post(ENDPOINTS, json={"url": "https://e.com", "filter": TEXT})
    assert answer.json()["filter"] == TEXT
    assert last(world).filter == TEXT
    await world.client.patch(f"{ENDPOINTS}/billing", json={"filter": None})
    assert last(world).filter is None
    await world.client.patch(f"{ENDPOINTS}/billing", json={"description": "d"})
    assert last(world).filter is UNSET


async def test_a_filter_is_tested_without_an_endpoint(world: World) -> None:
    world.dispatcher.answers[TryFilter] = FilterTried(matched=True)
    body = {**EXAMPLE, "filter": TEXT, "metadata": {"plan": "pro"}}
    answer = await world.client.post(TEST, json=body)
    assert (answer.status_code, answer.json()) == (200, {"match": True})
    assert world.dispatcher.asked == [TryFilter(TEXT, AS_ASKED, {"plan": "pro"})]


async def test_an_endpoints_filters_are_tested(world: World) -> None:
    world.dispatcher.answers[TryEndpointFilter] = FilterTried(matched=False, error="Why.")
    answer = await world.client.post(f"{ENDPOINTS}/billing/filter/test", json=EXAMPLE)
    assert answer.json() == {"match": False, "error": "Why."}
    assert world.dispatcher.asked == [TryEndpointFilter(TENANT, "acme", "billing", AS_ASKED)]


async def test_an_invalid_filter_is_refused_with_its_position(world: World) -> None:
    world.dispatcher.answers[TryFilter] = Problem(ProblemCode.INVALID, "Line 1: no.", "filter")
    answer = await world.client.post(TEST, json={**EXAMPLE, "filter": "payload.amount >"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "filter"]
    assert answer.json()["detail"][0]["msg"] == "Line 1: no."


@pytest.mark.parametrize("text", ["", "x" * 2_001])
async def test_a_filter_has_a_bounded_length(world: World, text: str) -> None:
    answer = await world.client.post(ENDPOINTS, json={"url": "https://e.com", "filter": text})
    assert answer.status_code == 422
    assert world.dispatcher.asked == []


async def test_an_endpoint_keeps_messages_and_forbids_control_by_words_of_the_api(
    world: World,
) -> None:
    saved = endpoint_saved()
    kept = replace(saved.endpoint, keep_while_disabled=True, receiver_control=False)
    world.dispatcher.answers[PatchEndpoint] = replace(saved, endpoint=kept)
    path = f"{ENDPOINTS}/billing"
    body = {"whileDisabled": "keep", "receiverControl": False}
    answer = await world.client.patch(path, json=body)
    assert {name: answer.json()[name] for name in body} == body
    assert (last(world).keep_while_disabled, last(world).receiver_control) == (True, False)
    world.dispatcher.answers[PatchEndpoint] = saved
    answer = await world.client.patch(path, json={"whileDisabled": "drop"})
    assert last(world).keep_while_disabled is False
    assert last(world).receiver_control is UNSET
    assert body.keys().isdisjoint(answer.json())
    answer = await world.client.patch(path, json={"whileDisabled": "hold"})
    assert answer.status_code == 422
