"""Dispatching `messages.accepted` to `deliveries.requested`: the hot path of the dispatcher."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog
from angarium_chassis.backoff import backoff_s
from angarium_chassis.database.engine import CONNECTION_ERRORS
from angarium_chassis.lru_cache import LruCache
from angarium_chassis.streams.received import Received
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_chassis.tracing.spans import Spans
from angarium_chassis.waiting import set_within
from angarium_contracts.contract import Contract
from angarium_contracts.hot_path import DeliveriesRequested, MessagesAccepted
from angarium_contracts.ids import ENDPOINT, format_id

from angarium_dispatcher.application.dispatch.dispatch_messages import (
    DispatchedCounts,
    MatchedBatch,
    match_batches,
    publications_of,
)
from angarium_dispatcher.application.dispatch.dispatch_spans import record_dispatch
from angarium_dispatcher.application.dispatch.recipients_cache import RecipientsCache

WRITE_BYTES_MAX = 4 * 1024 * 1024
WRITE_PUBLICATIONS_MAX = 500
SETTLED_ENTRIES_MAX = 100_000
SETTLED_EXPIRE_S = 3_600
FAILED_FILTERS_LOGGED_MAX = 1_000
RETRY_FIRST_S = 0.2
RETRY_LONGEST_S = 5.0

log = structlog.get_logger()

type Batches = Sequence[Received[MessagesAccepted]]


class Metrics(Protocol):
    """Receives the counts."""

    def count(self, counts: DispatchedCounts) -> None: ...


class BatchDispatch:
    """Handler of one numbered stream.

    While the database is unavailable, batches whose applications are all cached are dispatched,
    and the others wait here under their leases. Raising instead would release them and count as
    a failed try, and a long outage would end in quarantine.
    """

    def __init__(
        self,
        cache: RecipientsCache,
        writer: StreamWriter,
        metrics: Metrics,
        *,
        requests: str,
        pause: Callable[[float], Awaitable[bool]],
        spans: Spans | None = None,
    ) -> None:
        self._cache = cache
        self._writer = writer
        self._metrics = metrics
        self._requests = requests
        self._pause = pause
        self._spans = spans
        self._failed_filters: LruCache[bytes, bool] = LruCache(FAILED_FILTERS_LOGGED_MAX)

    async def __call__(self, received: Batches) -> None:
        """Publish the chunks of these batches and acknowledge the batches."""
        began_ns = time.time_ns()
        waiting = list(received)
        failures = 0
        while waiting:
            try:
                matched = await match_batches([entry.value for entry in waiting], self._cache)
            except CONNECTION_ERRORS as error:
                log.warning("dispatch.database_away", batches=len(waiting), error=str(error))
                waiting = await self._publish_cached(waiting, began_ns)
            else:
                await self._publish(waiting, matched, began_ns)
                return
            pause_s = backoff_s(failures, first_s=RETRY_FIRST_S, longest_s=RETRY_LONGEST_S)
            if waiting and await self._pause(pause_s):
                raise DispatchStopped(len(waiting))
            failures += 1
            # A lease that was lost belongs to another consumer, which dispatches the batch too;
            # publishing it here as well would send its messages twice without the flag.
            waiting = [entry for entry in waiting if entry.held]

    async def _publish_cached(
        self, received: Batches, began_ns: int
    ) -> list[Received[MessagesAccepted]]:
        """Publish the batches that need no read. Returns the others."""
        cached: list[Received[MessagesAccepted]] = []
        rest: list[Received[MessagesAccepted]] = []
        for entry in received:
            (cached if self._is_cached(entry.value) else rest).append(entry)
        if cached:
            batches = [entry.value for entry in cached]
            await self._publish(cached, await match_batches(batches, self._cache), began_ns)
        return rest

    def _is_cached(self, batch: MessagesAccepted) -> bool:
        return all(
            self._cache.cached(message.application_id, message.application_version) is not None
            for message in batch.messages
        )

    async def _publish(
        self, received: Batches, matched: Sequence[MatchedBatch], began_ns: int
    ) -> None:
        """Publish in one write, or in several when one would be too large.

        A batch is acknowledged in the write of its last chunk. If the process ends between two
        writes, the batch comes back as redelivered and is published again in full under that
        flag, by which the worker skips the deliveries that it has already recorded.
        """
        counts = DispatchedCounts()
        publications: list[Publication] = []
        done: list[Received[MessagesAccepted]] = []
        waiting_bytes = 0
        for entry, batch in zip(received, matched, strict=True):
            redelivered = entry.redelivered or entry.value.publication > 1
            for contract, payload_bytes in publications_of(
                batch, redelivered=redelivered, counts=counts
            ):
                if publications and (
                    waiting_bytes + payload_bytes > WRITE_BYTES_MAX
                    or len(publications) >= WRITE_PUBLICATIONS_MAX
                ):
                    await self._writer.write(publications, done)
                    publications, done, waiting_bytes = [], [], 0
                publications.append(self._publication(contract, entry.value))
                waiting_bytes += payload_bytes
            done.append(entry)
            if batch.failed_filters:
                self._log_failed_filters(batch.failed_filters)
        await self._writer.write(publications, done)
        self._metrics.count(counts)
        if self._spans is not None:
            record_dispatch(self._spans, matched, began_ns)

    def _log_failed_filters(self, endpoint_ids: Sequence[bytes]) -> None:
        """Log each endpoint once, so that a filter that always fails does not fill the log."""
        for endpoint_id in endpoint_ids:
            if endpoint_id not in self._failed_filters:
                self._failed_filters.put(endpoint_id, True)
                log.warning("dispatch.filter_failed", endpoint=format_id(ENDPOINT, endpoint_id))

    def _publication(self, contract: Contract, batch: MessagesAccepted) -> Publication:
        if isinstance(contract, DeliveriesRequested):
            return Publication(self._requests, contract)
        return Publication(batch.settle_to, contract, SETTLED_ENTRIES_MAX, SETTLED_EXPIRE_S)


class DispatchStopped(Exception):
    """The process stops while batches wait for the database; another consumer takes them over."""

    def __init__(self, batches: int) -> None:
        super().__init__(f"{batches} batches were released to another consumer")
        self.batches = batches


class ShutdownSignal:
    """Tells waiting handlers that the process stops.

    A stopping reader awaits its handler, so a handler that waits for the database must end, or
    the process would stop only when the database returns.
    """

    def __init__(self) -> None:
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Wait to be cancelled, then signal."""
        try:
            await asyncio.Event().wait()
        finally:
            self._stopping.set()

    async def pause(self, longest_s: float) -> bool:
        """Wait for at most `longest_s`. Returns true when the process stops."""
        return await set_within(self._stopping, longest_s)
