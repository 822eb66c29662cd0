"""Keeps the processes of the platform running, and gives up on one that does not stay up."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from angarium_cli.failure import CommandFailed, ungrouped

WINDOW_S = 60.0
ENDS_MAX = 5
_FIRST_DELAY_S = 0.25
_DELAY_S_MAX = 4.0


def restart_delay_s(ended_at_s: Sequence[float], now_s: float) -> float | None:
    """Seconds to wait before the next start; None to give up.

    `ended_at_s` are the monotonic times at which the process ended, including the last end. The
    fifth end within 60 s gives up; before, the wait doubles with every end in that window.
    """
    recent = sum(1 for ended_s in ended_at_s if now_s - ended_s < WINDOW_S)
    if recent >= ENDS_MAX:
        return None
    return min(_FIRST_DELAY_S * 2.0 ** max(recent - 1, 0), _DELAY_S_MAX)


class StartFailed(CommandFailed):
    """A process could not be started, or did not become ready."""

    def __init__(self, text: str) -> None:
        super().__init__(text, exit_status=1)


class Member(Protocol):
    """One process of the platform, restarted as the same member."""

    @property
    def name(self) -> str:
        """The name in output and in dev.json: `gateway`, `valkey`, …"""

    @property
    def pid(self) -> int | None:
        """The id of the process last started."""

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises StartFailed, having ended it."""

    async def ended(self) -> str:
        """Wait until the process has ended; describes the end, such as `exit status 1`."""

    async def stop(self) -> bool:
        """Stop it in order; False if it had to be killed. Harmless if it is not running."""

    def last_lines(self) -> list[str]:
        """The last lines it wrote, oldest first."""


class Report(Protocol):
    """Receives the supervisor's events."""

    def ended(self, name: str, how: str, last_lines: Sequence[str], delay_s: float | None) -> None:
        """A process ended. It is restarted after `delay_s`, or given up if that is None."""

    def restarted(self, name: str, pid: int | None) -> None:
        """A process is ready again."""


class GaveUp(CommandFailed):
    """The process `name` ended again and again."""

    def __init__(self, name: str, how: str) -> None:
        super().__init__(
            f"{name} ended {ENDS_MAX} times within {WINDOW_S:g} s, last with {how}; see its log"
            " lines above",
            exit_status=1,
        )
        self.name = name


class Supervisor:
    """Watches started members until it is cancelled."""

    def __init__(
        self, report: Report, clock_s: Callable[[], float], *, pids_changed: Callable[[], None]
    ) -> None:
        self._report = report
        self._clock_s = clock_s
        self._pids_changed = pids_changed

    async def keep(self, members: Sequence[Member]) -> None:
        """Restart members that end. Raises GaveUp for the first that does not stay up."""
        with ungrouped():
            async with asyncio.TaskGroup() as tasks:
                for member in members:
                    tasks.create_task(self._keep(member), name=f"keep {member.name}")

    async def _keep(self, member: Member) -> None:
        ended_at_s: deque[float] = deque(maxlen=ENDS_MAX)
        how = await member.ended()
        while True:
            ended_at_s.append(self._clock_s())
            delay_s = restart_delay_s(ended_at_s, self._clock_s())
            self._report.ended(member.name, how, member.last_lines(), delay_s)
            if delay_s is None:
                raise GaveUp(member.name, how)
            await asyncio.sleep(delay_s)
            try:
                await member.start()
            except StartFailed as failure:
                how = str(failure)
                continue
            self._pids_changed()
            self._report.restarted(member.name, member.pid)
            how = await member.ended()
