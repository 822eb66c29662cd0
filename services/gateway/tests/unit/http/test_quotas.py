"""Quotas over HTTP: enforced on every operation, shown in headers, set by the operator."""

from typing import Any

import httpx
import pytest
from angarium_contracts.configuration import (
    Applications,
    ApplicationSaved,
    CreateApplication,
    ListApplications,
)
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import PLATFORM_TENANT, KeyScope
from angarium_gateway.domain.quotas import Rates, TenantQuotas

from .conftest import STATE, TENANT, World, application_saved

TENANTS = "/api/v1/admin/tenant"


@pytest.fixture(autouse=True)
def applications(world: World) -> None:
    world.copy.states = {STATE.id: STATE}
    world.dispatcher.answers[ListApplications] = Applications(items=(), done=True)


def limited(world: World, *, tenant: TenantQuotas | None = None, key: Rates | None = None) -> None:
    """Let the token `limited` have these quotas."""
    world.api_keys.callers[token_hash("limited")] = Caller(
        TENANT, b"l" * 16, tenant=tenant or TenantQuotas(), rates=key or Rates()
    )


async def asked(world: World, method: str, path: str, body: Any = None) -> httpx.Response:
    headers = {"authorization": "Bearer limited"}
    return await world.client.request(method, path, json=body, headers=headers)


async def test_requests_are_counted_shown_and_refused(world: World) -> None:
    limited(world, tenant=TenantQuotas(requests_per_minute=2))
    for left in (1, 0):
        answer = await asked(world, "GET", "/api/v1/app")
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == '"requests";q=2;w=60'
        assert answer.headers["ratelimit"].startswith(f'"requests";r={left};t=')
    refused = await asked(world, "GET", "/api/v1/app")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limit_exceeded")
    assert "The tenant of this API key has a quota of 2 requests per minute" in refused.text
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"].startswith('"requests";r=0;t=')


async def test_of_two_quotas_the_tighter_one_is_shown_and_named(world: World) -> None:
    limited(world, tenant=TenantQuotas(requests_per_minute=100), key=Rates(requests_per_minute=1))
    answer = await asked(world, "GET", "/api/v1/app")
    assert answer.headers["ratelimit-policy"] == '"requests";q=1;w=60'
    refused = await asked(world, "GET", "/api/v1/app")
    assert refused.status_code == 429
    assert refused.json()["detail"].startswith("This API key has a quota of 1 requests per minute")


async def test_without_quotas_no_header_speaks_of_them(world: World) -> None:
    answer = await world.client.get("/api/v1/app")
    assert answer.status_code == 200
    assert not {"ratelimit", "ratelimit-policy"} & set(answer.headers)


async def test_the_operator_sets_and_removes_the_quotas_of_a_tenant(world: World) -> None:
    operator = Caller(PLATFORM_TENANT, b"p" * 16, KeyScope.PLATFORM)
    world.api_keys.callers[token_hash("limited")] = operator
    tenant = (await asked(world, "POST", TENANTS, {"name": "production"})).json()
    unbounded = {
        "requestsPerMinute": None,
        "messagesPerMinute": None,
        "payloadBytesPerMinute": None,
        "applicationsMax": None,
        "endpointsMax": None,
    }
    assert tenant["quotas"] == unbounded
    path = f"{TENANTS}/{tenant['id']}"
    quotas = {"messagesPerMinute": 600, "endpointsMax": 5}
    answer = await asked(world, "PATCH", path, {"quotas": quotas})
    assert answer.json()["quotas"] == unbounded | quotas
    answer = await asked(world, "PATCH", path, {"quotas": {}})
    assert answer.json()["quotas"] == unbounded
    refused = await asked(world, "PATCH", path, {"quotas": {"messagesPerMinute": 0}})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "quotas", "messagesPerMinute"]


async def test_a_key_is_created_with_rates_of_its_own(world: World) -> None:
    body = {"name": "importer", "scope": "publish", "rates": {"messagesPerMinute": 60}}
    answer = await world.client.post("/api/v1/api-key", json=body)
    assert answer.status_code == 201
    assert answer.json()["rates"]["messagesPerMinute"] == 60
    assert world.api_keys.created[-1].rates == Rates(messages_per_minute=60)


async def test_how_many_objects_a_tenant_may_have_goes_along_with_the_command(
    world: World,
) -> None:
    limited(world, tenant=TenantQuotas(applications_max=7, endpoints_max=9))
    asked_for: list[CreateApplication] = []

    def create(command: CreateApplication) -> ApplicationSaved:
        asked_for.append(command)
        return application_saved(created=True)

    world.dispatcher.answers[CreateApplication] = create
    assert (await asked(world, "POST", "/api/v1/app", {"name": "Acme"})).status_code == 201
    assert [command.applications_max for command in asked_for] == [7]
