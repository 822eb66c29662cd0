"""Running one service as a process: loop, signals, exit status."""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog
import uvloop

from .settings import SettingsRefused

log = structlog.get_logger()


class StartRefused(Exception):
    """The process cannot start. The text says why and what to do."""


async def until_told_to_stop(work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until it ends or SIGTERM or SIGINT comes; then cancel it and wait for it."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise


def run_process(work: Callable[[], Awaitable[None]]) -> None:
    """Run a service to its end. A refused start is one line on standard error and exit 2; an
    error at work is logged, exit 1."""
    # What the imports left, some hundred thousand objects, stays: a full collection that looks
    # at it again and again stops the loop for tens of milliseconds.
    gc.collect()
    gc.freeze()
    try:
        uvloop.run(until_told_to_stop(work))
    except (StartRefused, SettingsRefused) as refusal:
        refuse(str(refusal))
    except BaseExceptionGroup as group:
        refused, _ = group.split(StartRefused)
        if refused is not None:
            refuse("; ".join(str(error) for error in _leaves(refused)))
        log.exception("process.failed")
        sys.exit(1)
    except Exception:
        log.exception("process.failed")
        sys.exit(1)


def refuse(text: str) -> NoReturn:
    """Say why the process does not start, and end it."""
    sys.stderr.write(f"angarium: {text}\n")
    sys.exit(2)


def _leaves(group: BaseExceptionGroup[StartRefused]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found
