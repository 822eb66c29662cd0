"""How late the event loop runs what is due: the time for which something blocked it."""

import asyncio
from typing import Final

from .histogram import Histogram

EVERY_S: Final = 0.5


class LoopLag:
    """Measures the lag of the running event loop. `run()` until cancelled."""

    def __init__(self, *, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self.lags = Histogram()

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + self._every_s
            await asyncio.sleep(self._every_s)
            self.lags.observe(max(0.0, loop.time() - due_s))
