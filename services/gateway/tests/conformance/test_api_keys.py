"""API keys on both engines: found by their hash, never stored in the clear, revoked for good."""

import asyncio
import os
import random
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_contracts.ids import IdMaker
from angarium_gateway.adapters.database.api_keys import ApiKeyRefused, ApiKeyTable, TokenTaken
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.adapters.database.tables import api_key, tenant
from angarium_gateway.application.tenants.authentication import ApiKeys
from angarium_gateway.domain.digests import token_hash
from sqlalchemy import select

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    await SCHEMA.migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(database: Database, clock: Clock) -> ApiKeyTable:
    return ApiKeyTable(
        database,
        make_id=IdMaker(time.time_ns, random.getrandbits),
        now=clock,
        random_bytes=os.urandom,
    )


async def test_a_created_key_is_found_by_the_hash_of_its_token(keys: ApiKeyTable) -> None:
    port: ApiKeys = keys
    created = await keys.create("default", "first")

    caller = await port.find(token_hash(created.token))

    assert caller is not None
    assert caller.key_id == created.id
    assert await port.find(token_hash(created.token + "x")) is None


async def test_generated_tokens_have_256_random_bits_and_a_prefix(keys: ApiKeyTable) -> None:
    tokens = {(await keys.create("default", f"key {number}")).token for number in range(5)}

    assert len(tokens) == 5
    assert all(re.fullmatch(r"ang_[A-Za-z0-9_-]{43}", token) for token in tokens)


async def test_no_token_is_stored_or_shown_in_a_repr(keys: ApiKeyTable, database: Database) -> None:
    created = await keys.create("default", "first")

    async with database.engine.connect() as connection:
        rows = (await connection.execute(select(api_key))).all()

    assert created.token not in repr(created)
    assert created.token.encode() not in b"|".join(bytes(row.token_hash) for row in rows)
    assert [bytes(row.token_hash) for row in rows] == [token_hash(created.token)]


async def test_keys_of_one_name_belong_to_one_tenant(keys: ApiKeyTable, database: Database) -> None:
    first = await keys.create("acme", "first")
    second = await keys.create("acme", "second")
    other = await keys.create("globex", "first")

    callers = [await keys.find(token_hash(key.token)) for key in (first, second, other)]
    tenants = [caller.tenant_id for caller in callers if caller is not None]
    async with database.engine.connect() as connection:
        names = (await connection.execute(select(tenant.c.name).order_by(tenant.c.id))).scalars()

        assert list(names) == ["acme", "globex"]
    assert tenants[0] == tenants[1] != tenants[2]


async def test_keys_created_at_once_share_their_new_tenant(keys: ApiKeyTable) -> None:
    created = await asyncio.gather(*(keys.create("acme", f"key {n}") for n in range(4)))

    callers = [await keys.find(token_hash(key.token)) for key in created]

    assert len({caller.tenant_id for caller in callers if caller is not None}) == 1


async def test_a_revoked_key_is_not_found_and_stays_in_the_list(
    keys: ApiKeyTable, clock: Clock
) -> None:
    revoked = await keys.create("default", "leaked")
    valid = await keys.create("default", "kept")
    clock.now += timedelta(hours=1)

    assert await keys.revoke(revoked.id)

    assert not await keys.revoke(revoked.id)
    assert not await keys.revoke(bytes(16))
    assert await keys.find(token_hash(revoked.token)) is None
    assert await keys.find(token_hash(valid.token)) is not None
    listed = await keys.list()
    assert [(key.id, key.name, key.created_at, key.revoked_at) for key in listed] == [
        (revoked.id, "leaked", BEGINNING, BEGINNING + timedelta(hours=1)),
        (valid.id, "kept", BEGINNING, None),
    ]


async def test_the_list_can_be_of_one_tenant(keys: ApiKeyTable) -> None:
    await keys.create("acme", "a")
    await keys.create("globex", "b")

    assert [(key.tenant_name, key.name) for key in await keys.list("globex")] == [("globex", "b")]
    assert await keys.list("nobody") == []


async def test_a_chosen_token_is_taken_once_even_when_revoked(keys: ApiKeyTable) -> None:
    chosen = "my-own-key-for-dev"
    created = await keys.create("default", "chosen", token=chosen)
    assert created.token == chosen

    with pytest.raises(TokenTaken):
        await keys.create("default", "again", token=chosen)
    await keys.revoke(created.id)
    with pytest.raises(TokenTaken):
        await keys.create("default", "again", token=chosen)

    assert len(await keys.list()) == 1


@pytest.mark.parametrize("token", ["", "fifteen-chars-x", "has a space in it", "x" * 257, "é" * 16])
async def test_a_token_that_could_not_be_sent_is_refused(keys: ApiKeyTable, token: str) -> None:
    with pytest.raises(ApiKeyRefused) as refused:
        await keys.create("default", "chosen", token=token)

    assert not token or token not in str(refused.value)
    assert await keys.list() == []


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "x" * 257])
async def test_a_name_that_could_not_be_listed_is_refused(keys: ApiKeyTable, name: str) -> None:
    with pytest.raises(ApiKeyRefused, match="key's name"):
        await keys.create("default", name)
    with pytest.raises(ApiKeyRefused, match="tenant's name"):
        await keys.create(name, "first")
