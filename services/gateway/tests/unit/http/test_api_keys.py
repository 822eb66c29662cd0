"""API keys over HTTP: created, listed and revoked; and what keys of each scope may do."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from angarium_contracts.configuration import (
    Applications,
    ApplicationSaved,
    CreateApplication,
    DeleteApplication,
    Endpoints,
    EndpointSecret,
    GetApplication,
    GetEndpointSecret,
    ListApplications,
    ListEndpoints,
)
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import APPLICATION as APPLICATION_PREFIX
from angarium_contracts.ids import format_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KeyScope

from .conftest import (
    APPLICATION_ID,
    ENDPOINT_ID,
    OTHER_TENANT,
    OTHER_TOKEN,
    STATE,
    TENANT,
    World,
    application_saved,
)

KEYS = "/api/v1/api-key"
OTHER_APPLICATION = ApplicationState(id=b"b" * 16, tenant_id=TENANT, version=7, uid="globex")
MESSAGE = {"eventType": "invoice.paid", "payload": {}}
ABSENT = Problem(ProblemCode.NOT_FOUND, "There is no such application. Check its id or uid.")


@pytest.fixture(autouse=True)
def applications(world: World) -> None:
    """The tenant has the applications acme and globex."""
    world.copy.states = {state.id: state for state in (STATE, OTHER_APPLICATION)}

    def found(question: GetApplication) -> ApplicationSaved | Problem:
        known = ("acme", format_id(APPLICATION_PREFIX, APPLICATION_ID))
        return application_saved() if question.ref in known else ABSENT

    world.dispatcher.answers |= {
        GetApplication: found,
        ListApplications: Applications(items=(), done=True),
        ListEndpoints: Endpoints(items=(), done=True),
        GetEndpointSecret: EndpointSecret(
            endpoint_id=ENDPOINT_ID, sealed_secret=world.seal.close(b"whsec_x", ENDPOINT_ID)
        ),
    }


async def created(world: World, **members: Any) -> dict[str, Any]:
    answer = await world.client.post(KEYS, json={"name": "a key", **members})
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


async def status(world: World, token: str, method: str, path: str, body: Any = None) -> int:
    answer = await asked(world, token, method, path, body)
    return answer.status_code


async def asked(
    world: World, token: str, method: str, path: str, body: Any = None
) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return await world.client.request(method, path, json=body, headers=headers)


async def test_a_created_key_works_and_its_token_is_shown_once(world: World) -> None:
    key = await created(world, scope="admin", expiresAt="2999-01-01T00:00:00Z")
    token = key.pop("token")
    assert await status(world, token, "GET", "/api/v1/app") == 200
    listed = await world.client.get(KEYS)
    assert listed.json()["data"] == [key]
    assert (await world.client.get(f"{KEYS}/{key['id']}")).json() == key
    assert (key["expiresAt"], key["revokedAt"]) == ("2999-01-01T00:00:00Z", None)
    assert world.api_keys.created[0].expires_at == datetime(2999, 1, 1, tzinfo=UTC)


async def test_a_revoked_key_is_refused_and_revoked_once(world: World) -> None:
    key = await created(world, scope="admin")
    assert (await world.client.delete(f"{KEYS}/{key['id']}")).status_code == 204
    assert await status(world, key["token"], "GET", "/api/v1/app") == 401
    assert (await world.client.delete(f"{KEYS}/{key['id']}")).status_code == 404


async def test_a_key_of_another_tenant_is_as_absent(world: World) -> None:
    key = await created(world, scope="admin")
    absent = "key_0000000000000000000009"
    for method in ("GET", "DELETE"):
        foreign, none = [
            (await asked(world, OTHER_TOKEN, method, f"{KEYS}/{ref}")).text.replace(ref, "")
            for ref in (key["id"], absent)
        ]
        assert foreign == none
        assert '"not_found"' in foreign
    assert (await asked(world, OTHER_TOKEN, "GET", KEYS)).json()["data"] == []
    assert await status(world, key["token"], "GET", "/api/v1/app") == 200


@pytest.mark.parametrize(
    ("members", "member"),
    [
        ({"scope": "root"}, "scope"),
        ({}, "scope"),
        ({"scope": "read", "name": ""}, "name"),
        ({"scope": "read", "name": " a"}, "name"),
        ({"scope": "read", "name": "a\nb"}, "name"),
        ({"scope": "read", "expiresAt": "2001-01-01T00:00:00Z"}, "expiresAt"),
        ({"scope": "read", "expiresAt": "2001-01-01T00:00:00"}, "expiresAt"),
        ({"scope": "read", "appId": "acme"}, "appId"),
        ({"scope": "application"}, "appId"),
        ({"scope": "application", "appId": "nobody"}, "appId"),
        ({"scope": "read", "token": "ang_chosen"}, "token"),
    ],
)
async def test_a_key_that_cannot_be_is_refused_and_the_member_named(
    world: World, members: dict[str, Any], member: str
) -> None:
    answer = await world.client.post(KEYS, json={"name": "a key", **members})
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["detail"]] == [["body", member]]
    assert world.api_keys.created == []


READS = ("/api/v1/app", "/api/v1/app/acme", "/api/v1/app/acme/endpoint", "/api/v1/tenant/policy")


async def test_a_publish_key_posts_messages_and_nothing_else(world: World) -> None:
    token = (await created(world, scope="publish"))["token"]
    assert await status(world, token, "POST", "/api/v1/app/acme/msg", {}) == 422
    for path in (*READS, "/api/v1/app/acme/msg", KEYS):
        answer = await asked(world, token, "GET", path)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert "scope `publish`" in answer.json()["detail"]
        assert "`admin`" in answer.json()["detail"]
    assert await status(world, token, "POST", "/api/v1/app", {"name": "Acme"}) == 403


async def test_a_publish_key_creates_no_application_with_its_message(world: World) -> None:
    token = (await created(world, scope="publish"))["token"]
    body = MESSAGE | {"application": {"name": "New"}}
    answer = await asked(world, token, "POST", "/api/v1/app/nobody/msg", body)
    assert answer.status_code == 403
    assert "`admin`" in answer.json()["detail"]
    assert CreateApplication not in {type(question) for question in world.dispatcher.asked}


async def test_a_read_key_reads_but_changes_and_reveals_nothing(world: World) -> None:
    token = (await created(world, scope="read"))["token"]
    for path in READS[:3]:
        assert await status(world, token, "GET", path) == 200
    for method, path, body in (
        ("POST", "/api/v1/app", {"name": "New"}),
        ("DELETE", "/api/v1/app/acme", None),
        ("POST", "/api/v1/app/acme/msg", MESSAGE),
        ("GET", "/api/v1/app/acme/endpoint/orders/secret", None),
        ("GET", KEYS, None),
    ):
        answer = await asked(world, token, method, path, body)
        assert answer.status_code == 403, path
        assert "scope `read`" in answer.json()["detail"]


async def test_a_key_of_one_application_has_that_application_only(world: World) -> None:
    key = await created(world, scope="application", appId="acme")
    assert key["appId"] == format_id(APPLICATION_PREFIX, APPLICATION_ID)
    token = key["token"]
    for path in ("/api/v1/app/acme", "/api/v1/app/acme/endpoint", f"/api/v1/app/{key['appId']}"):
        assert await status(world, token, "GET", path) == 200
    assert await status(world, token, "GET", "/api/v1/app/acme/endpoint/orders/secret") == 200
    assert await status(world, token, "POST", "/api/v1/app/acme/msg", {}) == 422
    for method, path in (("DELETE", "/api/v1/app/acme"), ("GET", "/api/v1/app"), ("GET", KEYS)):
        assert await status(world, token, method, path) == 403
    assert DeleteApplication not in {type(question) for question in world.dispatcher.asked}


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("GET", "", None),
        ("GET", "/endpoint", None),
        ("GET", "/endpoint?nonsense=1", None),
        ("GET", "/endpoint/orders/secret", None),
        ("POST", "/endpoint", {"nonsense": 1}),
        ("POST", "/msg", MESSAGE),
        ("POST", "/msg", {"nonsense": 1}),
        ("POST", "/msg", MESSAGE | {"application": {"name": "New"}}),
        ("GET", "/msg", None),
    ],
)
async def test_another_application_answers_exactly_as_an_absent_one(
    world: World, method: str, below: str, body: Any
) -> None:
    token = (await created(world, scope="application", appId="acme"))["token"]
    world.dispatcher.asked.clear()
    refs = ("globex", format_id(APPLICATION_PREFIX, OTHER_APPLICATION.id), "nobody", "%24")
    answers = [await asked(world, token, method, f"/api/v1/app/{ref}{below}", body) for ref in refs]
    if method == "POST" and below == "/msg":
        answers.pop()  # Of a path that names no possible application, the body is not looked at.
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert {type(question) for question in world.dispatcher.asked} <= {GetApplication}


async def test_the_requests_of_a_suspended_tenant_are_refused_with_a_sentence(
    world: World,
) -> None:
    digest = token_hash(OTHER_TOKEN)
    world.api_keys.callers[digest] = replace(world.api_keys.callers[digest], suspended=True)
    for method, path, body in (
        ("GET", "/api/v1/app", None),
        ("POST", "/api/v1/app/acme/msg", MESSAGE),
        ("POST", KEYS, {"name": "a", "scope": "admin"}),
    ):
        answer = await asked(world, OTHER_TOKEN, method, path, body)
        assert answer.status_code == 403
        assert "suspended" in answer.json()["detail"]
    assert world.dispatcher.asked == []


async def test_refused_changes_are_in_the_audit_log(world: World) -> None:
    world.api_keys.callers[token_hash("reader")] = Caller(OTHER_TENANT, b"r" * 16, KeyScope.READ)
    await asked(world, "reader", "POST", "/api/v1/app", {"name": "New"})
    (entry,) = world.audit_log.entries
    assert (entry.tenant_id, entry.key_id, entry.status) == (OTHER_TENANT, b"r" * 16, 403)
    assert entry.operation == "v1.application.create"
