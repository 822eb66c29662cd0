"""Stops tasks in a chosen order, where a TaskGroup would cancel all at once."""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from .health import Readiness

log = structlog.get_logger()


async def stop(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait until they have ended. Their errors are left to their TaskGroup."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def serve_and_drain(
    serving: asyncio.Task[None],
    readiness: Readiness,
    *,
    drain_s: float,
    needed: Iterable[asyncio.Task[None]] = (),
) -> None:
    """Wait for `serving` until cancelled; then go on serving for `drain_s`, not ready any more.

    Load balancers see that the process leaves before its listener closes. A second cancellation
    ends the wait, and so does the end of a `needed` task: without it requests would fail.
    """
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        readiness.stopping = True
        watched = [serving, *needed]
        if drain_s > 0 and not any(task.done() for task in watched):
            log.info("process.draining", drain_s=drain_s)
            await asyncio.wait(watched, timeout=drain_s, return_when=asyncio.FIRST_COMPLETED)
        raise
    finally:
        await stop(serving)


async def until(holds: Callable[[], bool], *, timeout_s: float, interval_s: float = 0.02) -> bool:
    """Poll until `holds` returns True. Returns False if it does not within `timeout_s`."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + timeout_s
    while not holds():
        if loop.time() >= end_s:
            return False
        await asyncio.sleep(interval_s)
    return True
