"""Tenants over HTTP: only for keys of the platform."""

from typing import Any

import httpx
import pytest
from angarium_contracts.configuration import Applications, ListApplications
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import PLATFORM_TENANT, KeyScope

from .conftest import World

TENANTS = "/api/v1/admin/tenant"
OPERATOR = {"authorization": "Bearer operator"}


@pytest.fixture(autouse=True)
def operator(world: World) -> None:
    """The token `operator` is a key of the platform."""
    caller = Caller(PLATFORM_TENANT, b"p" * 16, KeyScope.PLATFORM)
    world.api_keys.callers[token_hash("operator")] = caller
    world.dispatcher.answers[ListApplications] = Applications(items=(), done=True)


async def asked(world: World, method: str, path: str, body: Any = None) -> httpx.Response:
    return await world.client.request(method, path, json=body, headers=OPERATOR)


async def test_a_tenant_is_created_listed_renamed_suspended_and_resumed(world: World) -> None:
    answer = await asked(world, "POST", TENANTS, {"name": "production"})
    assert answer.status_code == 201
    created = answer.json()
    path = f"{TENANTS}/{created['id']}"
    assert (await asked(world, "GET", path)).json() == created
    assert (await asked(world, "GET", TENANTS)).json()["data"] == [created]
    renamed = await asked(world, "PATCH", path, {"name": "live"})
    assert renamed.json() == created | {"name": "live"}
    suspended = (await asked(world, "PATCH", path, {"suspended": True})).json()
    assert (suspended["suspended"], suspended["suspendedAt"]) == (True, created["createdAt"])
    resumed = await asked(world, "PATCH", path, {"suspended": False})
    assert resumed.json() == created | {"name": "live"}
    assert (await asked(world, "PATCH", path, {})).json() == resumed.json()


async def test_a_tenant_gets_its_first_key_from_the_operator(world: World) -> None:
    tenant = (await asked(world, "POST", TENANTS, {"name": "production"})).json()
    body = {"name": "first", "scope": "admin"}
    answer = await asked(world, "POST", f"{TENANTS}/{tenant['id']}/api-key", body)
    assert answer.status_code == 201
    headers = {"authorization": f"Bearer {answer.json()['token']}"}
    assert (await world.client.get("/api/v1/app", headers=headers)).status_code == 200
    assert (await world.client.get("/api/v1/app", headers=OPERATOR)).status_code == 403


async def test_a_name_is_given_once(world: World) -> None:
    for name in ("production", "staging"):
        assert (await asked(world, "POST", TENANTS, {"name": name})).status_code == 201
    again = await asked(world, "POST", TENANTS, {"name": "staging"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    first = (await asked(world, "GET", TENANTS)).json()["data"][0]["id"]
    assert (await asked(world, "PATCH", f"{TENANTS}/{first}", {"name": "staging"})).is_error
    assert len(world.tenants.tenants) == 2


@pytest.mark.parametrize("name", ["", " a", "a\nb", "x" * 257])
async def test_a_name_that_could_not_be_listed_is_refused(world: World, name: str) -> None:
    answer = await asked(world, "POST", TENANTS, {"name": name})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "name"]
    assert world.tenants.tenants == []


async def test_an_unknown_tenant_is_not_found_and_not_created(world: World) -> None:
    for ref in ("production", "tnt_0000000000000000000009"):
        for method, below, body in (
            ("GET", "", None),
            ("PATCH", "", {"name": "a"}),
            ("POST", "/api-key", {"name": "a", "scope": "admin"}),
        ):
            answer = await asked(world, method, f"{TENANTS}/{ref}{below}", body)
            assert answer.status_code == 404
    assert world.tenants.tenants == []
    assert world.api_keys.created == []


async def test_no_key_of_a_tenant_manages_tenants_or_creates_a_key_that_does(
    world: World,
) -> None:
    for method, path in (("GET", TENANTS), ("POST", TENANTS)):
        answer = await world.client.request(method, path, json={"name": "a"})
        assert answer.status_code == 403
        assert "`platform`" in answer.json()["detail"]
    for path in ("/api/v1/api-key", TENANTS):
        body = {"name": "a", "scope": "platform"}
        assert (await world.client.post(path, json=body)).status_code in (403, 422)
    assert world.api_keys.created == []


async def test_a_deleted_tenant_is_told_as_such_and_gets_no_key(world: World) -> None:
    path = f"{TENANTS}/{(await asked(world, 'POST', TENANTS, {'name': 'old'})).json()['id']}"
    first, second = [await asked(world, "DELETE", path) for _ in range(2)]
    assert first.status_code == second.status_code == 202
    assert first.json()["deletedAt"] is not None
    assert (await asked(world, "GET", path)).json() == first.json() == second.json()
    body = {"name": "a", "scope": "admin"}
    assert (await asked(world, "POST", f"{path}/api-key", body)).status_code == 404
    assert (await asked(world, "DELETE", f"{TENANTS}/old")).status_code == 404
