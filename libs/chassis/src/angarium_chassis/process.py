"""Runs a service as a process: event loop, signals and exit status."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, NoReturn

import structlog
import uvloop

from .settings import SettingsRefused

log = structlog.get_logger()


class StartRefused(Exception):
    """The process cannot start. The text says why, and what to change."""


async def until_told_to_stop(
    work: Callable[[], Coroutine[Any, Any, None]], context: Context | None = None
) -> None:
    """Run `work` until it ends. On SIGTERM or SIGINT, cancel it and wait for its end.

    `work` runs in `context`: what it binds to its log lines is in those about its end, too.
    """
    context = context or copy_context()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    task = loop.create_task(work(), context=context)

    def stop(number: signal.Signals) -> None:
        context.run(log.info, "process.stopping", signal=number.name)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
    uptime_s = round(loop.time() - began_s, 1)
    context.run(log.info, "process.stopped", uptime_s=uptime_s)


def run_process(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a service to its end.

    If it refuses to start, the reason is printed on standard error and the exit status is 2. Any
    other error is logged, and the exit status is 1.
    """
    # Imports leave some hundred thousand objects that live as long as the process. Without the
    # freeze, every full garbage collection examines them and stops the loop for tens of
    # milliseconds.
    gc.collect()
    gc.freeze()
    context = copy_context()
    try:
        uvloop.run(until_told_to_stop(work, context))
    except (StartRefused, SettingsRefused) as refusal:
        refuse(str(refusal))
    except BaseExceptionGroup as group:
        refused, _ = group.split(StartRefused)
        if refused is not None:
            refuse("; ".join(str(error) for error in _leaves(refused)))
        context.run(log.exception, "process.failed")
        sys.exit(1)
    except Exception:  # noqa: BLE001 - it is logged
        context.run(log.exception, "process.failed")
        sys.exit(1)


def refuse(text: str) -> NoReturn:
    """Print why the process does not start, and end it with status 2."""
    sys.stderr.write(f"angarium: {text}\n")
    sys.exit(2)


def _leaves(group: BaseExceptionGroup[StartRefused]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found
