"""Programs of other projects as processes of their own, and what they need to be there."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
from failure import BenchmarkFailed
from tools import end

_READY_TIMEOUT_S = 90.0
_READY_POLL_S = 0.1
_STOP_TIMEOUT_S = 30.0
_COMMAND_TIMEOUT_S = 120.0
_LOG_TAIL_LINES = 12
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR")


class PeerMissing(Exception):
    """A peer cannot be had on this machine; `str()` tells why, and what would change it."""


def find_program(
    name: str, *, before: Sequence[str] = (), after: Sequence[str] = (), remedy: str
) -> str:
    """The path of a program, in one of the folders `before`, in PATH, or in one of those `after`.
    Raises `PeerMissing`."""
    folders = [*before, os.environ.get("PATH", os.defpath), *after]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        raise PeerMissing(f"needs {name}: {remedy}")
    return found


def environment_of(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """An environment with nothing but `settings` and what every program needs: none of this
    project's settings, and a home of its own."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {"HOME": str(folder)} | dict(settings)


async def run_program(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    timeout_s: float = _COMMAND_TIMEOUT_S,
) -> str:
    """Run a program to its end; gives what it printed. Raises `BenchmarkFailed`."""
    name = Path(command[0]).name
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(timeout_s):
            printed, errors = await process.communicate()
    except TimeoutError:
        raise BenchmarkFailed(f"{name} did not end within {timeout_s:g} s") from None
    finally:
        await end(process, signal.SIGTERM, _STOP_TIMEOUT_S)
    if process.returncode != 0:
        said = last_lines((errors or printed).decode(errors="replace"))
        raise BenchmarkFailed(f"{name} ended with {process.returncode}:\n{said}")
    return printed.decode(errors="replace")


@asynccontextmanager
async def running_program(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    is_ready: Callable[[], Awaitable[bool]],
) -> AsyncIterator[int]:
    """A server's process id, once `is_ready`; it is ended at the end, with all that it started.

    Its output goes to a file in `folder`, which is also its working folder. Raises
    `BenchmarkFailed` with the end of that, if it does not become ready.
    """
    name = Path(command[0]).name
    log_path = folder / f"{name}.log"
    with log_path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await _await_ready(process, name, log_path, is_ready)
        yield process.pid
    finally:
        family: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):
            family = psutil.Process(process.pid).children(recursive=True)
        await end(process, signal.SIGTERM, _STOP_TIMEOUT_S)
        for left in family:
            with suppress(psutil.NoSuchProcess):
                left.kill()


async def _await_ready(
    process: asyncio.subprocess.Process,
    name: str,
    log_path: Path,
    is_ready: Callable[[], Awaitable[bool]],
) -> None:
    reason = f"it was not ready after {_READY_TIMEOUT_S:g} s"
    with suppress(TimeoutError):
        async with asyncio.timeout(_READY_TIMEOUT_S):
            # There is no event to await: only an answer shows that a server of others is ready.
            while process.returncode is None:
                if await is_ready():
                    return
                await asyncio.sleep(_READY_POLL_S)
        reason = f"it ended with {process.returncode}"
    raise BenchmarkFailed(
        f"{name} did not start: {reason}. The end of its log:\n{_end_of(log_path)}"
    )


def _end_of(log_path: Path) -> str:
    return last_lines(log_path.read_text(errors="replace"))


def last_lines(text: str) -> str:
    """The last lines of a log that say something."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-_LOG_TAIL_LINES:])
