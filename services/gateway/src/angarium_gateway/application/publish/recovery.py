"""Recovery: detects published batches that were lost, and has them published again."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import structlog

from angarium_gateway.application.unavailable import JournalUnavailable, StreamUnavailable
from angarium_gateway.domain.batch_states import GIVEN_UP
from angarium_gateway.domain.open_batches import OpenBatch, OpenBatches

from .batch_store import BatchStore
from .relay import Relay

WATCH_INTERVAL_S = 1.0
AWAY_INTERVAL_S = 0.2
"""The same while Redis, or a server of it, does not answer: until its loss is noticed, batches are
published again although they reached it afterwards."""
GRACE_S = 1.0
"""Time after a loss for attempts in flight to settle their batches: those need not go out twice."""
QUIET_S = 10.0
"""A batch without progress for so long is looked for in the streams."""
STRAY_SEARCH_INTERVAL_S = 40.0
"""Longer than any of the gateway's statements may run: a commit that was given up has either taken
place or failed by the second search."""
LOSSES_MAX = 5
"""Losses of one batch, with Redis healthy, before it is set aside."""
LOSSES_REMEMBERED_MAX = 10_000

log = structlog.get_logger()


class StreamWatch(Protocol):
    """Observes Redis and its streams."""

    async def identities(self, numbers: Collection[int]) -> Mapping[int, str]:
        """For each stream number in use, and those in `numbers`, a text that changes when Redis
        loses what is in its streams, restarts, or has another server take them over. Raises
        `StreamUnavailable`."""

    async def passed(self, batches: Sequence[OpenBatch]) -> list[OpenBatch]:
        """Those of `batches` of which no entry is left in any stream. Called every second with all
        batches that make no progress. Raises `StreamUnavailable`."""


class Recovery:
    """Watches Redis and the open batches. `run()` until cancelled.

    Strays are batches that are marked as published in the journal but unknown to this process: the
    answer to their commit or load was lost, or the commit took place after it had been given up.
    Without the search for them, an accepted message would never leave the journal.

    A batch that is lost more than `LOSSES_MAX` times while Redis is healthy is set aside: its
    entries end in the quarantine, and publishing it again would only repeat that.
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
        self._identities: dict[int, str] = {}
        self._losses: Counter[bytes] = Counter()
        self._unknown: set[bytes] = set()
        self._searched_at_s = clock_s()

    async def run(self) -> None:
        """Watch until cancelled."""
        waits = False
        while True:
            pause_s = WATCH_INTERVAL_S
            try:
                if not await self._look():
                    pause_s = AWAY_INTERVAL_S
                await self._search_strays()
                waits = False
            except (StreamUnavailable, JournalUnavailable) as error:
                if isinstance(error, StreamUnavailable):
                    pause_s = AWAY_INTERVAL_S
                if not waits:
                    log.warning("recovery.waits", error=str(error))
                waits = True
            await asyncio.sleep(pause_s)

    async def _look(self) -> bool:
        """Look once; false if a server that has open batches did not answer."""
        found = await self._watch.identities(self._window.stream_numbers())
        changed = {
            number for number, text in found.items() if self._identities.get(number, text) != text
        }
        if changed:
            # Before the grace time: what is published from now on is in the streams as they are
            # now, and would be delivered twice if it went out again.
            open_then = self._window.in_streams(changed)
            await asyncio.sleep(GRACE_S)
            lost = [batch_id for batch_id in open_then if batch_id in self._window]
            log.warning("recovery.redis_lost_its_streams", batches=len(lost))
            self._relay.publish_again(lost)
        self._identities |= found
        quiet = self._window.without_progress_since(self._clock_s() - QUIET_S)
        for batch in await self._watch.passed(quiet):
            if batch.batch_id in self._window:
                await self._on_loss(batch)
        if len(self._losses) > LOSSES_REMEMBERED_MAX:
            self._losses.clear()
        return self._window.stream_numbers() <= found.keys()

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
        """Publish batches again that two searches in a row did not know. One search is not enough:
        it also finds batches whose commit has just been answered."""
        if self._clock_s() < self._searched_at_s + STRAY_SEARCH_INTERVAL_S:
            return
        published = set(await self._batches.published(self._owner))
        unknown = published - self._relay.tracked()
        strays = tuple(unknown & self._unknown)
        if strays:
            log.warning("recovery.strays", batches=len(strays))
        self._relay.publish_again(strays)
        self._relay.look_for_backlog()
        self._unknown = unknown
        self._searched_at_s = self._clock_s()
