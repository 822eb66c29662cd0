"""Creates, lists and revokes API keys in the gateway's database."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from angarium_chassis.database.engine import open_database
from angarium_chassis.process import StartRefused
from angarium_contracts.ids import API_KEY, format_id, parse_id
from angarium_gateway.administration.api_keys import ApiKeyRefused, ApiKeyTable, key_table
from angarium_gateway.examination import SCHEMA

from angarium_cli.databases import database_url
from angarium_cli.failure import CommandFailed


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key: its id (`key_…`) and its token."""

    id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row of `angarium keys list`."""

    id: str
    tenant_name: str
    name: str
    created_at: datetime
    revoked_at: datetime | None


def create_key(tenant_name: str, key_name: str) -> NewKey:
    """Create a key. Raises CommandFailed."""
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
    """Revoke a key. Raises CommandFailed if no valid key has this id."""
    parsed = parse_id(API_KEY, key_id)
    if parsed is None:
        raise CommandFailed(f"{key_id} is not the id of a key; see `angarium keys list`")
    if not _with_keys(lambda keys: keys.revoke(parsed)):
        raise CommandFailed(f"there is no valid key {key_id}; see `angarium keys list`")


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
