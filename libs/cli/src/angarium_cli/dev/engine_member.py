"""Valkey and Postgres as members that the supervisor keeps running."""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from angarium_cli.dev.member import StartFailed
from angarium_cli.dev.process_end import describe_end
from angarium_cli.engines.failure import EngineFailed

_LAST_LINES_MAX = 5
_LOG_TAIL_BYTES = 4096
_POLL_S = 0.5


class Engine(Protocol):
    """What `ValkeyProcess` and `PostgresProcess` have in common; the calls block."""

    @property
    def pid(self) -> int | None: ...

    @property
    def log_path(self) -> Path: ...

    def alive(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


class EngineMember:
    """A `Member`. One thread makes all blocking calls, so a stop comes after a start that is on
    its way, also when that was cancelled."""

    def __init__(self, name: str, engine: Engine, *, pid_changed: Callable[[], None]) -> None:
        self._name = name
        self._engine = engine
        self._pid_changed = pid_changed
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    @property
    def name(self) -> str:
        return self._name

    @property
    def pid(self) -> int | None:
        return self._engine.pid

    @property
    def running_pid(self) -> int | None:
        """The process while it runs."""
        return self._engine.pid if self._engine.alive() else None

    async def start(self) -> None:
        """Start it and wait until it answers. Raises StartFailed."""
        try:
            await self._call(self._engine.start)
        except EngineFailed as failure:
            raise StartFailed(str(failure)) from failure
        self._pid_changed()

    async def ended(self) -> str:
        """Wait until the server has ended; says how."""
        pid = self._engine.pid
        if pid is None:
            return "it was not started"
        how = await _end_of_child(pid)
        # The engine learns of the end, too.
        while self._engine.alive():  # noqa: ASYNC110 - the kernel gives no event for "reaped"
            await asyncio.sleep(_POLL_S)
        return how

    async def stop(self) -> bool:
        """End it in order; its data are on disk then."""
        await self._call(self._engine.stop)
        self._pid_changed()
        return True

    def last_lines(self) -> list[str]:
        """The end of its log file."""
        try:
            with self._engine.log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - _LOG_TAIL_BYTES))
                lines = log.read(_LOG_TAIL_BYTES).decode(errors="replace").splitlines()
        except OSError:
            return []
        return [line for line in lines if line.strip()][-_LAST_LINES_MAX:]

    async def _call(self, action: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, action)


async def _end_of_child(pid: int) -> str:
    """Wait for a child process to end, without reaping it: its owner does that."""
    if sys.platform != "linux":
        while _end_of(pid) is None:  # noqa: ASYNC110 - no event for it there
            await asyncio.sleep(_POLL_S)
        return _end_of(pid) or "it ended"
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return "it ended"
    loop.add_reader(fd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)
    return _end_of(pid) or "it ended"


def _end_of(pid: int) -> str | None:
    try:
        result = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        return "it ended"
    if result is None:
        return None
    exited = result.si_code == os.CLD_EXITED
    return describe_end(result.si_status if exited else -result.si_status)
