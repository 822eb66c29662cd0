"""/api/v1/event-type"""

import json
from typing import Any

import msgspec
import pytest
from angarium_contracts.configuration import (
    CreateEventType,
    DeleteEventType,
    EventType,
    EventTypes,
    EventTypeSaved,
    GetEventType,
    ListEventTypes,
    PatchEventType,
    UpdateEventType,
)
from angarium_contracts.queries import Done, Page, Problem, ProblemCode
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.schema_violations import SchemaViolations
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KeyScope
from msgspec import UNSET

from .conftest import APPLICATION_ID, MADE_AT, OTHER_TOKEN, TENANT, World

SCHEMAS = {"1": {"type": "object", "properties": {"id": {"type": "string"}}}}
EVENT_TYPE = EventType(
    name="invoice.paid",
    description="An invoice was paid",
    archived=False,
    deprecated=False,
    feature_flag=None,
    schemas=json.dumps(SCHEMAS).encode(),
    created_at=MADE_AT,
    updated_at=MADE_AT,
)


async def test_a_new_event_type_is_201_with_its_schemas(world: World) -> None:
    world.dispatcher.answers[CreateEventType] = EventTypeSaved(EVENT_TYPE, created=True)
    answer = await world.client.post(
        "/api/v1/event-type",
        json={"name": "invoice.paid", "description": "An invoice was paid", "schemas": SCHEMAS},
    )
    assert answer.status_code == 201
    assert answer.json() == {
        "name": "invoice.paid",
        "description": "An invoice was paid",
        "archived": False,
        "deprecated": False,
        "featureFlag": None,
        "featureFlags": None,
        "groupName": None,
        "schemas": SCHEMAS,
        "createdAt": "2030-01-02T03:04:05.678901Z",
        "updatedAt": "2030-01-02T03:04:05.678901Z",
    }
    command = world.dispatcher.asked[0]
    assert isinstance(command, CreateEventType)
    assert command.schemas is not None
    assert msgspec.json.decode(command.schemas) == SCHEMAS


async def test_a_list_passes_its_parameters_on(world: World) -> None:
    world.dispatcher.answers[ListEventTypes] = EventTypes(items=(EVENT_TYPE,), done=True)
    await world.client.get("/api/v1/event-type")
    answer = await world.client.get(
        "/api/v1/event-type/?include_archived=true&with_content=true&order=descending"
    )
    assert answer.json()["data"][0]["name"] == "invoice.paid"
    assert world.dispatcher.asked == [
        ListEventTypes(TENANT, Page()),
        ListEventTypes(TENANT, Page(descending=True), include_archived=True, with_content=True),
    ]


async def test_an_event_type_is_found_by_its_name(world: World) -> None:
    world.dispatcher.answers[GetEventType] = EventTypeSaved(EVENT_TYPE)
    answer = await world.client.get("/api/v1/event-type/invoice.paid")
    assert answer.json()["name"] == "invoice.paid"
    assert world.dispatcher.asked == [GetEventType(TENANT, "invoice.paid")]


async def test_a_put_is_200_when_it_replaces_and_201_when_it_creates(world: World) -> None:
    for created, status in ((False, 200), (True, 201)):
        world.dispatcher.answers[UpdateEventType] = EventTypeSaved(EVENT_TYPE, created=created)
        answer = await world.client.put(
            "/api/v1/event-type/invoice.paid", json={"description": "d", "archived": True}
        )
        assert answer.status_code == status


async def test_a_patch_tells_members_left_out_from_members_cleared(world: World) -> None:
    world.dispatcher.answers[PatchEventType] = EventTypeSaved(EVENT_TYPE)
    for body, schemas in (({}, UNSET), ({"schemas": None}, None), ({"schemas": {}}, b"{}")):
        answer = await world.client.patch("/api/v1/event-type/invoice.paid", json=body)
        assert answer.status_code == 200
        command = world.dispatcher.asked.pop()
        assert isinstance(command, PatchEventType)
        assert command.schemas == schemas
        assert command.description is UNSET


async def test_delete_archives_and_with_expunge_deletes_for_good(world: World) -> None:
    world.dispatcher.answers[DeleteEventType] = Done(version=3)
    for query, expunge in (("", False), ("?expunge=true", True)):
        answer = await world.client.delete(f"/api/v1/event-type/invoice.paid{query}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert world.dispatcher.asked.pop() == DeleteEventType(TENANT, "invoice.paid", expunge)


BETA = {"feature_flag": "beta", "feature_flags": ("beta",)}
NO_FLAGS = {"feature_flag": None, "feature_flags": None}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({}, {"feature_flag": UNSET, "feature_flags": UNSET}),
        ({"featureFlag": "beta"}, BETA),
        ({"featureFlag": "beta", "featureFlags": None}, BETA),
        ({"featureFlags": ["beta"]}, BETA),
        ({"featureFlags": ["beta"], "featureFlag": None}, BETA),
        (
            {"featureFlag": "beta", "featureFlags": ["beta", "eu"]},
            {"feature_flag": "beta", "feature_flags": ("beta", "eu")},
        ),
        ({"featureFlag": None}, NO_FLAGS),
        ({"featureFlags": None}, NO_FLAGS),
        ({"featureFlags": []}, NO_FLAGS),
    ],
)
async def test_feature_flags_have_a_former_name(
    world: World, given: dict[str, Any], stored: dict[str, Any]
) -> None:
    world.dispatcher.answers[PatchEventType] = EventTypeSaved(EVENT_TYPE)
    answer = await world.client.patch("/api/v1/event-type/invoice.paid", json=given)
    assert answer.status_code == 200
    assert world.dispatcher.asked == [PatchEventType(TENANT, "invoice.paid", **stored)]


async def test_feature_flags_that_differ_under_their_names_are_refused(world: World) -> None:
    answer = await world.client.patch(
        "/api/v1/event-type/invoice.paid", json={"featureFlag": "beta", "featureFlags": ["eu"]}
    )
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "featureFlag"]


async def test_flags_and_group_are_stored_and_read_back(world: World) -> None:
    saved = msgspec.structs.replace(
        EVENT_TYPE, feature_flag="beta", feature_flags=("beta", "eu"), group_name="billing"
    )
    world.dispatcher.answers[UpdateEventType] = EventTypeSaved(saved)
    members = {"featureFlags": ["beta", "eu"], "groupName": "billing"}
    answer = await world.client.put(
        "/api/v1/event-type/invoice.paid", json={"description": "", **members}
    )
    assert answer.json() | members | {"featureFlag": "beta"} == answer.json()
    (command,) = world.dispatcher.asked
    assert isinstance(command, UpdateEventType)
    assert (command.feature_flags, command.group_name) == (("beta", "eu"), "billing")


async def test_the_fault_of_a_schema_is_named_at_its_member(world: World) -> None:
    problem = Problem(ProblemCode.INVALID, "Change it.", "schemas", ("1", "properties", "a.b"))
    world.dispatcher.answers[CreateEventType] = problem
    answer = await world.client.post(
        "/api/v1/event-type",
        json={"name": "a", "description": "", "schemas": {"1": {"properties": {"a.b": 3}}}},
    )
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "schemas", "1", "properties", "a.b"]


async def test_the_hours_for_which_payloads_are_kept_are_those_of_the_tenant(world: World) -> None:
    saved = EventTypeSaved(EVENT_TYPE)
    world.dispatcher.answers[CreateEventType] = EventTypeSaved(EVENT_TYPE, created=True)
    world.dispatcher.answers[UpdateEventType] = saved
    world.dispatcher.answers[PatchEventType] = saved
    world.dispatcher.answers[GetEventType] = saved
    world.dispatcher.answers[ListEventTypes] = EventTypes(items=(EVENT_TYPE,), done=True)
    world.dispatcher.answers[DeleteEventType] = Done(version=3)
    path = "/api/v1/event-type/invoice.paid"
    new = {"name": "invoice.paid", "description": "Paid", "payloadRetentionHours": 24}
    made = await world.client.post("/api/v1/event-type", json=new)
    assert (made.status_code, made.json()["payloadRetentionHours"]) == (201, 24)
    for answer in (
        await world.client.put(path, json={"description": "Paid"}),
        await world.client.patch(path, json={"description": "Paid"}),
        await world.client.get(path),
    ):
        assert (answer.status_code, answer.json()["payloadRetentionHours"]) == (200, 24)
    listed = await world.client.get("/api/v1/event-type")
    assert [each["payloadRetentionHours"] for each in listed.json()["data"]] == [24]
    other = {"authorization": f"bearer {OTHER_TOKEN}"}
    assert "payloadRetentionHours" not in (await world.client.get(path, headers=other)).json()

    await world.client.delete(path)
    assert world.payload_retentions.event_types == {(TENANT, "invoice.paid"): 24}
    await world.client.delete(f"{path}?expunge=true")
    assert world.payload_retentions.event_types == {}
    await world.client.patch(path, json={"payloadRetentionHours": 7})
    cleared = await world.client.patch(path, json={"payloadRetentionHours": None})
    assert "payloadRetentionHours" not in cleared.json()


async def test_violations_of_the_schema_are_shown_to_the_tenant(world: World) -> None:
    world.dispatcher.answers[GetEventType] = EventTypeSaved(EVENT_TYPE)
    world.dispatcher.answers[ListEventTypes] = EventTypes(items=(EVENT_TYPE,), done=True)
    world.dispatcher.answers[DeleteEventType] = Done(version=3)
    path = "/api/v1/event-type/invoice.paid"
    assert "schemaViolations" not in (await world.client.get(path)).json()
    counted = {(TENANT, "invoice.paid"): SchemaViolations(3, 1, MADE_AT)}
    await world.schema_violations.add(counted)

    shown = {"accepted": 3, "refused": 1, "lastAt": "2030-01-02T03:04:05.678901Z"}
    assert (await world.client.get(path)).json()["schemaViolations"] == shown
    listed = (await world.client.get("/api/v1/event-type")).json()["data"]
    assert [each["schemaViolations"] for each in listed] == [shown]
    other = {"authorization": f"bearer {OTHER_TOKEN}"}
    assert "schemaViolations" not in (await world.client.get(path, headers=other)).json()
    # They are of the messages of all applications.
    customers = Caller(TENANT, b"k" * 16, KeyScope.APPLICATION, APPLICATION_ID)
    world.api_keys.callers[token_hash("ang_sk_customers")] = customers
    for asked in (path, "/api/v1/event-type"):
        as_customer = {"authorization": "bearer ang_sk_customers"}
        answer = await world.client.get(asked, headers=as_customer)
        assert (answer.status_code, "schemaViolations" in answer.text) == (200, False)
    await world.client.delete(f"{path}?expunge=true")
    assert world.schema_violations.counts == {}
