"""Membership among the gateway replicas: heartbeats, and adoption of dead replicas' batches."""

import asyncio

import structlog

from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.open_batches import OpenBatches

from .batch_store import BatchStore
from .relay import Relay

HEARTBEAT_INTERVAL_S = 2.0
DEAD_AFTER_S = 7.0
"""A replica that is silent for longer is taken for dead: three heartbeats may fail before."""
BEATS_PER_SEARCH = 30
"""Heartbeats between two searches for batches of unregistered replicas: at the start, then once a
minute. Such replicas were removed before a batch of theirs was committed late."""

log = structlog.get_logger()


class Membership:
    """Heartbeats and adoption. `run()` until cancelled; then others may adopt at once."""

    def __init__(
        self, batches: BatchStore, window: OpenBatches, relay: Relay, *, owner: str
    ) -> None:
        self._batches = batches
        self._window = window
        self._relay = relay
        self._owner = owner
        self._joined = False
        self._beats = 0

    async def run(self) -> None:
        """Send heartbeats and adopt batches until cancelled, then retire."""
        try:
            while True:
                try:
                    await self._beat()
                except JournalUnavailable as error:
                    log.warning("membership.waits", error=str(error))
                await asyncio.sleep(HEARTBEAT_INTERVAL_S)
        finally:
            await self._retire()

    async def _beat(self) -> None:
        beat = await self._batches.heartbeat(self._owner, dead_after_s=DEAD_AFTER_S)
        if self._joined and not beat.known:
            await self._drop_adopted()
        self._joined = True
        self._beats += 1
        if not beat.dead and self._beats % BEATS_PER_SEARCH != 1:
            return
        adopted = await self._batches.adopt(self._owner, dead_after_s=DEAD_AFTER_S)
        if adopted:
            log.info("membership.adopted", batches=adopted)
            self._relay.look_for_backlog()

    async def _drop_adopted(self) -> None:
        """Forget the batches that another replica has adopted while this one was taken for dead.

        They are settled to the adopter, so without this they would take up the window here until
        recovery takes them for lost. Batches committed since the adoption still belong to this
        replica.
        """
        # Before the query: a batch that is committed and opened while the query runs is missing in
        # its answer, and would be dropped although nobody else publishes it.
        held = self._window.ids()
        mine = set(await self._batches.published(self._owner))
        adopted = [batch_id for batch_id in held if batch_id not in mine]
        log.warning("membership.taken_for_dead", batches=len(adopted))
        for batch_id in adopted:
            self._window.take(batch_id)
        self._relay.room_returned()

    async def _retire(self) -> None:
        try:
            await self._batches.retire(self._owner)
        except JournalUnavailable as error:
            log.warning("membership.not_retired", error=str(error))
