"""Disabling endpoints that said they are gone, and ending their pending deliveries."""

import asyncio

import structlog
from angarium_chassis.backoff import Backoff, repeat_with_backoff
from angarium_contracts.ids import ENDPOINT, format_id

from angarium_worker.application.ledger.records import Ledger, StorageDown

from .endpoint_cache import EndpointCache
from .endpoint_owner import EndpointOwner, GoneEndpoint

ENDPOINTS_MAX = 10_000
RETRY_S_MIN = 0.5
RETRY_S_MAX = 30.0

log = structlog.get_logger()


class GoneEndpoints:
    """Tells the owner of each until it answers. `run()` until cancelled.

    Nothing is kept for a restart: the endpoint's next such answer tells again. So does that of an
    endpoint that found no place among `ENDPOINTS_MAX`.
    """

    def __init__(
        self, cache: EndpointCache, owner: EndpointOwner, ledger: Ledger, *, lease_s: float
    ) -> None:
        self._cache = cache
        self._owner = owner
        self._ledger = ledger
        self._lease_s = lease_s
        self._waiting: dict[bytes, tuple[GoneEndpoint, str]] = {}
        self._told = asyncio.Event()

    def report(self, gone: GoneEndpoint, reason: str) -> None:
        """It is gone, for `reason`: from now on this process sends it nothing."""
        self._cache.deactivate(gone.endpoint_id, gone.version, reason)
        if len(self._waiting) < ENDPOINTS_MAX:
            self._waiting[gone.endpoint_id] = gone, reason
            self._told.set()

    async def run(self) -> None:
        """Disable them until cancelled."""
        await repeat_with_backoff(self._settle_next, Backoff(RETRY_S_MIN, RETRY_S_MAX))

    async def _settle_next(self) -> bool:
        await self._told.wait()
        endpoint_id, waiting = next(iter(self._waiting.items()))
        if not await self._settle(*waiting):
            return False
        if self._waiting.get(endpoint_id) is waiting:
            del self._waiting[endpoint_id]
        if not self._waiting:
            self._told.clear()
        return True

    async def _settle(self, gone: GoneEndpoint, reason: str) -> bool:
        if not await self._owner.disable(gone, reason):
            log.info("endpoint.not_disabled_yet", endpoint_id=format_id(ENDPOINT, gone.endpoint_id))
            return False
        try:
            # What is due within a lease may be in somebody's hands; it ends by itself soon.
            await self._ledger.expedite(gone.endpoint_id, beyond_s=self._lease_s)
        except StorageDown as error:
            log.warning("endpoint.pending_not_ended", error=str(error)[:300])
            return False
        log.info(
            "endpoint.disabled", endpoint_id=format_id(ENDPOINT, gone.endpoint_id), reason=reason
        )
        return True
