"""Portal tokens over HTTP: created, limited by capabilities, logged out, expired."""

import base64
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from angarium_contracts.configuration import (
    ApplicationSaved,
    CreateApplication,
    Endpoints,
    EventType,
    EventTypes,
    EventTypeSaved,
    GetApplication,
    GetEventType,
    ListEndpoints,
    ListEventTypes,
)
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import APPLICATION as APPLICATION_PREFIX
from angarium_contracts.ids import format_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.adapters.http.operation_needs import NEEDS
from angarium_gateway.domain.permissions import CAPABILITY_PERMISSIONS, Capability, Permission

from .conftest import APPLICATION_ID, MADE_AT, STATE, TENANT, World, application_saved

ACCESS = "/api/v1/auth/app-portal-access/acme"
WHOAMI = "/api/v1/auth/whoami"
ABSENT = Problem(ProblemCode.NOT_FOUND, "There is no such application. Check its id or uid.")
OTHER_APPLICATION = ApplicationState(id=b"b" * 16, tenant_id=TENANT, version=7, uid="globex")


@pytest.fixture(autouse=True)
def applications(world: World) -> None:
    """The tenant has the applications acme and globex."""
    world.copy.states = {state.id: state for state in (STATE, OTHER_APPLICATION)}

    def found(question: GetApplication) -> ApplicationSaved | Problem:
        return application_saved() if question.ref == "acme" else ABSENT

    world.dispatcher.answers |= {
        GetApplication: found,
        CreateApplication: application_saved(created=True),
        ListEndpoints: Endpoints(items=(), done=True),
        ListEventTypes: EventTypes(items=(), done=True),
    }


async def access(world: World, **members: Any) -> dict[str, str]:
    answer = await world.client.post(ACCESS, json=members)
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


async def asked(
    world: World, token: str, method: str, path: str, body: Any = None
) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return await world.client.request(method, path, json=body, headers=headers)


async def who(world: World, token: str) -> dict[str, Any]:
    answer = await asked(world, token, "GET", WHOAMI)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def expiry_s(world: World) -> float:
    return (world.portal_tokens.created[-1].expires_at - datetime.now(UTC)).total_seconds()


async def test_the_link_has_the_token_in_its_fragment_only(world: World) -> None:
    found = await access(world)
    url, _, fragment = found["url"].partition("#key=")
    assert url == "http://gateway/portal"
    login = json.loads(base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4)))
    assert login == {
        "appId": format_id(APPLICATION_PREFIX, APPLICATION_ID),
        "token": found["token"],
    }


async def test_a_token_has_all_capabilities_for_a_week_unless_asked_otherwise(
    world: World,
) -> None:
    token = (await access(world))["token"]
    found = await who(world, token)
    assert (found["type"], found["scope"], found["sessionId"]) == ("portalToken", None, None)
    assert found["appId"] == format_id(APPLICATION_PREFIX, APPLICATION_ID)
    assert set(found["capabilities"]) == set(Capability)
    assert expiry_s(world) == pytest.approx(7 * 86_400, abs=3_600)

    token = (await access(world, expiry=3_600, readOnly=True, sessionId="user_1"))["token"]
    found = await who(world, token)
    assert (found["capabilities"], found["sessionId"]) == (["ViewBase"], "user_1")
    assert expiry_s(world) <= 3_600


async def test_the_application_is_created_if_it_is_missing(world: World) -> None:
    path = "/api/v1/auth/app-portal-access/newcomer"
    assert (await world.client.post(path, json={})).status_code == 404
    brought = {"name": "Newcomer"}
    assert (await world.client.post(path, json={"application": brought})).status_code == 200
    assert CreateApplication(TENANT, "Newcomer", uid="newcomer", get_if_exists=True) in (
        world.dispatcher.asked
    )
    await access(world, application=brought)
    assert len([q for q in world.dispatcher.asked if isinstance(q, CreateApplication)]) == 1


@pytest.mark.parametrize(
    ("members", "member"),
    [
        ({"capabilities": ["ManageEndpoint"]}, "capabilities"),
        ({"capabilities": []}, "capabilities"),
        ({"capabilities": ["ViewBase", "Fly"]}, "capabilities"),
        ({"capabilities": ["ViewBase", "ManageEndpoint"], "readOnly": True}, "readOnly"),
        ({"expiry": 3_599}, "expiry"),
        ({"expiry": 7 * 86_400 + 1}, "expiry"),
        ({"sessionId": ""}, "sessionId"),
        ({"featureFlags": ["a b"]}, "featureFlags"),
        ({"expires": 3_600}, "expires"),
    ],
)
async def test_what_cannot_be_granted_is_refused_and_named(
    world: World, members: dict[str, Any], member: str
) -> None:
    answer = await world.client.post(ACCESS, json=members)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:2] == ["body", member]
    assert world.portal_tokens.created == []


CALLS: dict[Permission, tuple[str, str]] = {
    Permission.READ_APPLICATION: ("GET", "/api/v1/app/acme/endpoint"),
    Permission.READ_SECRETS: ("GET", "/api/v1/app/acme/endpoint/orders/secret"),
    Permission.MANAGE_SECRETS: ("POST", "/api/v1/app/acme/endpoint/orders/secret/rotate"),
    Permission.MANAGE_ENDPOINTS: ("POST", "/api/v1/app/acme/endpoint"),
    Permission.READ_HEADERS: ("GET", "/api/v1/app/acme/endpoint/orders/headers"),
    Permission.CREATE_ATTEMPTS: ("POST", "/api/v1/app/acme/endpoint/orders/recover"),
    Permission.READ_EVENT_TYPES: ("GET", "/api/v1/event-type"),
    Permission.IDENTIFY: ("GET", WHOAMI),
    Permission.PUBLISH: ("POST", "/api/v1/app/acme/msg"),
    Permission.MANAGE_MESSAGES: ("POST", "/api/v1/app/acme/msg/m/cancel"),
    Permission.READ_TENANT: ("GET", "/api/v1/app"),
    Permission.READ_TASKS: ("GET", "/api/v1/background-task"),
    Permission.MANAGE_TENANT: ("DELETE", "/api/v1/app/acme"),
    Permission.MANAGE_KEYS: ("GET", "/api/v1/api-key"),
    Permission.MANAGE_PLATFORM: ("GET", "/api/v1/admin/tenant"),
    Permission.READ_PLATFORM: ("GET", "/api/v1/platform"),
    Permission.MANAGE_QUARANTINE: ("POST", "/api/v1/platform/quarantine/drop"),
    Permission.MANAGE_TASKS: (
        "POST",
        "/api/v1/background-task/qtask_05jHR6TnRzUGhKWN8Ckr5D/cancel",
    ),
}
"""A request that needs each permission."""


@pytest.mark.parametrize("capability", sorted(set(Capability) - {Capability.VIEW_BASE}))
async def test_a_token_may_do_what_its_capabilities_allow_and_nothing_else(
    world: World, capability: Capability
) -> None:
    world.dispatcher.answers = defaultdict(lambda: ABSENT)
    token = (await access(world, capabilities=["ViewBase", capability]))["token"]
    allowed = CAPABILITY_PERMISSIONS[Capability.VIEW_BASE] | CAPABILITY_PERMISSIONS[capability]
    assert set(CALLS) | {Permission.LOG_OUT} == set(NEEDS.values())
    for permission, (method, path) in CALLS.items():
        body = {"nonsense": 1} if method == "POST" else None
        answer = await asked(world, token, method, path, body)
        if permission in allowed:
            assert answer.status_code in (200, 404, 422), path
        else:
            assert answer.status_code == 403, path
            assert "ortal token" in answer.json()["detail"]


async def test_a_refusal_names_the_capability_that_is_missing(world: World) -> None:
    token = (await access(world, readOnly=True))["token"]
    answer = await asked(world, token, "POST", "/api/v1/app/acme/endpoint", {})
    assert answer.json()["detail"] == (
        "This portal token does not allow this operation. Use one with the capability"
        " `ManageEndpoint`."
    )


async def test_another_application_answers_exactly_as_an_absent_one(world: World) -> None:
    token = (await access(world))["token"]
    for method, below in (
        ("GET", ""),
        ("GET", "/endpoint"),
        ("POST", "/endpoint"),
        ("GET", "/msg"),
    ):
        body = {"nonsense": 1} if method == "POST" else None
        answers = [
            await asked(world, token, method, f"/api/v1/app/{ref}{below}", body)
            for ref in ("globex", format_id(APPLICATION_PREFIX, OTHER_APPLICATION.id), "nobody")
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1


async def test_a_token_that_is_logged_out_is_refused_at_once(world: World) -> None:
    token = (await access(world))["token"]
    await who(world, token)
    assert (await asked(world, token, "POST", "/api/v1/auth/logout")).status_code == 204
    assert (await asked(world, token, "GET", WHOAMI)).status_code == 401
    entry = world.audit_log.entries[-1]
    assert (entry.operation, entry.by_portal) == ("v1.authentication.logout", True)
    assert (entry.before, entry.after) == ('{"expired":false}', '{"expired":true}')


async def test_an_api_key_cannot_be_logged_out(world: World) -> None:
    answer = await world.client.post("/api/v1/auth/logout")
    assert answer.status_code == 403
    assert "Revoke the key instead" in answer.json()["detail"]
    assert (await world.client.get(WHOAMI)).json()["scope"] == "admin"


@pytest.mark.parametrize(
    ("body", "sessions", "in_s"),
    [
        ({}, None, 0),
        ({"expiry": None, "sessionIds": None}, None, 0),
        ({"sessionIds": []}, None, 0),
        ({"sessionIds": ["a", "b"], "expiry": 60}, ["a", "b"], 60),
    ],
)
async def test_all_tokens_of_an_application_or_of_sessions_expire(
    world: World, body: dict[str, Any], sessions: list[str] | None, in_s: int
) -> None:
    before = datetime.now(UTC)
    answer = await world.client.post("/api/v1/auth/app/acme/expire-all", json=body)
    assert answer.status_code == 204
    ((tenant_id, application_id, given, at),) = world.portal_tokens.expired
    assert (tenant_id, application_id, given) == (TENANT, APPLICATION_ID, sessions)
    assert before <= at - timedelta(seconds=in_s) <= datetime.now(UTC)
    entry = world.audit_log.entries[-1]
    assert entry.operation == "v1.authentication.expire-all"
    noted = json.loads(str(entry.after))
    assert noted.pop("expireAt")[:10] == at.isoformat()[:10]
    assert noted == {
        "appId": format_id(APPLICATION_PREFIX, APPLICATION_ID),
        "sessionIds": sessions,
    }


async def test_the_former_name_gives_a_link_with_all_capabilities(world: World) -> None:
    answer = await world.client.post("/api/v1/auth/dashboard-access/acme")
    assert answer.status_code == 200
    assert set(answer.json()) == {"url", "token"}
    found = await who(world, answer.json()["token"])
    assert set(found["capabilities"]) == set(Capability)


async def test_a_token_sees_event_types_by_its_feature_flags(world: World) -> None:
    def named(question: GetEventType) -> EventTypeSaved:
        flags = {"plain": None, "flagged": ("eu", "beta")}[question.name]
        return EventTypeSaved(
            EventType(
                name=question.name,
                description="",
                archived=False,
                deprecated=False,
                feature_flag=None if flags is None else flags[0],
                schemas=None,
                created_at=MADE_AT,
                updated_at=MADE_AT,
                feature_flags=flags,
            )
        )

    world.dispatcher.answers[GetEventType] = named
    plain = (await access(world))["token"]
    flagged = (await access(world, featureFlags=["beta"]))["token"]
    for token, flags, status in ((plain, (), 404), (flagged, ("beta",), 200)):
        world.dispatcher.asked.clear()
        assert (await asked(world, token, "GET", "/api/v1/event-type")).status_code == 200
        (question,) = world.dispatcher.asked
        assert isinstance(question, ListEventTypes)
        assert question.feature_flags == flags
        answer = await asked(world, token, "GET", "/api/v1/event-type/flagged")
        assert answer.status_code == status
        assert (await asked(world, token, "GET", "/api/v1/event-type/plain")).status_code == 200
    await world.client.get("/api/v1/event-type")
    last = world.dispatcher.asked[-1]
    assert isinstance(last, ListEventTypes)
    assert last.feature_flags is None


async def test_changes_with_a_portal_token_are_in_the_audit_log_as_such(world: World) -> None:
    token = (await access(world))["token"]
    world.audit_log.entries.clear()
    await asked(world, token, "POST", "/api/v1/app/acme/endpoint", {})
    (entry,) = (await world.client.get("/api/v1/audit-log")).json()["data"]
    assert entry["apiKeyId"] is None
    assert entry["portalTokenId"] == (await who(world, token))["id"]
