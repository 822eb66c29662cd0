"""Readiness: checks that a process can do its work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

type Check = Callable[[], Awaitable[str | None]]
"""Returns None if all is well, otherwise a short description of the problem."""

EXAMINED_EVERY_S: Final = 5.0
FIRST_EXAMINED_EVERY_S: Final = 0.2
"""While the process starts."""
STARTING_S: Final = 10.0
"""How long a process may need to get ready before it logs why it is not."""
READY_TIMEOUT_S: Final = 3.0

log = structlog.get_logger()


@dataclass(slots=True)
class Readiness:
    """Named checks. A process is ready while all of them pass and it is not `stopping`.

    `was_ready` is the result of the last examination. Every change of it is logged: when the
    process gets ready, why it is not any more, and that it is again.
    """

    checks: dict[str, Check] = field(default_factory=dict)
    stopping: bool = False
    was_ready: bool = False
    _unready_since_s: float | None = None
    _logged: frozenset[str] = frozenset()
    _has_been_ready: bool = False

    def require(self, name: str, holds: Callable[[], bool]) -> None:
        """Add a check of a condition in memory."""

        async def check() -> str | None:
            return None if holds() else "not running"

        self.checks[name] = check

    async def stop_when_cancelled(self) -> None:
        """Wait to be cancelled: from then on the process is stopping."""
        try:
            await asyncio.Event().wait()
        finally:
            self.stopping = True

    async def watch(self) -> None:
        """Examine the process again and again until cancelled, so that changes are logged even if
        nobody asks."""
        while True:
            await self.problems()
            await asyncio.sleep(FIRST_EXAMINED_EVERY_S if self._starts() else EXAMINED_EVERY_S)

    async def problems(self) -> dict[str, str]:
        """The current problems by the name of the check; empty when ready."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                found = await self._examine()
        except TimeoutError:
            found = {"readiness": f"no answer within {READY_TIMEOUT_S:g} s"}
        self._note(found)
        return found

    def _note(self, found: Mapping[str, str]) -> None:
        self.was_ready = not found
        now_s = asyncio.get_running_loop().time()
        if found:
            self._note_problems(found, now_s)
        elif not self._has_been_ready:
            log.info("process.ready")
            self._has_been_ready = True
        elif self._unready_since_s is not None:
            log.info("process.ready_again", not_ready_s=round(now_s - self._unready_since_s, 1))
        if not found:
            self._unready_since_s = None
            self._logged = frozenset()

    def _note_problems(self, found: Mapping[str, str], now_s: float) -> None:
        if self._unready_since_s is None:
            self._unready_since_s = now_s
        # At the start checks pass one after another, which is no news.
        if not self._starts() and not self.stopping and found.keys() != self._logged:
            log.warning("process.not_ready", reasons=dict(found))
            self._logged = frozenset(found)

    def _starts(self) -> bool:
        if self._has_been_ready or self._unready_since_s is None:
            return False
        return asyncio.get_running_loop().time() - self._unready_since_s < STARTING_S

    async def _examine(self) -> dict[str, str]:
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
