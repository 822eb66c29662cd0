"""Noticing that published batches got lost, and publishing them again."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from angarium_gateway.application.unavailable import JournalUnavailable, StreamUnavailable
from angarium_gateway.domain.batch_states import GIVEN_UP
from angarium_gateway.domain.open_batches import OpenBatch, OpenBatches

from .batch_store import BatchStore
from .relay import Relay

WATCH_INTERVAL_S = 1.0
GRACE_S = 1.0
"""After a loss, attempts in flight may still settle their batches."""
QUIET_S = 10.0
STRAY_SEARCH_INTERVAL_S = 40.0
"""Longer than any statement of ours runs in the database."""
LOSSES_MAX = 5
LOSSES_REMEMBERED_MAX = 10_000

log = structlog.get_logger()


class StreamWatch(Protocol):
    """What can be seen of Redis from outside the streams."""

    async def identity(self) -> str:
        """Changes when Redis lost its memory or restarted. Raises `StreamUnavailable`."""

    async def passed(self, batches: Sequence[OpenBatch]) -> list[OpenBatch]:
        """Those of which nothing is left in the streams. Asked again and again about all that
        are quiet. Raises `StreamUnavailable`."""


class Recovery:
    """Watches Redis and the open batches. `run()` until cancelled.

    Strays are batches that the journal takes for published and this process does not know: the
    answer to their commit or load got lost, or the commit took place after it was given up.

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
        self._unknown: set[bytes] = set()
        self._searched_at_s = clock_s()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self._look()
                await self._search_strays()
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
        quiet = self._window.without_progress_since(self._clock_s() - QUIET_S)
        for batch in await self._watch.passed(quiet):
            if batch.batch_id in self._window:
                await self._on_loss(batch)
        if len(self._losses) > LOSSES_REMEMBERED_MAX:
            self._losses.clear()

    async def _on_loss(self, batch: OpenBatch) -> None:
        self._losses[batch.batch_id] += 1
        if self._losses[batch.batch_id] > LOSSES_MAX:
            log.error("recovery.batch_set_aside", batch=batch.batch_id.hex())
            await self._batches.change(self._owner, [batch.batch_id], GIVEN_UP)
            self._window.take(batch.batch_id)
            self._relay.room_returned()
            return
        log.warning("recovery.batch_lost", batch=batch.batch_id.hex())
        self._relay.publish_again([batch.batch_id])

    async def _search_strays(self) -> None:
        """A batch that is unknown in two searches is none that is just on its way."""
        if self._clock_s() < self._searched_at_s + STRAY_SEARCH_INTERVAL_S:
            return
        published = set(await self._batches.published(self._owner))
        unknown = published - self._relay.in_hand()
        strays = tuple(unknown & self._unknown)
        if strays:
            log.warning("recovery.strays", batches=len(strays))
        self._relay.publish_again(strays)
        self._relay.look_for_backlog()
        self._unknown = unknown
        self._searched_at_s = self._clock_s()
