"""Redis or Valkey itself: there, new enough, bounded without throwing entries away."""

import time
from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis
from redis.maint_notifications import MaintNotificationsConfig

from angarium_cli.doctor.clocks import ClockReading
from angarium_cli.doctor.finding import Finding, ok, problem, warning

SUBJECT = "redis"
_MAJOR_MIN = 7
_MEMORY_SHARE_MAX = 0.8
_SOCKET_TIMEOUT_S = 8.0
_CONNECT_TIMEOUT_S = 3.0


def open_redis(url: str) -> Redis:
    """A client; it dials on use. To be closed by the caller."""
    return Redis.from_url(
        url,
        socket_timeout=_SOCKET_TIMEOUT_S,
        socket_connect_timeout=_CONNECT_TIMEOUT_S,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


async def check_redis(redis: Redis) -> list[Finding]:
    """Asks the server about itself. Raises redis-py's errors where it does not answer."""
    info: Mapping[str, Any] = await redis.info()
    return judge_redis(info)


def judge_redis(info: Mapping[str, Any]) -> list[Finding]:
    """`info` as INFO gives it."""
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version", "0"))
    # Valkey says 7.2 as its Redis version.
    major = str(info.get("redis_version", "0")).partition(".")[0]
    findings = [ok(SUBJECT, f"{name} {version} answers.")]
    if not major.isdigit() or int(major) < _MAJOR_MIN:
        findings = [
            problem(SUBJECT, f"{name} {version} is too old.", f"Use {name} {_MAJOR_MIN} or newer.")
        ]
    if info.get("role") == "slave":
        findings.append(
            problem(
                SUBJECT,
                "This server is a replica, and takes no writes.",
                "Point ANGARIUM_REDIS_URL at the primary.",
            )
        )
    return findings + _memory(info)


def _memory(info: Mapping[str, Any]) -> list[Finding]:
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if not limit:
        return []
    findings: list[Finding] = []
    if policy.startswith("allkeys"):
        findings.append(
            warning(
                SUBJECT,
                f"When it is full it throws streams away (maxmemory-policy {policy});"
                " what is lost is delivered again, late.",
                "Set maxmemory-policy to noeviction.",
            )
        )
    if used > limit * _MEMORY_SHARE_MAX:
        findings.append(
            warning(
                SUBJECT,
                f"{used / 2**20:.0f} of {limit / 2**20:.0f} MiB are used.",
                "Raise maxmemory, or lower ANGARIUM_WINDOW_BYTES (each gateway fills as much).",
            )
        )
    return findings


async def redis_clock(redis: Redis) -> ClockReading:
    """Its clock beside this machine's."""
    before_s = time.time()
    seconds, micros = await redis.time()
    return ClockReading("Redis", before_s, time.time(), int(seconds) + int(micros) / 1_000_000)
