"""API keys on both engines: found by their hash, never stored in the clear, revoked for good."""

import asyncio
import os
import random
import re
import time
from datetime import timedelta
from hashlib import sha256

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import IdMaker
from angarium_gateway.adapters.database.api_keys import ApiKeyRefused, ApiKeyTable, TokenTaken
from angarium_gateway.adapters.database.tables import api_key
from angarium_gateway.adapters.database.tenants import TenantTable
from angarium_gateway.administration.api_keys import (
    AccessAdministration,
    AdministrationRefused,
    ensure_key,
    ensure_tenant,
)
from angarium_gateway.application.read.id_window import IdWindow
from angarium_gateway.application.tenants.api_keys import NewApiKey
from angarium_gateway.application.tenants.authentication import Caller, LoginFailure, Logins
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import PLATFORM_TENANT, KeyScope
from sqlalchemy import insert, select

from .conftest import BEGINNING, WallClock

NAMED = NewApiKey(name="first")


@pytest.fixture
def keys(database: Database, clock: WallClock) -> ApiKeyTable:
    return ApiKeyTable(
        database,
        make_id=IdMaker(time.time_ns, random.getrandbits),
        now=clock,
        random_bytes=os.urandom,
    )


@pytest.fixture
async def acme(tenants: TenantTable) -> bytes:
    return (await tenants.create("acme")).id


@pytest.fixture
async def globex(tenants: TenantTable) -> bytes:
    return (await tenants.create("globex")).id


async def test_a_created_key_is_found_by_the_hash_of_its_token(
    keys: ApiKeyTable, acme: bytes
) -> None:
    port: Logins = keys
    created = await keys.create(acme, NAMED)

    assert await port.find(token_hash(created.token)) == Caller(acme, created.key.id)
    assert await port.find(token_hash(created.token + "x")) is LoginFailure.UNKNOWN


async def test_the_restrictions_of_a_key_are_found_with_it(
    keys: ApiKeyTable, acme: bytes, clock: WallClock
) -> None:
    expires_at = BEGINNING + timedelta(days=1)
    new = NewApiKey(
        name="integration",
        scope=KeyScope.APPLICATION,
        application_id=b"a" * 16,
        expires_at=expires_at,
    )
    created = await keys.create(acme, new)

    found = await keys.find(token_hash(created.token))
    assert found == Caller(acme, created.key.id, KeyScope.APPLICATION, b"a" * 16, expires_at)
    clock.now = expires_at
    assert await keys.find(token_hash(created.token)) is LoginFailure.EXPIRED
    await keys.revoke(acme, created.key.id)
    assert await keys.find(token_hash(created.token)) is LoginFailure.REVOKED


async def test_generated_tokens_have_a_prefix_and_are_all_different(
    keys: ApiKeyTable, acme: bytes
) -> None:
    tokens = {(await keys.create(acme, NAMED)).token for _ in range(5)}

    assert len(tokens) == 5
    assert all(re.fullmatch(r"ang_sk_[A-Za-z0-9]{49}", token) for token in tokens)


async def test_a_key_of_an_earlier_version_goes_on_working_without_limits(
    keys: ApiKeyTable, database: Database, acme: bytes
) -> None:
    token = "ang_" + "x" * 43
    digest = sha256(token.encode()).digest()
    row = {"id": b"k" * 16, "tenant_id": acme, "name": "old", "token_hash": digest}
    async with database.engine.begin() as connection:
        await connection.execute(insert(api_key).values(**row, created_at=BEGINNING))

    assert await keys.find(token_hash(token)) == Caller(acme, b"k" * 16, KeyScope.ADMIN)


async def test_earlier_versions_do_not_find_keys_whose_scope_they_do_not_know(
    keys: ApiKeyTable, database: Database, acme: bytes
) -> None:
    created = await keys.create(acme, NewApiKey(name="reader", scope=KeyScope.READ))

    async with database.reading.connect() as connection:
        stored = await connection.scalar(select(api_key.c.token_hash))
    assert stored != sha256(created.token.encode()).digest()


async def test_no_token_is_stored_or_shown_in_a_repr(
    keys: ApiKeyTable, database: Database, acme: bytes
) -> None:
    created = await keys.create(acme, NAMED)

    async with database.engine.connect() as connection:
        rows = (await connection.execute(select(api_key))).all()

    assert created.token not in repr(created)
    assert created.token.encode() not in b"|".join(bytes(row.token_hash) for row in rows)
    assert [bytes(row.token_hash) for row in rows] == [token_hash(created.token)]


async def test_a_tenant_sees_and_revokes_its_own_keys_only(
    keys: ApiKeyTable, acme: bytes, globex: bytes
) -> None:
    mine = [(await keys.create(acme, NewApiKey(name=f"key {n}"))).key for n in range(3)]
    foreign = await keys.create(globex, NAMED)

    assert await keys.get(acme, foreign.key.id) is None
    assert not await keys.revoke(acme, foreign.key.id)
    assert await keys.find(token_hash(foreign.token)) == Caller(globex, foreign.key.id)
    first = await keys.page(acme, IdWindow(2))
    assert (list(first.items), first.done) == (mine[:0:-1], False)
    second = await keys.page(acme, IdWindow(2, mine[1].id))
    assert (list(second.items), second.done) == (mine[:1], True)
    assert await keys.get(acme, mine[0].id) == mine[0]


async def test_a_revoked_key_is_not_found_and_stays_in_the_list(
    keys: ApiKeyTable, clock: WallClock, acme: bytes
) -> None:
    revoked = await keys.create(acme, NewApiKey(name="leaked"))
    valid = await keys.create(acme, NewApiKey(name="kept"))
    clock.now += timedelta(hours=1)

    assert await keys.revoke(acme, revoked.key.id)

    assert not await keys.revoke(acme, revoked.key.id)
    assert not await keys.revoke(acme, bytes(16))
    assert await keys.find(token_hash(revoked.token)) is LoginFailure.REVOKED
    assert await keys.find(token_hash(valid.token)) == Caller(acme, valid.key.id)
    listed = await keys.list()
    assert [(key.id, key.name, key.created_at, key.revoked_at) for key in listed] == [
        (revoked.key.id, "leaked", BEGINNING, BEGINNING + timedelta(hours=1)),
        (valid.key.id, "kept", BEGINNING, None),
    ]
    assert await keys.tenant_of(valid.key.id) == acme
    assert await keys.tenant_of(bytes(16)) is None


async def test_the_list_can_be_of_one_tenant(keys: ApiKeyTable, acme: bytes, globex: bytes) -> None:
    await keys.create(acme, NewApiKey(name="a"))
    await keys.create(globex, NewApiKey(name="b"))

    assert [(key.tenant_id, key.name) for key in await keys.list(globex)] == [(globex, "b")]
    assert await keys.list(bytes(16)) == []


async def test_the_last_use_only_moves_forward(
    keys: ApiKeyTable, acme: bytes, globex: bytes
) -> None:
    used, other = await keys.create(acme, NAMED), await keys.create(globex, NAMED)
    later = BEGINNING + timedelta(hours=1)

    await keys.record({used.key.id: later, bytes(16): later})
    await keys.record({used.key.id: BEGINNING})

    assert [key.last_used_at for key in await keys.list()] == [later, None]
    await keys.record({used.key.id: later + timedelta(hours=1), other.key.id: later})
    assert [key.last_used_at for key in await keys.list()] == [later + timedelta(hours=1), later]


async def test_a_chosen_token_is_taken_once_even_when_revoked(
    keys: ApiKeyTable, acme: bytes
) -> None:
    chosen = "my-own-key-for-dev"
    created = await keys.create(acme, NAMED, token=chosen)
    assert created.token == chosen

    with pytest.raises(TokenTaken):
        await keys.create(acme, NAMED, token=chosen)
    await keys.revoke(acme, created.key.id)
    with pytest.raises(TokenTaken):
        await keys.create(acme, NAMED, token=chosen)

    assert len(await keys.list()) == 1


@pytest.mark.parametrize("token", ["", "fifteen-chars-x", "has a space in it", "x" * 257, "é" * 16])
async def test_a_token_that_could_not_be_sent_is_refused(
    keys: ApiKeyTable, token: str, acme: bytes
) -> None:
    with pytest.raises(ApiKeyRefused) as refused:
        await keys.create(acme, NAMED, token=token)

    assert not token or token not in str(refused.value)
    assert await keys.list() == []


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "x" * 257])
async def test_a_name_that_could_not_be_listed_is_refused(
    keys: ApiKeyTable, database: Database, name: str, acme: bytes
) -> None:
    with pytest.raises(ApiKeyRefused, match="key's name"):
        await keys.create(acme, NewApiKey(name=name))
    with pytest.raises(AdministrationRefused, match="tenant's name"):
        await AccessAdministration.of(database).create_tenant(name)


async def test_a_tenant_that_is_ensured_at_once_is_created_once(database: Database) -> None:
    access = AccessAdministration.of(database)
    found = await asyncio.gather(*(ensure_tenant(access, "new") for _ in range(4)))

    assert len({tenant.id for tenant in found}) == 1


async def test_an_unknown_tenant_is_refused_and_not_created(database: Database) -> None:
    access = AccessAdministration.of(database)
    with pytest.raises(AdministrationRefused, match="no tenant acmee"):
        await access.tenant("acmee")
    assert await access.tenants.named("acmee") is None


async def test_a_key_that_is_ensured_is_created_once_and_not_after_its_revocation(
    database: Database,
) -> None:
    access = AccessAdministration.of(database)
    for _ in range(2):
        assert await ensure_key(access, "default", "dev", "my-own-key-for-dev")
    (key,) = await access.keys.list()
    await access.keys.revoke(key.tenant_id, key.id)
    assert not await ensure_key(access, "default", "dev", "my-own-key-for-dev")


async def test_a_key_of_the_platform_belongs_to_no_tenant(keys: ApiKeyTable) -> None:
    created = await keys.create(PLATFORM_TENANT, NewApiKey(name="ops", scope=KeyScope.PLATFORM))

    found = await keys.find(token_hash(created.token))
    assert found == Caller(PLATFORM_TENANT, created.key.id, KeyScope.PLATFORM)


async def test_the_keys_of_a_suspended_tenant_are_found_as_such(
    keys: ApiKeyTable, tenants: TenantTable, acme: bytes, globex: bytes
) -> None:
    mine, other = await keys.create(acme, NAMED), await keys.create(globex, NAMED)

    await tenants.suspend(acme, suspended=True)

    assert await keys.find(token_hash(mine.token)) == Caller(acme, mine.key.id, suspended=True)
    assert await keys.find(token_hash(other.token)) == Caller(globex, other.key.id)
    await tenants.suspend(acme, suspended=False)
    assert await keys.find(token_hash(mine.token)) == Caller(acme, mine.key.id)


async def test_the_keys_of_a_deleted_tenant_are_revoked(
    keys: ApiKeyTable, tenants: TenantTable, acme: bytes, globex: bytes
) -> None:
    mine, other = await keys.create(acme, NAMED), await keys.create(globex, NAMED)

    await tenants.delete(acme)

    assert await keys.find(token_hash(mine.token)) is LoginFailure.REVOKED
    assert await keys.find(token_hash(other.token)) == Caller(globex, other.key.id)
