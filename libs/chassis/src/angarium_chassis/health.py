"""Readiness: what must hold for a process to do its work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

type Check = Callable[[], Awaitable[str | None]]
"""Gives None when all is well, otherwise what is wrong in a few words."""

log = structlog.get_logger()


@dataclass(slots=True)
class Readiness:
    """Named checks. A process is ready while none of them objects."""

    checks: dict[str, Check] = field(default_factory=dict)

    def require(self, name: str, holds: Callable[[], bool]) -> None:
        """Add a check that only looks."""

        async def check() -> str | None:
            return None if holds() else "not running"

        self.checks[name] = check

    async def problems(self) -> dict[str, str]:
        """What is wrong now, by check; empty when ready."""
        found: dict[str, str] = {}
        for name, check in self.checks.items():
            try:
                problem = await check()
            except Exception as error:
                log.exception("readiness.check_failed", check=name)
                problem = type(error).__name__
            if problem is not None:
                found[name] = problem
        return found
