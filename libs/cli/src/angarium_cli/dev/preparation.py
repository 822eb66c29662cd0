"""Migrates the databases and ensures an API key, in a short-lived process.

    python -m angarium_cli.dev.preparation

The process reads a `Task` as JSON from standard input and writes its answer, `api_key` or
`refused`, to standard output. It keeps the supervisor small: only the process imports the services.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from angarium_chassis.lean_imports import lean_imports

from angarium_cli.failure import CommandFailed
from angarium_cli.services import ServiceName, examination_of

TENANT = "default"
KEY_NAME = "angarium dev"


@dataclass(frozen=True, slots=True)
class Task:
    """The databases, the key that an earlier start generated, and the key of --api-key."""

    database_urls: dict[ServiceName, str] = field(repr=False)
    kept_key: str | None = field(repr=False)
    chosen_key: str | None = field(repr=False)


async def prepare_databases(command: Sequence[str], task: Task) -> str:
    """Run the process `command`; gives the API key that is now valid. Raises CommandFailed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        umask=0o077,
    )
    try:
        answer, errors = await process.communicate(json.dumps(asdict(task)).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        lines = errors.decode(errors="replace").strip().splitlines() or ["it wrote nothing"]
        raise CommandFailed(f"the databases could not be prepared: {lines[-1]}", exit_status=1)
    found: dict[str, str] = json.loads(answer)
    if "refused" in found:
        raise CommandFailed(found["refused"])
    return found["api_key"]


def main() -> None:
    """Carry out the task on standard input."""
    task = Task(**json.load(sys.stdin))
    try:
        answer = {"api_key": asyncio.run(_prepare(task))}
    except CommandFailed as failure:
        answer = {"refused": str(failure)}
    json.dump(answer, sys.stdout)


async def _prepare(task: Task) -> str:
    with lean_imports():
        from angarium_cli.databases import migrate_database

        for service in task.database_urls:
            examination_of(service)
    for service, url in task.database_urls.items():
        await migrate_database(service, url)
    return await _valid_key(task)


async def _valid_key(task: Task) -> str:
    from angarium_chassis.database.engine import open_database
    from angarium_gateway.administration.api_keys import (
        AccessAdministration,
        ApiKeyRefused,
        NewApiKey,
        ensure_key,
        ensure_tenant,
    )

    database = open_database(task.database_urls["gateway"])
    try:
        access = AccessAdministration.of(database)
        if task.chosen_key is not None:
            if not await ensure_key(access, TENANT, KEY_NAME, task.chosen_key):
                raise CommandFailed("the API key of --api-key was revoked; choose another")
            return task.chosen_key
        if task.kept_key is not None and await ensure_key(access, TENANT, KEY_NAME, task.kept_key):
            return task.kept_key
        tenant = await ensure_tenant(access, TENANT)
        return (await access.keys.create(tenant.id, NewApiKey(name=KEY_NAME))).token
    except ApiKeyRefused as refusal:
        raise CommandFailed(f"--api-key: {refusal}") from refusal
    finally:
        await database.close()


if __name__ == "__main__":
    main()
