"""The guard of `angarium migrate --phase after`: processes of earlier versions that still run."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from angarium_chassis.examination.process_state import SILENT_S, ProcessState
from angarium_chassis.streams.process_registry import running_processes
from redis.asyncio import Redis
from redis.exceptions import RedisError

from angarium_cli.failure import CommandFailed
from angarium_cli.redis_client import open_redis

POLL_S = 1.0
NAMED_MAX = 3


def redis_url(environment: Mapping[str, str]) -> str | None:
    """ANGARIUM_REDIS_URL, or what is in the file that ANGARIUM_REDIS_URL_FILE names; None if
    neither is set. Raises CommandFailed."""
    name = "ANGARIUM_REDIS_URL"
    url, path = environment.get(name), environment.get(f"{name}_FILE")
    if url or not path:
        return url
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(
            f"{name}_FILE names {path}, which cannot be read: {error}; correct the path"
        ) from error


async def await_end_of_earlier(url: str, needed: Mapping[str, str], *, wait_s: float) -> None:
    """Wait until no process of a service is older than the schema revision that `needed` gives for
    it, at most `wait_s`. Raises CommandFailed, also if Redis cannot be asked."""
    try:
        redis = open_redis(url)
    except ValueError as error:
        raise CommandFailed(f"ANGARIUM_REDIS_URL: {error}") from error
    loop = asyncio.get_running_loop()
    until_s = loop.time() + wait_s
    try:
        while earlier := await _earlier(redis, needed):
            if loop.time() >= until_s:
                raise CommandFailed(_sentence(earlier), exit_status=1)
            await asyncio.sleep(POLL_S)
    except (RedisError, OSError) as error:
        raise CommandFailed(
            f"Redis cannot be asked for the running processes: {error}; check ANGARIUM_REDIS_URL,"
            " or unset it if you know that no process of an earlier version is left",
            exit_status=1,
        ) from error
    finally:
        await redis.aclose()


async def _earlier(redis: Redis, needed: Mapping[str, str]) -> list[ProcessState]:
    seconds, _ = await redis.time()
    return [
        each
        for each in await running_processes(redis)
        if each.service in needed
        and seconds - each.seen_at_ms / 1_000 < SILENT_S
        # A process that does not say is of a version before the phases.
        and (each.schema is None or each.schema < needed[each.service])
    ]


def _sentence(earlier: list[ProcessState]) -> str:
    named = ", ".join(
        f"the {each.service} {each.id[:8]} on {each.host} (version {each.version})"
        for each in earlier[:NAMED_MAX]
    )
    more = f" and {len(earlier) - NAMED_MAX} more" if len(earlier) > NAMED_MAX else ""
    return (
        f"processes of an earlier version still run: {named}{more}; replace them by this version,"
        " then run `angarium migrate --phase after` again"
    )
