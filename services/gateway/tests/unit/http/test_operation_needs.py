"""Every operation declares what it needs, and the API does not start otherwise."""

import pytest
from angarium_gateway.adapters.http.operation_needs import (
    NEEDS,
    PUBLIC,
    NeedUndeclared,
    require_needs,
)
from angarium_gateway.domain.permissions import KEY_PERMISSIONS, KeyScope, Permission
from litestar import Litestar, get

from .conftest import World


async def test_the_table_has_exactly_the_operations_that_are_not_public(world: World) -> None:
    document = (await world.client.get("/api/v1/openapi.json")).json()
    operations = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if operation.get("security") != []
    }
    assert operations == set(NEEDS)


def test_an_operation_without_a_declared_need_does_not_start() -> None:
    @get("/new", operation_id="v1.something.new", sync_to_thread=False)
    def forgotten() -> None:
        return None

    with pytest.raises(NeedUndeclared, match=r"v1\.something\.new \(/new\)"):
        require_needs(Litestar([forgotten], openapi_config=None))


def test_an_operation_without_a_name_does_not_start() -> None:
    @get("/new", sync_to_thread=False)
    def nameless() -> None:
        return None

    with pytest.raises(NeedUndeclared):
        require_needs(Litestar([nameless], openapi_config=None))


def test_a_public_route_may_have_no_name() -> None:
    @get("/open", sync_to_thread=False, opt={PUBLIC: True})
    def public() -> None:
        return None

    require_needs(Litestar([public], openapi_config=None))


def test_what_callers_may_do_in_one_application_needs_the_application_in_the_path() -> None:
    @get("/endpoints", operation_id="v1.endpoint.list", sync_to_thread=False)
    def misplaced() -> None:
        return None

    with pytest.raises(NeedUndeclared, match="one application only"):
        require_needs(Litestar([misplaced], openapi_config=None))


def test_an_admin_key_has_every_permission_of_its_tenant_and_no_other_key_manages_keys() -> None:
    operating = {Permission.READ_PLATFORM, Permission.MANAGE_QUARANTINE}
    platform = {Permission.MANAGE_PLATFORM, *operating}
    assert KEY_PERMISSIONS[KeyScope.ADMIN] == set(Permission) - platform - {Permission.LOG_OUT}
    assert KEY_PERMISSIONS[KeyScope.PLATFORM] == {Permission.IDENTIFY, *platform}
    for scope in set(KeyScope) - {KeyScope.ADMIN}:
        assert not KEY_PERMISSIONS[scope] & {Permission.MANAGE_KEYS, Permission.MANAGE_TENANT}
    assert KEY_PERMISSIONS[KeyScope.PUBLISH] == {Permission.IDENTIFY, Permission.PUBLISH}
