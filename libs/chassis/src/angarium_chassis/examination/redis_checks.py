"""Checks of Redis or Valkey: version, memory, clock, quarantines."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from angarium_chassis.examination.clocks import ClockReading
from angarium_chassis.examination.findings import Finding, Level, ok, problem, warning
from angarium_chassis.streams.quarantine import QuarantineContents
from angarium_chassis.streams.servers import server_infos
from angarium_chassis.wording import counted

SUBJECT = "redis"
_MAJOR_MIN = 7
_MEMORY_SHARE_MAX = 0.8


async def check_redis(redis: Redis) -> list[Finding]:
    """Check the server, or each primary of a cluster. Raises redis-py's errors if it does not
    answer."""
    await redis.ping()
    infos = await server_infos(redis)
    if len(infos) == 1:
        return judge_redis(infos[0])
    findings = [finding for info in infos for finding in judge_redis(info)]
    worse = [finding for finding in findings if finding.level is not Level.OK]
    return [ok(SUBJECT, f"A cluster of {counted(len(infos), 'primary', 'primaries')}."), *worse]


def judge_redis(info: Mapping[str, Any]) -> list[Finding]:
    """Judge the reply to INFO."""
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version", "0"))
    # Valkey reports 7.2 as its Redis version.
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
                "This server is a replica, which refuses writes.",
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
                f"When it is full it evicts streams (maxmemory-policy {policy}); what they held is"
                " delivered late.",
                "Set maxmemory-policy to noeviction.",
            )
        )
    if used > limit * _MEMORY_SHARE_MAX:
        findings.append(
            warning(
                SUBJECT,
                f"{used / 2**20:.0f} of {limit / 2**20:.0f} MiB are used.",
                "Raise maxmemory, or lower ANGARIUM_WINDOW_BYTES, which applies to each gateway.",
            )
        )
    return findings


async def redis_clock(redis: Redis) -> ClockReading:
    """Read the server's clock."""
    before_s = time.time()
    seconds, micros = await redis.time()
    return ClockReading("Redis", before_s, time.time(), int(seconds) + int(micros) / 1_000_000)


async def check_quarantine(redis: Redis, services: Sequence[str]) -> list[Finding]:
    """Count the entries in quarantine. Raises redis-py's errors."""
    counts = {service: await QuarantineContents(redis, service).count() for service in services}
    return judge_quarantine(counts)


def judge_quarantine(counts: dict[str, int]) -> list[Finding]:
    """Judge the numbers of entries, by service."""
    findings = [
        warning(
            f"{service} quarantine",
            f"{counted(count, 'entry', 'entries')} could not be handled.",
            "See why with `angarium quarantine list`, then `replay` or `drop` them.",
        )
        for service, count in counts.items()
        if count
    ]
    return findings or [ok("quarantine", "It is empty.")]
