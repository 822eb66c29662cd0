"""One worker: its parts, its background work, its run and its stop."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from .application.capacity.capacity import Capacity
from .application.capacity.delivery_slots import Usage
from .application.delivery.deliver_chunk import DeliverChunk
from .application.delivery.leased_attempts import LeasedAttempts
from .application.delivery.retry_scheduler import RetryScheduler
from .application.endpoints.endpoints import Endpoints
from .application.lanes.lane_scheduler import LaneScheduler
from .application.ledger.recorder import Recorder
from .application.ledger.records import Ledger, StorageDown
from .application.operations.operator_commands import OperatorCommands
from .domain.delivery import Delivery

RELEASE_TIMEOUT_S = 5.0

log = structlog.get_logger()

type Work = Coroutine[Any, Any, None]


@dataclass(frozen=True, slots=True)
class Worker[Receipt]:
    """A worker, put together by `build_worker`.

    Start `background()` first, then await `run()`, and stop the background once it has ended.
    """

    capacity: Capacity
    endpoints: Endpoints
    ledger: Ledger
    recorder: Recorder
    leased: LeasedAttempts
    deliver: DeliverChunk[Receipt]
    retries: RetryScheduler
    lanes: LaneScheduler
    commands: OperatorCommands

    def background(self) -> list[Work]:
        """The loops that must go on until the last outcome is recorded."""
        endpoints = self.endpoints
        return [
            self.recorder.run(),
            endpoints.gone.run(),
            endpoints.closed.run(),
            endpoints.health.run(),
            endpoints.shared_health.run(),
        ]

    async def run(self, *intake: Work, grace_s: float) -> None:
        """Run `intake`, which brings chunks and commands in, and deliver until cancelled. Then
        begin nothing new, and give attempts under way at most `grace_s` to end."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in (*intake, self.retries.run(), self.lanes.run()):
                    tasks.create_task(work)
                tasks.create_task(self._refuse_chunks_when_cancelled())
        finally:
            await self.drain(grace_s=grace_s)

    async def drain(self, *, grace_s: float) -> None:
        """Wait, at most `grace_s`, until every attempt under way is recorded and settled.

        Call it when nothing new is read any more. Deliveries that this process still holds in
        the database are released. Chunks that did not get through stay unacknowledged.
        """
        slots = self.capacity.slots
        self.deliver.stop()
        left = self.retries.give_up_untouched()
        self.lanes.stop()
        await self._release(left)
        try:
            async with asyncio.timeout(grace_s):
                while slots.in_hand:
                    await slots.changed()
        except TimeoutError:
            log.warning("stop.attempts_cut_off", deliveries_in_hand=slots.in_hand)
            left += self.leased.cut_off()
        else:
            if slots.usage() != Usage():
                log.error("stop.slots_not_released", **slots.usage()._asdict())
        await self._release(left)

    async def _refuse_chunks_when_cancelled(self) -> None:
        """Without this, a handler that waits for capacity would go on beginning chunks while the
        readers stop."""
        try:
            await asyncio.Event().wait()
        finally:
            self.deliver.stop()

    async def _release(self, left: list[Delivery]) -> None:
        """Release what is left, so that others get it now and not when the leases end."""
        try:
            async with asyncio.timeout(RELEASE_TIMEOUT_S):
                if left:
                    await self.ledger.release(left)
                    left.clear()
                await self.lanes.give_back()
        except (StorageDown, TimeoutError) as error:
            log.warning("stop.leases_not_released", leases=len(left), error=str(error)[:300])
