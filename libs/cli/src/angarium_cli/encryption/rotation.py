"""The rotation of a platform's encryption key: every secret in the three databases is sealed with
the current key, while the services run."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

from angarium_chassis.database.engine import Database
from angarium_chassis.database.resealing import Resealing, Rotated, ShowProgress
from angarium_chassis.sealing import Seal

from angarium_cli.databases import opened_database
from angarium_cli.encryption.key_processes import living_processes
from angarium_cli.encryption.key_use import shared_seal
from angarium_cli.failure import CommandFailed
from angarium_cli.installation import Installation
from angarium_cli.services import SERVICES, ServiceName, examination_of

_LOOK_EVERY_S: Final = 0.2
_LOOKS_MAX: Final = 150


async def rotate_keys(
    installation: Installation, show: ShowProgress
) -> Mapping[ServiceName, Rotated]:
    """Rotate in the dispatcher's database first. The copies of its directory follow when they hold
    everything that was announced before: what comes later is under the current key. Without their
    outcomes if the dispatcher's is not complete. Raises CommandFailed."""
    seal = shared_seal(installation)
    await _require_one_key(installation, seal)
    async with AsyncExitStack() as opened:
        databases: dict[ServiceName, Database] = {}
        for service in SERVICES:
            databases[service] = await opened.enter_async_context(
                opened_database(installation, service)
            )
            # Also records that the current key is needed, before anything is sealed with it.
            await examination_of(service).SCHEMA.require_key(databases[service], seal)

        async def rotate(service: ServiceName) -> Rotated:
            schema = examination_of(service).SCHEMA
            return await Resealing(schema, databases[service], seal, show=show).run()

        found: dict[ServiceName, Rotated] = {"dispatcher": await rotate("dispatcher")}
        if not found["dispatcher"].complete:
            return found
        copies: tuple[ServiceName, ...] = ("gateway", "worker")
        directory = await examination_of("dispatcher").directory_version(databases["dispatcher"])
        for service in copies:
            await _require_copy(service, databases[service], directory)
            found[service] = await rotate(service)
        return {service: found[service] for service in SERVICES}


async def _require_one_key(installation: Installation, seal: Seal) -> None:
    """Check that all running processes encrypt with the current key: what another encrypts later
    would need the former key again."""
    for each in await living_processes(installation):
        if each.key_id != seal.key_id:
            key = f"key {each.key_id}" if each.key_id else "an earlier version's only key"
            raise CommandFailed(
                f"the {each.service} {each.id[:8]} on {each.host} still encrypts with {key}, not"
                f" with {seal.key_id}; restart it with the new ANGARIUM_ENCRYPTION_KEY, then run"
                " this command again"
            )


async def _require_copy(service: ServiceName, database: Database, directory: int) -> None:
    """Wait until the service's copy of the directory has come to this version."""
    for _ in range(_LOOKS_MAX):
        if await examination_of(service).directory_version(database) >= directory:
            return
        await asyncio.sleep(_LOOK_EVERY_S)
    raise CommandFailed(
        f"the {service}'s copy of the directory is behind the dispatcher; start a {service}, then"
        " run this command again",
        exit_status=1,
    )
