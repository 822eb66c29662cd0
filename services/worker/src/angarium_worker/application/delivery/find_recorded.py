"""Which deliveries of a chunk that may have been here before still have to begin."""

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
    """Those of the deliveries that are on record, once none of them is in flight here; waits
    for both, and for the database, as long as it takes."""
    while True:
        await in_flight.until_none(keys)
        try:
            known = await ledger.known(keys)
        except StorageDown as error:
            log.warning("chunk.look_up_failed", error=str(error)[:300])
            await asyncio.sleep(LOOK_UP_BACKOFF_S)
            continue
        if not in_flight.has_any(keys):
            return known
