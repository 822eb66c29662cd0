"""Looks up which deliveries of a redelivered chunk are on record already."""

import asyncio
from collections.abc import Collection, Sequence

import structlog

from angarium_worker.application.ledger.records import Ledger, StorageDown
from angarium_worker.domain.delivery import DeliveryKey

from .in_flight import InFlight

LOOK_UP_BACKOFF_S = 1.0

log = structlog.get_logger()


async def known_deliveries(
    keys: Sequence[DeliveryKey], in_flight: InFlight, ledger: Ledger
) -> Collection[DeliveryKey]:
    """The deliveries that are on record, read once none of them is in flight here. Waits for
    that, and for the database, as long as it takes."""
    while True:
        await in_flight.until_none(keys)
        try:
            known = await ledger.known(keys)
        except StorageDown as error:
            log.warning("chunk.look_up_failed", error=str(error)[:300])
            await asyncio.sleep(LOOK_UP_BACKOFF_S)
            continue
        # One that began during the read is neither in flight before it nor on record in it: sent
        # now as well, it would be a duplicate.
        if not in_flight.has_any(keys):
            return known
