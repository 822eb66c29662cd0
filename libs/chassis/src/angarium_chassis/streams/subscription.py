"""Keeps a FastStream subscriber running through outages and restarts of Redis."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from faststream.redis.subscriber.usecases import StreamBatchSubscriber
from redis.exceptions import RedisError

RESTART_PAUSE_S = 0.5

log = structlog.get_logger()


class Subscription:
    """Starts a subscriber, and restarts it whenever it ends. `run()` until cancelled.

    `prepare` is called before each start and may raise redis-py's errors.
    """

    def __init__(
        self,
        subscriber: StreamBatchSubscriber,
        *,
        stream: str,
        prepare: Callable[[], Awaitable[None]],
    ) -> None:
        self._subscriber = subscriber
        self._stream = stream
        self._prepare = prepare

    @property
    def running(self) -> bool:
        """True while the subscriber reads, or waits for Redis to return."""
        subscriber = self._subscriber
        return bool(subscriber.running) and any(not task.done() for task in subscriber.tasks)

    async def run(self) -> None:
        """Read until cancelled, then wait for the handler that runs."""
        try:
            while True:
                if await self._start():
                    await self._end()
                await asyncio.sleep(RESTART_PAUSE_S)
        finally:
            # Shielded: a second cancellation must not interrupt the stop while tasks still read.
            await asyncio.shield(self._subscriber.stop())

    async def _start(self) -> bool:
        try:
            await self._prepare()
            await self._subscriber.start()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("stream.unavailable", stream=self._stream, error=str(error))
            await self._subscriber.stop()
            return False
        return True

    async def _end(self) -> None:
        """Wait until the subscriber has ended: its group is missing, or Redis refused a read."""
        tasks = list(self._subscriber.tasks)
        if tasks:
            await asyncio.wait(tasks)
        errors = [task.exception() for task in tasks if not task.cancelled()]
        reasons = [str(error) for error in errors if error is not None]
        log.warning(
            "stream.restarted",
            stream=self._stream,
            reason="; ".join(reasons) or "its group is gone",
        )
        await self._subscriber.stop()
