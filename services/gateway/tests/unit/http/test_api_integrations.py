"""Integrations over HTTP: the keys of one application, under the Svix API's names."""

from typing import Any

import pytest
from angarium_contracts.configuration import (
    ApplicationSaved,
    EventTypes,
    GetApplication,
    ListEventTypes,
)
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.queries import Problem, ProblemCode

from .conftest import APPLICATION_ID, OTHER_TOKEN, STATE, TENANT, World, application_saved

INTEGRATIONS = "/api/v1/app/acme/integration"
OTHER_APPLICATION = ApplicationState(id=b"b" * 16, tenant_id=TENANT, version=7, uid="globex")
ABSENT = Problem(ProblemCode.NOT_FOUND, "There is no such application. Check its id or uid.")


@pytest.fixture(autouse=True)
def applications(world: World) -> None:
    """The tenant has the applications acme and globex."""
    world.copy.states = {state.id: state for state in (STATE, OTHER_APPLICATION)}

    def found(question: GetApplication) -> ApplicationSaved | Problem:
        known = ("acme", format_id(APPLICATION, APPLICATION_ID))
        return application_saved() if question.ref in known else ABSENT

    world.dispatcher.answers |= {
        GetApplication: found,
        ListEventTypes: EventTypes(items=(), done=True),
    }


async def created(world: World, **members: Any) -> dict[str, Any]:
    answer = await world.client.post(INTEGRATIONS, json={"name": "Zapier", **members})
    assert answer.status_code == 201, answer.text
    integration: dict[str, Any] = answer.json()
    return integration


async def rotated(world: World, integration: dict[str, Any]) -> str:
    answer = await world.client.post(f"{INTEGRATIONS}/{integration['id']}/key/rotate")
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["key"]
    return str(answer.json()["key"])


async def status(world: World, token: str, path: str) -> int:
    answer = await world.client.get(path, headers={"authorization": f"Bearer {token}"})
    return answer.status_code


async def test_the_rotated_key_reaches_its_application_only(world: World) -> None:
    integration = await created(world)
    token = await rotated(world, integration)
    assert await status(world, token, "/api/v1/app/acme") == 200
    assert await status(world, token, "/api/v1/app/globex") == 404
    assert await status(world, token, "/api/v1/app") == 403
    assert await status(world, token, INTEGRATIONS) == 403
    again = await rotated(world, integration)
    assert await status(world, again, "/api/v1/app/acme") == 200


async def test_an_integration_is_an_api_key_and_the_other_way_round(world: World) -> None:
    integration = await created(world)
    key = await world.client.get(f"/api/v1/api-key/{integration['id']}")
    assert (key.json()["name"], key.json()["scope"]) == ("Zapier", "application")
    made = {"name": "Pipedream", "scope": "application", "appId": "acme"}
    other = (await world.client.post("/api/v1/api-key", json=made)).json()
    await world.client.post("/api/v1/api-key", json={"name": "admin", "scope": "admin"})
    listed = (await world.client.get(INTEGRATIONS)).json()["data"]
    assert [each["id"] for each in listed] == [other["id"], integration["id"]]
    assert (await world.client.get("/api/v1/app/globex/integration")).json()["data"] == []


async def test_the_name_and_the_flags_are_replaced(world: World) -> None:
    integration = await created(world, featureFlags=["beta"])
    assert integration["featureFlags"] == ["beta"]
    path = f"{INTEGRATIONS}/{integration['id']}"
    changed = await world.client.put(path, json={"name": "Make"})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["featureFlags"]) == ("Make", [])
    assert (await world.client.get(path)).json() == changed.json()


async def test_an_integration_sees_the_event_types_of_its_flags(world: World) -> None:
    token = await rotated(world, await created(world, featureFlags=["beta", "alpha"]))
    assert await status(world, token, "/api/v1/event-type") == 200
    asked = world.dispatcher.asked[-1]
    assert isinstance(asked, ListEventTypes)
    assert asked.feature_flags == ("alpha", "beta")


async def test_a_deleted_integration_is_gone_with_its_key(world: World) -> None:
    integration = await created(world)
    token = await rotated(world, integration)
    path = f"{INTEGRATIONS}/{integration['id']}"
    assert (await world.client.delete(path)).status_code == 204
    assert await status(world, token, "/api/v1/app/acme") == 401
    for method, suffix in (("GET", ""), ("DELETE", ""), ("POST", "/key/rotate")):
        assert (await world.client.request(method, path + suffix)).status_code == 404
    assert (await world.client.put(path, json={"name": "a"})).status_code == 404
    assert (await world.client.get(INTEGRATIONS)).json()["data"] == []


async def test_an_integration_of_another_application_or_tenant_is_as_absent(world: World) -> None:
    integration = await created(world)
    foreign = f"/api/v1/app/globex/integration/{integration['id']}"
    absent = "/api/v1/app/globex/integration/key_0000000000000000000009"
    for method, suffix, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "mine"}),
        ("DELETE", "", None),
        ("POST", "/key/rotate", None),
    ):
        answers = [
            await world.client.request(method, path + suffix, json=body)
            for path in (foreign, absent)
        ]
        assert {answer.status_code for answer in answers} == {404}
        texts = [answer.text for answer in answers]
        assert texts[0].replace(integration["id"], "") == texts[1].replace(absent[-26:], "")
    assert await status(world, OTHER_TOKEN, f"{INTEGRATIONS}/{integration['id']}") == 404


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"name": " spaced"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a", "featureFlags": ["a", "a"]}, "featureFlags"),
        ({"name": "a", "scope": "admin"}, "scope"),
    ],
)
async def test_bad_bodies_name_the_member(world: World, body: dict[str, Any], member: str) -> None:
    answer = await world.client.post(INTEGRATIONS, json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:2] == ["body", member]


async def test_neither_the_key_nor_its_change_is_in_the_audit_log_in_the_clear(
    world: World,
) -> None:
    token = await rotated(world, await created(world))
    assert [entry.operation for entry in world.audit_log.entries] == [
        "v1.integration.create",
        "v1.integration.rotate-key",
    ]
    assert token not in str(world.audit_log.entries)
