"""The rotation of a platform's encryption key: every secret in the three databases is sealed with
the current key, while the services run."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final

from angarium_chassis.database.engine import Database
from angarium_chassis.database.resealing import Resealing, Rotated, ShowProgress
from angarium_chassis.examination.process_state import SILENT_S, ProcessState
from angarium_chassis.sealing import Seal
from angarium_chassis.streams.process_registry import running_processes
from redis.exceptions import RedisError

from angarium_cli.databases import opened_database
from angarium_cli.encryption.key_use import shared_seal
from angarium_cli.failure import CommandFailed
from angarium_cli.installation import Installation
from angarium_cli.redis_client import open_redis
from angarium_cli.services import SERVICES, ServiceName, examination_of

_LOOK_EVERY_S: Final = 0.2
_LOOKS_MAX: Final = 150


async def rotate_keys(
    installation: Installation, show: ShowProgress
) -> Mapping[ServiceName, Rotated]:
    """Rotate in the dispatcher's database first. The copies of its directory follow when they hold
    everything that was announced before: what comes later is under the current key. Raises
    CommandFailed."""
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

        found = {"dispatcher": await rotate("dispatcher")}
        copies: tuple[ServiceName, ...] = ("gateway", "worker")
        directory = await examination_of("dispatcher").directory_version(databases["dispatcher"])
        for service in copies:
            await _require_copy(service, databases[service], directory)
            found[service] = await rotate(service)
        return {service: found[service] for service in SERVICES}


async def _require_one_key(installation: Installation, seal: Seal) -> None:
    """Check that all running processes encrypt with the current key: what another encrypts later
    would need the former key again."""
    redis = open_redis(installation.settings_or_refusal("gateway").redis_url.get_secret_value())
    try:
        processes = await running_processes(redis)
        seconds, _ = await redis.time()
    except (RedisError, OSError) as error:
        raise CommandFailed(
            "Redis cannot be asked which key the running services use:"
            f" {type(error).__name__}; run `angarium doctor`",
            exit_status=1,
        ) from error
    finally:
        await redis.aclose()
    others = others_than(seal.key_id, processes, now_ms=int(seconds) * 1_000)
    if others:
        first = others[0]
        key = f"key {first.key_id}" if first.key_id else "an earlier version's only key"
        raise CommandFailed(
            f"the {first.service} {first.id[:8]} on {first.host} still encrypts with {key}, not"
            f" with {seal.key_id}; restart it with the new ANGARIUM_ENCRYPTION_KEY, then run this"
            " command again"
        )


def others_than(
    key_id: str, processes: Sequence[ProcessState], *, now_ms: int
) -> list[ProcessState]:
    """The running processes that encrypt with another key. `now_ms` is Redis's Unix time."""
    return [
        each
        for each in processes
        if each.key_id != key_id and now_ms - each.seen_at_ms < SILENT_S * 1_000
    ]


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
