"""Writes of what was counted in memory, once in a while and at the end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

STOP_TIMEOUT_S: Final = 2.0

log = structlog.get_logger()


async def write_periodically(
    write: Callable[[], Awaitable[None]], every_s: float, *, what: str
) -> None:
    """Call `write` every `every_s` until cancelled, and a last time then, for at most two seconds.
    `what` begins the event of the log line if that was not enough."""
    try:
        while True:
            await asyncio.sleep(every_s)
            await write()
    finally:
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await write()
        except TimeoutError:
            log.warning(f"{what}.not_written", reason="the database does not answer")
