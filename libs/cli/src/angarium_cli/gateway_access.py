"""Opens the gateway's database, with its tenants and API keys, for one command."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.process import StartRefused
from angarium_gateway.administration.api_keys import (
    AccessAdministration,
    AdministrationRefused,
    ApiKeyRefused,
    JournalUnavailable,
    NameTaken,
)
from angarium_gateway.examination import SCHEMA

from angarium_cli.databases import database_url
from angarium_cli.failure import CommandFailed


def with_access[T](
    action: Callable[[AccessAdministration], Awaitable[T]], url: str | None = None
) -> T:
    """Carry out `action` on the gateway's tenants and API keys. Raises CommandFailed."""
    return with_gateway_database(lambda database: action(AccessAdministration.of(database)), url)


def with_gateway_database[T](
    action: Callable[[Database], Awaitable[T]], url: str | None = None
) -> T:
    """Carry out `action` on the database of this URL, or of ANGARIUM_GATEWAY_DATABASE_URL. Raises
    CommandFailed."""
    url = url or database_url("gateway", os.environ, alone=True)

    async def run() -> T:
        database = open_database(url)
        try:
            await SCHEMA.require_current(database)
            return await action(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (StartRefused, ApiKeyRefused, AdministrationRefused, NameTaken) as refusal:
        raise CommandFailed(str(refusal)) from refusal
    except JournalUnavailable as failure:
        raise CommandFailed(
            f"the gateway's database failed: {failure}; run `angarium doctor`", exit_status=1
        ) from failure
