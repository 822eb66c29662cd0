"""Stopping tasks in an order of one's own, where a TaskGroup would cancel all at once."""

import asyncio
from collections.abc import Callable


async def stop(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait until they have ended. Their errors are their TaskGroup's."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def until(holds: Callable[[], bool], *, timeout_s: float, interval_s: float = 0.02) -> bool:
    """Wait until something holds, looking now and then; False when it did not in time."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + timeout_s
    while not holds():
        if loop.time() >= end_s:
            return False
        await asyncio.sleep(interval_s)
    return True
