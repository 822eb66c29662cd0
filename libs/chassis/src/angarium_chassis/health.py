"""Readiness: checks that a process can do its work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

type Check = Callable[[], Awaitable[str | None]]
"""Returns None if all is well, otherwise a short description of the problem."""

log = structlog.get_logger()


@dataclass(slots=True)
class Readiness:
    """Named checks. A process is ready while all of them pass and it is not `stopping`."""

    checks: dict[str, Check] = field(default_factory=dict)
    stopping: bool = False

    def require(self, name: str, holds: Callable[[], bool]) -> None:
        """Add a check of a condition in memory."""

        async def check() -> str | None:
            return None if holds() else "not running"

        self.checks[name] = check

    async def problems(self) -> dict[str, str]:
        """The current problems by the name of the check; empty when ready."""
        if self.stopping:
            return {"process": "it is stopping"}
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
