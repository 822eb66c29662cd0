"""Schedules, order, limits and shares: members that only Angarium has."""

from typing import Any

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    CreateEventType,
    EventType,
    EventTypeSaved,
    GetApplication,
    GetEndpoint,
    GetEventType,
    PatchApplication,
    PatchEndpoint,
    PatchEventType,
    UpdateApplication,
    UpdateEndpoint,
    UpdateEventType,
)
from angarium_contracts.contract import Contract
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.tenant_policy import GetTenantPolicy, SetTenantPolicy, TenantPolicy
from msgspec import UNSET
from msgspec.structs import replace

from .conftest import (
    APPLICATION,
    ENDPOINT,
    MADE_AT,
    TENANT,
    World,
    application_saved,
    endpoint_saved,
)

ENDPOINTS = "/api/v1/app/acme/endpoint"
OWN = {"ordering": "fifo", "concurrency": 10, "retrySchedule": [5, 0.5, 2_592_000]}
OWN_MEMBERS = {"ordering", "concurrency", "retrySchedule", "weight"}
PLATFORMS = {
    "retrySchedule": None,
    "retentionDays": None,
    "signatureHeaders": None,
    "requireEventTypes": None,
    "validateSchemas": "off",
}
EVENT_TYPE = EventType("invoice.paid", "d", False, False, None, None, MADE_AT, MADE_AT)


@pytest.fixture(autouse=True)
def answers(world: World) -> None:
    world.dispatcher.answers.update(
        dict.fromkeys(
            [CreateEndpoint, UpdateEndpoint, PatchEndpoint, GetEndpoint], endpoint_saved()
        )
    )
    world.dispatcher.answers.update(
        dict.fromkeys(
            [CreateApplication, UpdateApplication, PatchApplication, GetApplication],
            application_saved(),
        )
    )
    world.dispatcher.answers.update(
        dict.fromkeys(
            [CreateEventType, UpdateEventType, PatchEventType, GetEventType],
            EventTypeSaved(EVENT_TYPE),
        )
    )


def last(world: World) -> Any:
    return world.dispatcher.asked[-1]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("PUT", "/orders"), ("PATCH", "/orders")]
)
async def test_an_endpoint_takes_order_limit_and_schedule(
    world: World, method: str, path: str
) -> None:
    body = {"url": "https://e.com", "throttleRate": 7, **OWN}
    answer = await world.client.request(method, ENDPOINTS + path, json=body)
    assert answer.is_success
    command = last(world)
    assert (command.fifo, command.concurrency_max, command.throttle_rate) == (True, 10, 7)
    assert command.retry_delays_s == (5, 0.5, 2_592_000)


async def test_what_a_new_endpoint_leaves_out_is_left_to_the_default_and_no_retries_are_not(
    world: World,
) -> None:
    await world.client.post(ENDPOINTS, json={"url": "https://e.com"})
    command = last(world)
    assert (command.fifo, command.concurrency_max, command.retry_delays_s) == (UNSET,) * 3
    await world.client.post(ENDPOINTS, json={"url": "https://e.com", "retrySchedule": []})
    assert last(world).retry_delays_s == ()


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_what_is_left_out_stays_and_null_clears(world: World, method: str) -> None:
    path = f"{ENDPOINTS}/orders"
    await world.client.request(method, path, json={"url": "https://e.com"})
    command = last(world)
    assert (command.fifo, command.concurrency_max, command.retry_delays_s) == (UNSET,) * 3
    cleared = {"ordering": "none", "concurrency": None, "retrySchedule": None}
    await world.client.request(method, path, json={"url": "https://e.com", **cleared})
    command = last(world)
    assert (command.fifo, command.concurrency_max, command.retry_delays_s) == (False, None, None)


@pytest.mark.parametrize(
    ("members", "location", "words"),
    [
        ({"ordering": "lifo"}, ["ordering"], "`fifo`, `none`"),
        ({"concurrency": 0}, ["concurrency"], "at least 1"),
        ({"concurrency": 1001}, ["concurrency"], "at most 1000"),
        ({"concurrency": "5"}, ["concurrency"], "a whole number"),
        ({"retrySchedule": 5}, ["retrySchedule"], "a list"),
        ({"retrySchedule": [0]}, ["retrySchedule", "0"], "above 0"),
        ({"retrySchedule": [5, -1]}, ["retrySchedule", "1"], "above 0"),
        ({"retrySchedule": [2_592_001]}, ["retrySchedule", "0"], "at most 2592000"),
        ({"retrySchedule": [1] * 51}, ["retrySchedule"], "at most 50"),
        ({"retrySchedule": ["5"]}, ["retrySchedule", "0"], "a number"),
    ],
)
async def test_values_out_of_bounds_are_refused_where_they_are_wrong(
    world: World, members: dict[str, Any], location: list[str], words: str
) -> None:
    answer = await world.client.post(ENDPOINTS, json={"url": "https://e.com", **members})
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert fault["loc"] == ["body", *location]
    assert words in fault["msg"]
    assert world.dispatcher.asked == []


async def test_defaults_are_not_shown_and_the_rest_is(world: World) -> None:
    path = f"{ENDPOINTS}/orders"
    assert not OWN_MEMBERS & set((await world.client.get(path)).json())
    endpoint = replace(ENDPOINT, fifo=True, concurrency_max=10, retry_delays_s=())
    world.dispatcher.answers[GetEndpoint] = replace(endpoint_saved(), endpoint=endpoint)
    members = (await world.client.get(path)).json()
    assert {name: members[name] for name in OWN} == {
        "ordering": "fifo", "concurrency": 10, "retrySchedule": []
    }  # fmt: skip


async def test_an_application_has_a_weight(world: World) -> None:
    for method, path in (("POST", "/api/v1/app"), ("PUT", "/api/v1/app/acme")):
        await world.client.request(method, path, json={"name": "Acme", "weight": 5})
        assert last(world).weight == 5
    await world.client.post("/api/v1/app", json={"name": "Acme"})
    assert last(world).weight == 1
    for method in ("PUT", "PATCH"):
        await world.client.request(method, "/api/v1/app/acme", json={"name": "Acme"})
        assert last(world).weight is UNSET
    await world.client.patch("/api/v1/app/acme", json={"weight": 1000})
    assert last(world).weight == 1000
    assert not OWN_MEMBERS & set((await world.client.get("/api/v1/app/acme")).json())
    saved = replace(application_saved(), application=replace(APPLICATION, weight=5))
    world.dispatcher.answers[GetApplication] = saved
    assert (await world.client.get("/api/v1/app/acme")).json()["weight"] == 5


@pytest.mark.parametrize("weight", [0, 1001, "5", 1.5])
async def test_a_weight_out_of_bounds_is_refused(world: World, weight: object) -> None:
    answer = await world.client.post("/api/v1/app", json={"name": "Acme", "weight": weight})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "weight"]


async def test_an_event_type_has_a_schedule(world: World) -> None:
    one = "/api/v1/event-type/invoice.paid"
    for method, path in (("POST", "/api/v1/event-type"), ("PUT", one), ("PATCH", one)):
        body = {"description": "d"} | ({"name": "invoice.paid"} if method == "POST" else {})
        await world.client.request(method, path, json={**body, "retrySchedule": [60]})
        assert last(world).retry_delays_s == (60,)
        await world.client.request(method, path, json={**body, "retrySchedule": None})
        assert last(world).retry_delays_s is None
        await world.client.request(method, path, json=body)
        assert last(world).retry_delays_s is (None if method == "POST" else UNSET)
    assert not OWN_MEMBERS & set((await world.client.get(one)).json())
    saved = EventTypeSaved(replace(EVENT_TYPE, retry_delays_s=(60.0,)))
    world.dispatcher.answers[GetEventType] = saved
    assert (await world.client.get(one)).json()["retrySchedule"] == [60]


async def test_the_tenants_policy_is_read_and_replaced(world: World) -> None:
    world.dispatcher.answers[GetTenantPolicy] = TenantPolicy()
    answer = await world.client.get("/api/v1/tenant/policy")
    assert (answer.status_code, answer.json()) == (200, PLATFORMS)
    assert last(world) == GetTenantPolicy(TENANT)
    world.dispatcher.answers[SetTenantPolicy] = lambda asked: TenantPolicy(asked.retry_delays_s)
    for schedule in ([5, 60], [], None):
        answer = await world.client.put("/api/v1/tenant/policy", json={"retrySchedule": schedule})
        assert (answer.status_code, answer.json()) == (
            200,
            PLATFORMS | {"retrySchedule": schedule},
        )
    assert last(world) == SetTenantPolicy(TENANT, None)


async def test_a_tenant_sets_how_long_its_rows_are_kept(world: World) -> None:
    world.dispatcher.answers[GetTenantPolicy] = TenantPolicy()
    world.dispatcher.answers[SetTenantPolicy] = TenantPolicy()
    policy = PLATFORMS | {"retentionDays": 7}
    answer = await world.client.put("/api/v1/tenant/policy", json=policy)
    assert (answer.status_code, answer.json()) == (200, policy)
    assert (await world.client.get("/api/v1/tenant/policy")).json() == policy
    await world.client.put("/api/v1/tenant/policy", json={"retrySchedule": None})
    assert (await world.client.get("/api/v1/tenant/policy")).json()["retentionDays"] is None


async def test_a_tenant_sets_what_its_endpoints_get_and_may_name(world: World) -> None:
    stored = TenantPolicy(header_names="svix", require_event_types=True)
    world.dispatcher.answers[SetTenantPolicy] = stored
    world.dispatcher.answers[GetTenantPolicy] = stored
    policy = PLATFORMS | {"signatureHeaders": "svix", "requireEventTypes": True}
    assert (await world.client.put("/api/v1/tenant/policy", json=policy)).json() == policy
    command = SetTenantPolicy(TENANT, header_names="svix", require_event_types=True)
    assert last(world) == command
    assert (await world.client.get("/api/v1/tenant/policy")).json() == policy


@pytest.mark.parametrize("days", [0, -1, 3651, "7", 1.5])
async def test_a_retention_out_of_bounds_is_refused(world: World, days: object) -> None:
    policy = {"retrySchedule": None, "retentionDays": days}
    answer = await world.client.put("/api/v1/tenant/policy", json=policy)
    assert answer.status_code == 422
    assert world.dispatcher.asked == []


@pytest.mark.parametrize("body", [{}, {"retrySchedule": [0]}, {"retrySchedule": "often"}])
async def test_a_policy_of_the_wrong_shape_is_refused(world: World, body: dict[str, Any]) -> None:
    answer = await world.client.put("/api/v1/tenant/policy", json=body)
    assert answer.status_code == 422
    assert world.dispatcher.asked == []


async def test_a_policy_that_nobody_answers_for_is_unavailable(world: World) -> None:
    problem = Problem(ProblemCode.UNAVAILABLE, "the dispatcher did not answer")
    answered: Contract = problem
    world.dispatcher.answers[GetTenantPolicy] = answered
    answer = await world.client.get("/api/v1/tenant/policy")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
