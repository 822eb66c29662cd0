"""Whether a service has put entries away."""

from collections.abc import Sequence

from angarium_chassis.streams.quarantine import QuarantineShelf
from redis.asyncio import Redis

from angarium_cli.doctor.finding import Finding, counted, ok, warning
from angarium_cli.service_names import ServiceName


async def check_quarantine(redis: Redis, services: Sequence[ServiceName]) -> list[Finding]:
    """One finding for all. Raises redis-py's errors."""
    counts = {service: await QuarantineShelf(redis, service).count() for service in services}
    return judge_quarantine(counts)


def judge_quarantine(counts: dict[ServiceName, int]) -> list[Finding]:
    """`counts` by service."""
    findings = [
        warning(
            f"{service} quarantine",
            f"{counted(count, 'entry', 'entries')} could not be handled.",
            "`angarium quarantine list` tells why; `replay` or `drop` them.",
        )
        for service, count in counts.items()
        if count
    ]
    return findings or [ok("quarantine", "It is empty.")]
