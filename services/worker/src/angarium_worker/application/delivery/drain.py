"""Stopping: what is in hand is brought to its end, what is not begun is left to others."""

import asyncio
from typing import Any

import structlog

from angarium_worker.application.capacity.delivery_slots import DeliverySlots
from angarium_worker.application.lanes.lane_scheduler import LaneScheduler
from angarium_worker.application.ledger.records import DueDelivery, Ledger, StorageDown

from .deliver_chunk import DeliverChunk
from .leased_attempts import LeasedAttempts
from .retry_scheduler import RetryScheduler

RELEASE_TIMEOUT_S = 5.0

log = structlog.get_logger()


async def drain(
    deliver: DeliverChunk[Any],
    retries: RetryScheduler,
    lanes: LaneScheduler,
    leased: LeasedAttempts,
    ledger: Ledger,
    room: DeliverySlots,
    *,
    grace_s: float,
) -> None:
    """Wait, at most `grace_s`, until every attempt under way is recorded and settled.

    Call it when nothing new is read any more. Deliveries that this process still holds in the
    database are released. Chunks that did not get through stay unacknowledged.
    """
    deliver.stop()
    left = retries.give_up_untouched()
    lanes.stop()
    await _give_back(left, lanes, ledger)
    try:
        async with asyncio.timeout(grace_s):
            while room.in_hand:
                await room.changed()
    except TimeoutError:
        log.warning("stop.attempts_cut_off", deliveries_in_hand=room.in_hand)
        left += leased.cut_off()
    await _give_back(left, lanes, ledger)


async def _give_back(left: list[DueDelivery], lanes: LaneScheduler, ledger: Ledger) -> None:
    """Let others have what is left, at once; else they get it when the leases end."""
    try:
        async with asyncio.timeout(RELEASE_TIMEOUT_S):
            if left:
                await ledger.release(left)
                left.clear()
            await lanes.give_back()
    except (StorageDown, TimeoutError) as error:
        log.warning("stop.leases_not_released", leases=len(left), error=str(error)[:300])
