"""Stops tasks in a chosen order, where a TaskGroup would cancel all at once."""

import asyncio
from collections.abc import Callable


async def stop(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait until they have ended. Their errors are left to their TaskGroup."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def until(holds: Callable[[], bool], *, timeout_s: float, interval_s: float = 0.02) -> bool:
    """Poll until `holds` returns True. Returns False if it does not within `timeout_s`."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + timeout_s
    while not holds():
        if loop.time() >= end_s:
            return False
        await asyncio.sleep(interval_s)
    return True
