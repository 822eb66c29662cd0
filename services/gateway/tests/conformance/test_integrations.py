"""Integrations on both engines: keys of one application that are changed and rotated."""

import os
import random
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import IdMaker
from angarium_gateway.adapters.database.api_keys import ApiKeyTable
from angarium_gateway.adapters.database.integrations import IntegrationTable
from angarium_gateway.adapters.database.tenants import TenantTable
from angarium_gateway.application.read.id_window import IdWindow
from angarium_gateway.application.tenants.api_keys import NewApiKey
from angarium_gateway.application.tenants.authentication import Caller, LoginFailure
from angarium_gateway.application.tenants.integrations import ChangedKey, Integrations
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KeyScope

from .conftest import WallClock

ACME, GLOBEX = b"a" * 16, b"g" * 16
NAMED = NewApiKey(
    name="Zapier",
    scope=KeyScope.APPLICATION,
    application_id=ACME,
    feature_flags=("beta", "alpha"),
)


@pytest.fixture
def keys(database: Database, clock: WallClock) -> ApiKeyTable:
    make_id = IdMaker(time.time_ns, random.getrandbits)
    return ApiKeyTable(database, make_id=make_id, now=clock, random_bytes=os.urandom)


@pytest.fixture
def integrations(database: Database, clock: WallClock) -> Integrations:
    return IntegrationTable(database, now=clock, random_bytes=os.urandom)


@pytest.fixture
async def tenant(tenants: TenantTable) -> bytes:
    return (await tenants.create("acme")).id


async def test_a_key_of_the_application_is_found_with_its_flags(
    keys: ApiKeyTable, integrations: Integrations, tenant: bytes
) -> None:
    created = await keys.create(tenant, NAMED)
    found = await integrations.get(tenant, ACME, created.key.id)
    assert found == created.key
    assert found.feature_flags == ("beta", "alpha")
    caller = await keys.find(token_hash(created.token))
    assert isinstance(caller, Caller)
    assert caller.feature_flags == {"alpha", "beta"}


async def test_other_keys_are_no_integrations_of_the_application(
    keys: ApiKeyTable, integrations: Integrations, tenant: bytes, clock: WallClock
) -> None:
    of_tenant = await keys.create(tenant, NewApiKey(name="admin"))
    elsewhere = await keys.create(tenant, replace(NAMED, application_id=GLOBEX))
    foreign = await keys.create(b"t" * 16, NAMED)
    revoked = await keys.create(tenant, NAMED)
    await keys.revoke(tenant, revoked.key.id)
    expired = await keys.create(tenant, replace(NAMED, expires_at=clock.now + timedelta(seconds=1)))
    clock.now += timedelta(seconds=1)
    for other in (of_tenant, elsewhere, foreign, revoked, expired):
        key_id = other.key.id
        assert await integrations.get(tenant, ACME, key_id) is None
        assert await integrations.rotate(tenant, ACME, key_id) is None
        changed = await integrations.change(tenant, ACME, key_id, name="a", feature_flags=())
        assert changed is None
    assert (await integrations.page(tenant, ACME, IdWindow(10))).items == []
    assert isinstance(await keys.find(token_hash(elsewhere.token)), Caller)


async def test_a_list_goes_in_pages(
    keys: ApiKeyTable, integrations: Integrations, tenant: bytes
) -> None:
    made = [(await keys.create(tenant, NAMED)).key for _ in range(3)]
    first = await integrations.page(tenant, ACME, IdWindow(2))
    assert (list(first.items), first.done) == ([made[2], made[1]], False)
    rest = await integrations.page(tenant, ACME, IdWindow(2, made[1].id))
    assert (list(rest.items), rest.done) == ([made[0]], True)


async def test_a_change_replaces_name_and_flags_and_keeps_the_token(
    keys: ApiKeyTable, integrations: Integrations, tenant: bytes, clock: WallClock
) -> None:
    created = await keys.create(tenant, NAMED)
    clock.now += timedelta(seconds=5)
    changed = await integrations.change(tenant, ACME, created.key.id, name="Make", feature_flags=())
    after = replace(created.key, name="Make", feature_flags=(), updated_at=clock.now)
    assert changed == ChangedKey(created.key, after)
    assert await integrations.get(tenant, ACME, created.key.id) == after
    assert isinstance(await keys.find(token_hash(created.token)), Caller)


async def test_a_rotated_key_has_another_token(
    keys: ApiKeyTable, integrations: Integrations, tenant: bytes
) -> None:
    created = await keys.create(tenant, NAMED)
    rotated = await integrations.rotate(tenant, ACME, created.key.id)
    assert rotated is not None
    assert await keys.find(token_hash(created.token)) is LoginFailure.UNKNOWN
    found = await keys.find(token_hash(rotated.token))
    assert isinstance(found, Caller)
    assert found.key_id == created.key.id
    assert rotated.token not in repr(rotated)
