"""Opens a platform's Redis and, if its settings are known, the gateway's database, for one command
of `angarium quarantine`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from angarium_chassis.settings import SettingsRefused
from angarium_gateway.administration.quarantine import (
    BATCH,
    HoldsMessages,
    JournalUnavailable,
    NotAnEntryId,
    QuarantineRefused,
    QuarantineWork,
    quarantine_work,
)
from redis.exceptions import RedisError

from angarium_cli.databases import opened_database
from angarium_cli.failure import CommandFailed
from angarium_cli.installation import Installation
from angarium_cli.redis_client import open_redis


@asynccontextmanager
async def open_session(installation: Installation) -> AsyncIterator[QuarantineWork]:
    """The work on a platform's Redis and, if the gateway's settings are known, its database.

    Raises CommandFailed, also for what fails meanwhile.
    """
    try:
        redis = open_redis(_redis_url(installation))
    except ValueError as error:
        raise CommandFailed(f"ANGARIUM_REDIS_URL: {error}") from error
    try:
        if _has_gateway(installation):
            async with opened_database(installation, "gateway") as database:
                yield quarantine_work(redis, database)
        else:
            yield quarantine_work(redis, None)
    except QuarantineRefused as refusal:
        raise CommandFailed(_sentence(refusal)) from refusal
    except (RedisError, OSError, JournalUnavailable) as error:
        raise CommandFailed(
            f"the quarantine cannot be reached: {type(error).__name__}: {error};"
            " run `angarium doctor`",
            exit_status=1,
        ) from error
    finally:
        await redis.aclose()


def _sentence(refusal: QuarantineRefused) -> str:
    ref = refusal.ref
    match refusal:
        case HoldsMessages():
            return f"{ref} holds accepted messages and cannot be dropped; replay it"
        case NotAnEntryId():
            return (
                f"{ref} is not an id such as worker/1735689600000-0; see `angarium quarantine list`"
            )
    if ref.startswith(f"{BATCH}/"):
        return f"no batch {ref} is set aside; see `angarium quarantine list`"
    return f"there is no entry {ref}; see `angarium quarantine list`"


def _redis_url(installation: Installation) -> str:
    """From the first service whose settings are valid."""
    refusals = []
    for service in installation.services:
        try:
            return installation.settings(service).redis_url.get_secret_value()
        except SettingsRefused as refusal:
            refusals.append(str(refusal).partition("\n")[0])
    raise CommandFailed(refusals[0])


def _has_gateway(installation: Installation) -> bool:
    try:
        installation.settings("gateway")
    except SettingsRefused:
        return False
    return True
