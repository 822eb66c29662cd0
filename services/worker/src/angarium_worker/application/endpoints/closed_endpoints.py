"""Ending the pending deliveries of endpoints that were disabled or deleted."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from angarium_chassis.backoff import Backoff, repeat_with_backoff
from angarium_contracts.directory import EndpointState
from angarium_contracts.ids import ENDPOINT, format_id

from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.ledger.manual_ledger import ManualLedger
from angarium_worker.application.ledger.records import StorageDown

from .endpoint_cache import EndpointCache
from .endpoint_config import ResolvedEndpoint

ENDPOINTS_MAX = 10_000
ROWS_PER_STEP = 1_000
RETRY_S_MIN = 0.5
RETRY_S_MAX = 30.0

log = structlog.get_logger()


class _Closing(NamedTuple):
    """The version of its configuration that closed the endpoint, and the reason."""

    version: int
    reason: str


def closed_reason(state: EndpointState) -> str | None:
    """Why nothing may be sent to the endpoint any more; None: it is enabled."""
    if state.deleted:
        return "the endpoint is deleted"
    return "the endpoint is disabled" if state.disabled else None


class ClosedEndpoints:
    """Ends the pending deliveries of closed endpoints, in bounded steps. `run()` until cancelled.

    Waiting endpoints are kept in memory, at most `endpoints_max`. After a restart, or beyond that
    bound, the deliveries of a closed endpoint end when each comes due. An endpoint that is enabled
    again, in a newer version than the one that closed it, keeps what is left.
    """

    def __init__(
        self,
        ledger: ManualLedger,
        cache: EndpointCache,
        counters: WorkerCounters,
        *,
        lease_s: float,
        endpoints_max: int = ENDPOINTS_MAX,
        rows_per_step: int = ROWS_PER_STEP,
        retry_s_min: float = RETRY_S_MIN,
    ) -> None:
        self._ledger = ledger
        self._cache = cache
        self._counters = counters
        self._lease_s = lease_s
        self._endpoints_max = endpoints_max
        self._rows_per_step = rows_per_step
        self._retry_s_min = retry_s_min
        self._waiting: dict[bytes, _Closing] = {}
        self._added = asyncio.Event()

    def __len__(self) -> int:
        """The number of endpoints whose deliveries are still to be ended."""
        return len(self._waiting)

    def changed(self, endpoints: Sequence[EndpointState]) -> None:
        """Apply changes from the directory: close what is disabled or deleted, and no others."""
        for state in endpoints:
            reason = closed_reason(state)
            if reason is not None:
                self.close(state.id, state.version, reason)
            elif self._waiting:
                self._reopen(state)

    def close(self, endpoint_id: bytes, version: int, reason: str) -> None:
        """End the pending deliveries of the endpoint, which is closed since `version`."""
        waiting = self._waiting.get(endpoint_id)
        if waiting is None and len(self._waiting) >= self._endpoints_max:
            log.warning(
                "endpoint.pending_not_ended",
                endpoint_id=format_id(ENDPOINT, endpoint_id),
                reason="too many",
            )
        elif waiting is None or waiting.version < version:
            self._waiting[endpoint_id] = _Closing(version, reason)
            self._added.set()

    async def run(self) -> None:
        """End them until cancelled."""
        await repeat_with_backoff(self._end_next, Backoff(self._retry_s_min, RETRY_S_MAX))

    async def _end_next(self) -> bool:
        await self._added.wait()
        if not self._waiting:
            self._added.clear()
            return True
        endpoint_id, closing = next(iter(self._waiting.items()))
        try:
            done = await self._end_some(endpoint_id, closing)
        except StorageDown as error:
            log.warning("endpoint.pending_not_ended", error=str(error)[:300])
            return False
        if self._waiting.get(endpoint_id) is closing:
            del self._waiting[endpoint_id]
            if not done:  # so that one large endpoint does not keep the others waiting
                self._waiting[endpoint_id] = closing
        return True

    def _reopen(self, state: EndpointState) -> None:
        waiting = self._waiting.get(state.id)
        if waiting is not None and waiting.version < state.version:
            del self._waiting[state.id]

    async def _end_some(self, endpoint_id: bytes, closing: _Closing) -> bool:
        """End one step's worth; True once nothing is left."""
        if isinstance(self._cache.get(endpoint_id, closing.version + 1), ResolvedEndpoint):
            return True
        ended, marked = await self._ledger.cancel(
            message_id=None,
            endpoint_id=endpoint_id,
            reason=closing.reason,
            by_hand=False,
            rows_max=self._rows_per_step,
            lease_s=self._lease_s,
        )
        self._counters.count_cancelled(ended)
        count = ended + marked
        if count:
            log.info(
                "endpoint.pending_ended",
                endpoint_id=format_id(ENDPOINT, endpoint_id),
                deliveries=count,
            )
        return count < self._rows_per_step
