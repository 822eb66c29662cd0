"""A short-lived process that prepares the databases, so that the supervisor stays small.

    python -m angarium_cli.dev.preparation

Reads a `Task` as JSON from standard input, writes a `Prepared` or a `Refused` to standard output.
Migrates the databases of the three services and sees to it that the API key exists.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass, field

from angarium_cli.service_names import ServiceName

TENANT = "default"
KEY_NAME = "angarium dev"


@dataclass(frozen=True, slots=True)
class Task:
    """What to prepare. `kept_key` is the key of an earlier start, `chosen_key` the caller's."""

    database_urls: dict[ServiceName, str] = field(repr=False)
    kept_key: str | None = field(repr=False)
    chosen_key: str | None = field(repr=False)


def main() -> None:
    """Do the task on standard input."""
    # Imported here: the supervisor imports this module for `Task` alone.
    from angarium_cli.failure import CommandFailed

    task = Task(**json.load(sys.stdin))
    try:
        answer = {"api_key": asyncio.run(prepare(task))}
    except CommandFailed as failure:
        answer = {"refused": str(failure)}
    json.dump(answer, sys.stdout)


def encode_task(task: Task) -> bytes:
    """The bytes for standard input."""
    return json.dumps(asdict(task)).encode()


async def prepare(task: Task) -> str:
    """Migrate, and give an API key that is valid. Raises CommandFailed."""
    from angarium_cli.migration import migrate_database

    for service, url in task.database_urls.items():
        await migrate_database(service, url)
    return await _valid_key(task)


async def _valid_key(task: Task) -> str:
    from angarium_chassis.database.engine import open_database
    from angarium_gateway.adapters.database.api_keys import ApiKeyRefused

    from angarium_cli.failure import CommandFailed
    from angarium_cli.key_store import ensure_key, key_table

    database = open_database(task.database_urls["gateway"])
    try:
        keys = key_table(database)
        if task.chosen_key is not None:
            if not await ensure_key(keys, TENANT, KEY_NAME, task.chosen_key):
                raise CommandFailed("the API key of --api-key was revoked; choose another")
            return task.chosen_key
        if task.kept_key is not None and await ensure_key(keys, TENANT, KEY_NAME, task.kept_key):
            return task.kept_key
        return (await keys.create(TENANT, KEY_NAME)).token
    except ApiKeyRefused as refusal:
        raise CommandFailed(f"--api-key: {refusal}") from refusal
    finally:
        await database.close()


if __name__ == "__main__":
    main()
