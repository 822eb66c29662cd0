"""Noticing that published batches got lost, and publishing them again."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Protocol

import structlog

from angarium_gateway.domain.open_batches import OpenBatch, OpenBatches

from .journal import BatchStore, JournalUnavailable
from .relay import Relay, StreamUnavailable

WATCH_INTERVAL_S = 1.0
GRACE_S = 1.0
"""After a loss, attempts in flight may still settle their batches."""
QUIET_S = 10.0
LOSSES_MAX = 5
LOSSES_REMEMBERED_MAX = 10_000

log = structlog.get_logger()


class StreamWatch(Protocol):
    """What can be seen of Redis from outside the streams."""

    async def identity(self) -> str:
        """Changes when Redis lost its memory or restarted. Raises `StreamUnavailable`."""

    async def passed(self, batch: OpenBatch) -> bool:
        """Whether nothing of this batch is left in the streams. Raises `StreamUnavailable`."""


class Recovery:
    """Watches Redis and the open batches. `run()` until cancelled.

    A batch that got lost `LOSSES_MAX` times while Redis was well is set aside: its entries
    end in quarantine, and publishing it again would not help.
    """

    def __init__(
        self,
        watch: StreamWatch,
        window: OpenBatches,
        relay: Relay,
        batches: BatchStore,
        *,
        owner: str,
        clock_s: Callable[[], float],
    ) -> None:
        self._watch = watch
        self._window = window
        self._relay = relay
        self._batches = batches
        self._owner = owner
        self._clock_s = clock_s
        self._identity: str | None = None
        self._losses: Counter[bytes] = Counter()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self._look()
            except (StreamUnavailable, JournalUnavailable) as error:
                log.warning("recovery.waits", error=str(error))
            await asyncio.sleep(WATCH_INTERVAL_S)

    async def _look(self) -> None:
        identity = await self._watch.identity()
        if self._identity not in (None, identity):
            await asyncio.sleep(GRACE_S)
            lost = tuple(self._window.ids())
            log.warning("recovery.redis_lost_its_streams", batches=len(lost))
            self._relay.publish_again(lost)
        self._identity = identity
        for batch in self._window.without_progress_since(self._clock_s() - QUIET_S):
            await self._check(batch)
        if len(self._losses) > LOSSES_REMEMBERED_MAX:
            self._losses.clear()

    async def _check(self, batch: OpenBatch) -> None:
        if not await self._watch.passed(batch):
            return
        self._losses[batch.batch_id] += 1
        if self._losses[batch.batch_id] > LOSSES_MAX:
            log.error("recovery.batch_set_aside", batch=batch.batch_id.hex())
            await self._batches.set_aside(self._owner, batch.batch_id)
            self._window.take(batch.batch_id)
            return
        log.warning("recovery.batch_lost", batch=batch.batch_id.hex())
        self._relay.publish_again([batch.batch_id])
