"""Chooses the one process that reports a figure of the whole platform.

Every replica could read such a figure, and a sum over the replicas would count it several times.
"""

from collections.abc import Callable
from typing import Any, Final

import structlog
from angarium_contracts.stream_names import reporter
from redis.asyncio import Redis
from redis.exceptions import RedisError

LIFE_S: Final = 90.0
"""A claim ends unless it is renewed: longer than the time between two scrapes."""

log = structlog.get_logger()


class ReporterClaim:
    """The claim of `replica` to report the figures of `subject`, renewed at each scrape."""

    def __init__(
        self, redis: Callable[[], Redis], subject: str, replica: str, *, life_s: float = LIFE_S
    ) -> None:
        self._redis = redis
        self._key = reporter(subject)
        self._replica = replica
        self._life_ms = int(life_s * 1000)
        self._held = False

    async def held(self) -> bool:
        """Claim or renew; True if this process is the one that reports.

        While Redis does not answer, the process that reported last goes on: nobody else can claim.
        """
        try:
            self._held = await self._claim()
        except (RedisError, OSError, TimeoutError) as error:
            log.debug("metrics.claim_unknown", key=self._key, error=type(error).__name__)
        return self._held

    async def _claim(self) -> bool:
        redis = self._redis()
        holder: Any = await redis.set(self._key, self._replica, px=self._life_ms, nx=True, get=True)
        if holder is None:
            return True
        if _text(holder) != self._replica:
            return False
        return bool(await redis.pexpire(self._key, self._life_ms))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
