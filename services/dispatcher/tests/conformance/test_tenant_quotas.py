"""How many applications and endpoints a tenant may have, on both engines."""

import asyncio

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    DeleteApplication,
    DeleteEndpoint,
    UpdateApplication,
    UpdateEndpoint,
)
from angarium_contracts.ids import APPLICATION, format_id, operational_application_id
from angarium_contracts.queries import ProblemCode
from angarium_dispatcher.adapters.streams.wire import problem
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.save_endpoint import (
    create_endpoint,
    replace_endpoint,
)
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.save_application import (
    create_application,
    replace_application,
)
from angarium_dispatcher.domain.refusals import QuotaReached

from ..conftest import Bench

TENANT, OTHER = b"t" * 16, b"o" * 16
URL = "https://example.com/hook"


async def test_applications_up_to_the_quota_can_be_created(bench: Bench) -> None:
    for uid in ("one", "two"):
        command = CreateApplication(TENANT, uid, uid, applications_max=2)
        assert (await create_application(command, bench.context)).created
    third = CreateApplication(TENANT, "three", "three", applications_max=2)
    with pytest.raises(QuotaReached, match="at most 2 applications") as refused:
        await create_application(third, bench.context)
    assert problem(refused.value).code is ProblemCode.QUOTA_REACHED
    put = UpdateApplication(TENANT, "three", "three", applications_max=2)
    with pytest.raises(QuotaReached):
        await replace_application(put, bench.context)
    # What exists can be changed, and another tenant has a quota of its own.
    existing = UpdateApplication(TENANT, "one", "renamed", applications_max=2)
    assert not (await replace_application(existing, bench.context)).created
    asked = CreateApplication(TENANT, "one", "one", get_if_exists=True, applications_max=2)
    assert not (await create_application(asked, bench.context)).created
    assert (
        await create_application(
            CreateApplication(OTHER, "one", "one", applications_max=1), bench.context
        )
    ).created
    await delete_application(DeleteApplication(TENANT, "two"), bench.context)
    assert (await create_application(third, bench.context)).created


async def test_endpoints_are_counted_over_all_applications_of_the_tenant(bench: Bench) -> None:
    for uid in ("one", "two"):
        await create_application(CreateApplication(TENANT, uid, uid), bench.context)
    for application in ("one", "two"):
        command = CreateEndpoint(TENANT, application, URL, uid="hook", tenant_endpoints_max=2)
        assert (await create_endpoint(command, bench.context)).created
    third = CreateEndpoint(TENANT, "one", URL, tenant_endpoints_max=2)
    with pytest.raises(QuotaReached, match="at most 2 endpoints"):
        await create_endpoint(third, bench.context)
    with pytest.raises(QuotaReached):
        await replace_endpoint(
            UpdateEndpoint(TENANT, "one", "new", URL, tenant_endpoints_max=2), bench.context
        )
    existing = UpdateEndpoint(TENANT, "one", "hook", URL, tenant_endpoints_max=2)
    assert not (await replace_endpoint(existing, bench.context)).created
    await delete_endpoint(DeleteEndpoint(TENANT, "two", "hook"), bench.context)
    assert (await create_endpoint(third, bench.context)).created


async def test_operational_endpoints_do_not_count(bench: Bench) -> None:
    await create_application(CreateApplication(TENANT, "one", "one"), bench.context)
    operational = format_id(APPLICATION, operational_application_id(TENANT))
    await create_endpoint(CreateEndpoint(TENANT, operational, URL), bench.context)
    command = CreateEndpoint(TENANT, "one", URL, tenant_endpoints_max=1)
    assert (await create_endpoint(command, bench.context)).created
    last = CreateApplication(TENANT, "two", "two", applications_max=2)
    assert (await create_application(last, bench.context)).created


async def test_two_at_once_cannot_both_take_the_last_place(bench: Bench) -> None:
    commands = [
        CreateApplication(TENANT, name, name, applications_max=3)
        for name in ("a", "b", "c", "d", "e", "f")
    ]
    results = await asyncio.gather(
        *[create_application(command, bench.context) for command in commands],
        return_exceptions=True,
    )
    assert sum(isinstance(each, QuotaReached) for each in results) == 3
