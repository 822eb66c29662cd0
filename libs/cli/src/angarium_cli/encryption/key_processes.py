"""The running processes of a platform, and the encryption keys that they have."""

from collections.abc import Sequence

from angarium_chassis.examination.process_state import SILENT_S, ProcessState
from angarium_chassis.streams.process_registry import running_processes
from redis.exceptions import RedisError

from angarium_cli.failure import CommandFailed
from angarium_cli.installation import Installation
from angarium_cli.redis_client import open_redis


async def living_processes(installation: Installation) -> list[ProcessState]:
    """The processes that run. Raises CommandFailed if Redis, which knows them, cannot be asked."""
    redis = open_redis(installation.settings_or_refusal("gateway").redis_url.get_secret_value())
    try:
        processes = await running_processes(redis)
        seconds, _ = await redis.time()
    except (RedisError, OSError) as error:
        raise CommandFailed(
            "Redis cannot be asked which keys the running services have:"
            f" {type(error).__name__}; run `angarium doctor`",
            exit_status=1,
        ) from error
    finally:
        await redis.aclose()
    return living(processes, now_ms=int(seconds) * 1_000)


def living(processes: Sequence[ProcessState], *, now_ms: int) -> list[ProcessState]:
    """Those that have not been silent for too long. `now_ms` is Redis's Unix time."""
    return [each for each in processes if now_ms - each.seen_at_ms < SILENT_S * 1_000]
