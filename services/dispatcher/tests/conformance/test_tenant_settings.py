"""Settings of a tenant or of the platform for endpoints that are saved, on both engines."""

from dataclasses import replace

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    CreateEventType,
    DeleteEventType,
    PatchEndpoint,
    UpdateEndpoint,
)
from angarium_contracts.ids import APPLICATION, format_id, operational_application_id
from angarium_contracts.tenant_policy import SetTenantPolicy
from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.endpoints.save_endpoint import (
    create_endpoint,
    patch_endpoint,
    replace_endpoint,
)
from angarium_dispatcher.application.tenants.delete_event_type import delete_event_type
from angarium_dispatcher.application.tenants.save_application import create_application
from angarium_dispatcher.application.tenants.save_event_type import create_event_type
from angarium_dispatcher.application.tenants.set_policy import set_tenant_policy
from angarium_dispatcher.domain.refusals import InvalidField

from ..conftest import Bench

TENANT, OTHER = b"t" * 16, b"o" * 16
URL = "https://example.com/"


@pytest.fixture
async def context(bench: Bench) -> ConfigurationContext:
    for tenant in (TENANT, OTHER):
        await create_application(CreateApplication(tenant, "A", "acme"), bench.context)
    return bench.context


def platform(context: ConfigurationContext, **limits: object) -> ConfigurationContext:
    return replace(context, limits=replace(context.limits, **limits))  # type: ignore[arg-type]


async def header_names(context: ConfigurationContext, uid: str, *, tenant: bytes = TENANT) -> str:
    command = CreateEndpoint(tenant, "acme", URL, uid)
    return (await create_endpoint(command, context)).endpoint.header_names


async def test_new_endpoints_get_the_header_names_of_the_tenant_else_of_the_platform(
    context: ConfigurationContext,
) -> None:
    assert await header_names(context, "one") == "webhook"
    context = platform(context, header_names="both")
    assert await header_names(context, "two") == "both"
    await set_tenant_policy(SetTenantPolicy(TENANT, header_names="svix"), context)
    assert await header_names(context, "three") == "svix"
    assert await header_names(context, "three", tenant=OTHER) == "both"
    made = await replace_endpoint(UpdateEndpoint(TENANT, "acme", "four", URL), context)
    assert made.endpoint.header_names == "svix"
    kept = await replace_endpoint(UpdateEndpoint(TENANT, "acme", "one", URL), context)
    assert kept.endpoint.header_names == "webhook"
    chosen = CreateEndpoint(TENANT, "acme", URL, "five", header_names="webhook")
    assert (await create_endpoint(chosen, context)).endpoint.header_names == "webhook"


async def test_a_policy_takes_known_header_names_only(context: ConfigurationContext) -> None:
    with pytest.raises(InvalidField) as refusal:
        await set_tenant_policy(SetTenantPolicy(TENANT, header_names="other"), context)
    assert refusal.value.field == "header_names"


def naming(*names: str, uid: str, tenant: bytes = TENANT) -> CreateEndpoint:
    return CreateEndpoint(tenant, "acme", URL, uid, event_types=names)


async def test_by_default_an_endpoint_may_name_event_types_that_do_not_exist(
    context: ConfigurationContext,
) -> None:
    assert (await create_endpoint(naming("none", uid="one"), context)).created


async def test_a_platform_or_a_tenant_may_require_that_event_types_exist(
    context: ConfigurationContext,
) -> None:
    await create_event_type(CreateEventType(TENANT, "made", ""), context)
    await create_event_type(CreateEventType(TENANT, "archived", ""), context)
    await delete_event_type(DeleteEventType(TENANT, "archived"), context)
    strict = platform(context, require_event_types=True)
    await create_endpoint(naming("made", uid="one"), strict)
    for name in ("none", "archived"):
        with pytest.raises(InvalidField, match=f"'{name}'") as refusal:
            await create_endpoint(naming("made", name, uid="two"), strict)
        assert (refusal.value.field, refusal.value.path) == ("event_types", ("1",))
    with pytest.raises(InvalidField):
        await create_endpoint(naming("made", uid="one", tenant=OTHER), strict)
    await set_tenant_policy(SetTenantPolicy(TENANT, require_event_types=False), strict)
    await create_endpoint(naming("none", uid="three"), strict)
    await set_tenant_policy(SetTenantPolicy(TENANT, require_event_types=True), context)
    with pytest.raises(InvalidField):
        await create_endpoint(naming("none", uid="four"), context)


async def test_names_that_an_endpoint_has_already_stay(context: ConfigurationContext) -> None:
    await create_endpoint(naming("old", uid="one"), context)
    strict = platform(context, require_event_types=True)
    command = UpdateEndpoint(TENANT, "acme", "one", URL, event_types=("old",), description="d")
    await replace_endpoint(command, strict)
    await patch_endpoint(PatchEndpoint(TENANT, "acme", "one", disabled=True), strict)
    patch = PatchEndpoint(TENANT, "acme", "one", event_types=("old", "new"))
    with pytest.raises(InvalidField) as refusal:
        await patch_endpoint(patch, strict)
    assert refusal.value.path == ("1",)


async def test_operational_endpoints_name_event_types_that_are_none_of_the_tenants(
    context: ConfigurationContext,
) -> None:
    operational = format_id(APPLICATION, operational_application_id(TENANT))
    command = CreateEndpoint(TENANT, operational, URL, event_types=("endpoint.created",))
    assert (await create_endpoint(command, platform(context, require_event_types=True))).created
