"""Living among other gateway replicas: heartbeats, and taking over what dead ones left."""

import asyncio

import structlog

from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.open_batches import OpenBatches

from .batch_store import BatchStore
from .relay import Relay

HEARTBEAT_INTERVAL_S = 2.0
DEAD_AFTER_S = 7.0
BEATS_PER_SEARCH = 30
"""Batches of replicas that nobody knows are searched for at the start and once a minute."""

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
        """Take part until cancelled."""
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
        """What was committed since the adoption is this replica's still."""
        held = self._window.ids()  # before the query, which does not see what is committed then
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
