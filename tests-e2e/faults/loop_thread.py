"""An event loop beside the suite: the links and the load run on it while scenarios wait."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self

_END_TIMEOUT_S = 10.0


class LoopThread:
    """A running event loop in a thread of its own; `with` ends it with all its tasks."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._cancel_all(), _END_TIMEOUT_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_END_TIMEOUT_S)

    def run[T](self, work: Coroutine[Any, Any, T], timeout_s: float = 60.0) -> T:
        """Run `work` there to its end, at most `timeout_s`, and give its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout_s)

    async def _cancel_all(self) -> None:
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
