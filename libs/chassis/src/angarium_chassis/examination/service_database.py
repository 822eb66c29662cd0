"""Checks of a service's own database, by the service itself."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from redis.exceptions import RedisError

from angarium_chassis.database.engine import CONNECTION_ERRORS, Database
from angarium_chassis.database.schema import Schema
from angarium_chassis.sealing import Seal

from .clocks import judge_clocks
from .database_checks import check_database, database_clock, judge_partitions, read_partitions
from .findings import Finding, Level, problem, worst

CHECK_TIMEOUT_S = 3.0

type Check = Callable[[], Awaitable[Sequence[Finding]]]


async def checked(
    subject: str, check: Check, *, timeout_s: float = CHECK_TIMEOUT_S
) -> list[Finding]:
    """The findings of a check. An error or a time-out is one."""
    try:
        async with asyncio.timeout(timeout_s):
            return list(await check())
    except TimeoutError:
        return [
            problem(
                subject,
                f"No answer within {timeout_s:g} s.",
                "Check that it is running, not overloaded, and reachable from the services.",
            )
        ]
    except (RedisError, *CONNECTION_ERRORS) as error:
        return [
            problem(
                subject,
                f"It cannot be checked: {_reason(error)}.",
                "Check that it is running, that its URL is correct, and that it is reachable from"
                " the services.",
            )
        ]


async def examine_database(
    service: str,
    schema: Schema,
    database: Database,
    seal: Seal,
    further: Mapping[str, Check],
) -> list[Finding]:
    """Check the schema, the partitions and the clock of a service's database, and `further`, by
    subject: all at once, each with its time limit."""
    subject = f"{service} database"

    async def schema_is_current() -> list[Finding]:
        return await check_database(service, schema, database, seal)

    async def partitions() -> list[Finding]:
        return judge_partitions(service, await read_partitions(schema, database))

    async def clock() -> list[Finding]:
        judged = judge_clocks([await database_clock(service, database)])
        return [each for each in judged if each.level is not Level.OK]

    first, *others = await asyncio.gather(
        checked(subject, schema_is_current),
        checked(f"{service} partitions", partitions),
        checked(subject, clock),
        *[checked(name, check) for name, check in further.items()],
    )
    # Of a database that does not answer or has another schema, one finding is enough.
    if worst(first) is Level.PROBLEM:
        return first
    return [*first, *(each for found in others for each in found)]


async def read_or_none[T](reading: Awaitable[T]) -> T | None:
    """Read from the database. Returns None if it does not answer in time: a finding says so."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await reading
    except (TimeoutError, *CONNECTION_ERRORS):
        return None


def _reason(error: Exception) -> str:
    lines = str(error.__cause__ or error).splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")
