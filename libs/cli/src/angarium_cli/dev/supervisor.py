"""Keeps the processes of the platform running, and gives up when one will not stay up."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from angarium_cli.dev.member import Member, StartFailed
from angarium_cli.dev.restart_policy import ENDS_MAX, WINDOW_S, restart_delay_s
from angarium_cli.failure import CommandFailed, ungrouped


class Report(Protocol):
    """Where the supervisor tells what happens."""

    def ended(self, name: str, how: str, last_lines: Sequence[str], delay_s: float | None) -> None:
        """A process ended; it is started again after `delay_s`, or given up when None."""

    def restarted(self, name: str, pid: int | None) -> None:
        """A process is ready again."""


class GaveUp(CommandFailed):
    """A process ended again and again; `name` says which."""

    def __init__(self, name: str, how: str) -> None:
        super().__init__(
            f"{name} ended {ENDS_MAX} times within {WINDOW_S:g} s, at last with {how}; its log"
            " lines above tell why",
            exit_status=1,
        )
        self.name = name


class Supervisor:
    """Watches over started members until it is cancelled."""

    def __init__(
        self, report: Report, clock_s: Callable[[], float], *, pids_changed: Callable[[], None]
    ) -> None:
        self._report = report
        self._clock_s = clock_s
        self._pids_changed = pids_changed

    async def keep(self, members: Sequence[Member]) -> None:
        """Restart what ends. Raises GaveUp for the first member that will not stay up."""
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
