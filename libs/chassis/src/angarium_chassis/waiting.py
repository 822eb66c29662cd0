"""Waiting for a change, with others or for a limited time."""

import asyncio


class Waiters:
    """Tasks that wait for the next change of something, all woken together."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []
        """Empty while nobody waits: code on the hot path looks at it before it calls `wake`."""

    async def wait(self) -> None:
        """Wait for the next `wake`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        await future

    def wake(self) -> None:
        """Let every task that waits now look again."""
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            # A waiter that was cancelled is still in the list.
            if not future.done():
                future.set_result(None)


async def set_within(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait for `event` for at most `timeout_s`. Returns whether it is set."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
