"""The gateway's API keys, for the commands that make, list and revoke them."""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.process import StartRefused
from angarium_contracts.ids import API_KEY, IdMaker, format_id, parse_id
from angarium_gateway.adapters.database.api_keys import ApiKeyRefused, ApiKeyTable, TokenTaken
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.domain.digests import token_hash

from angarium_cli.database_url import database_url
from angarium_cli.failure import CommandFailed


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: its id (`key_…`) and its token."""

    id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What the list shows of a key."""

    id: str
    tenant_name: str
    name: str
    created_at: datetime
    revoked_at: datetime | None


def key_table(database: Database) -> ApiKeyTable:
    """The keys in an open database, with this process's clock and random source."""
    return ApiKeyTable(
        database,
        make_id=IdMaker(time.time_ns, random.SystemRandom().getrandbits),
        now=lambda: datetime.now(UTC),
        random_bytes=os.urandom,
    )


def create_key(tenant_name: str, key_name: str) -> NewKey:
    """Make a key. Raises CommandFailed."""
    created = _with_keys(lambda keys: keys.create(tenant_name, key_name))
    return NewKey(format_id(API_KEY, created.id), created.token)


def list_keys(tenant_name: str | None) -> list[StoredKey]:
    """The keys of a tenant, or all. Raises CommandFailed."""
    return [
        StoredKey(
            format_id(API_KEY, key.id), key.tenant_name, key.name, key.created_at, key.revoked_at
        )
        for key in _with_keys(lambda keys: keys.list(tenant_name))
    ]


def revoke_key(key_id: str) -> None:
    """Revoke a key. Raises CommandFailed when there is no valid key with this id."""
    parsed = parse_id(API_KEY, key_id)
    if parsed is None:
        raise CommandFailed(f"{key_id} is no key's id; `angarium keys list` shows them")
    if not _with_keys(lambda keys: keys.revoke(parsed)):
        raise CommandFailed(f"there is no valid key {key_id}; `angarium keys list` shows them")


async def ensure_key(keys: ApiKeyTable, tenant_name: str, key_name: str, token: str) -> bool:
    """Make the key with this token unless it is there; False when it was revoked.

    Raises ApiKeyRefused for a text that cannot be a token.
    """
    if await keys.find(token_hash(token)) is not None:
        return True
    try:
        await keys.create(tenant_name, key_name, token=token)
    except TokenTaken:
        return False
    return True


def _with_keys[T](action: Callable[[ApiKeyTable], Awaitable[T]]) -> T:
    url = database_url("gateway", os.environ, alone=True)

    async def run() -> T:
        database = open_database(url)
        try:
            await SCHEMA.require_current(database)
            return await action(key_table(database))
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (StartRefused, ApiKeyRefused) as refusal:
        raise CommandFailed(str(refusal)) from refusal
