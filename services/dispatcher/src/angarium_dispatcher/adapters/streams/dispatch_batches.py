"""`messages.accepted` to `deliveries.requested`: the hot path through the dispatcher."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog
from angarium_chassis.database.engine import CONNECTION_ERRORS
from angarium_chassis.streams.received import Received
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_contracts.contract import Contract
from angarium_contracts.hot_path import DeliveriesRequested, MessagesAccepted

from angarium_dispatcher.application.dispatch_messages import (
    DispatchedCounts,
    Fan,
    requested,
    resolve,
)
from angarium_dispatcher.application.recipients_cache import RecipientsCache

WRITE_BYTES_MAX = 4 * 1024 * 1024
WRITE_PUBLICATIONS_MAX = 500
SETTLED_ENTRIES_MAX = 100_000
SETTLED_EXPIRE_S = 3_600
RETRY_FIRST_S = 0.2
RETRY_LONGEST_S = 5.0

log = structlog.get_logger()

type Batches = Sequence[Received[MessagesAccepted]]


class Metrics(Protocol):
    """Where the counts go."""

    def count(self, counts: DispatchedCounts) -> None: ...


class BatchDispatch:
    """The handler of one numbered stream.

    While the database is away, batches whose endpoints are all in memory go on, and the rest
    waits here with its leases: raising would give it back and count as a failed try.
    """

    def __init__(
        self,
        cache: RecipientsCache,
        writer: StreamWriter,
        metrics: Metrics,
        *,
        requests: str,
        pause: Callable[[float], Awaitable[bool]],
    ) -> None:
        self._cache = cache
        self._writer = writer
        self._metrics = metrics
        self._requests = requests
        self._pause = pause

    async def __call__(self, received: Batches) -> None:
        """Publish the chunks of these batches and acknowledge them."""
        waiting = list(received)
        retry_s = RETRY_FIRST_S
        while waiting:
            try:
                fans = await resolve([entry.value for entry in waiting], self._cache)
            except CONNECTION_ERRORS as error:
                log.warning("dispatch.database_away", batches=len(waiting), error=str(error))
                waiting = await self._publish_known(waiting)
            else:
                await self._publish(waiting, fans)
                return
            if waiting and await self._pause(retry_s):
                raise DispatchStopped(len(waiting))
            retry_s = min(retry_s * 2, RETRY_LONGEST_S)
            waiting = [entry for entry in waiting if entry.held]

    async def _publish_known(self, received: Batches) -> list[Received[MessagesAccepted]]:
        """Publish what needs no read; give the rest."""
        known: list[Received[MessagesAccepted]] = []
        rest: list[Received[MessagesAccepted]] = []
        for entry in received:
            (known if self._is_known(entry.value) else rest).append(entry)
        if known:
            await self._publish(known, await resolve([entry.value for entry in known], self._cache))
        return rest

    def _is_known(self, batch: MessagesAccepted) -> bool:
        return all(
            self._cache.cached(message.application_id, message.application_version) is not None
            for message in batch.messages
        )

    async def _publish(self, received: Batches, fans: Sequence[Fan]) -> None:
        """One write, or several where all together is too much for one; the acknowledgement of
        a batch goes with its last chunk. A batch that is cut off between writes comes back as
        redelivered, and is published again in full under that flag."""
        counts = DispatchedCounts()
        publications: list[Publication] = []
        done: list[Received[MessagesAccepted]] = []
        waiting_bytes = 0
        for entry, fan in zip(received, fans, strict=True):
            redelivered = entry.redelivered or entry.value.publication > 1
            for contract, payload_bytes in requested(fan, redelivered=redelivered, counts=counts):
                if publications and (
                    waiting_bytes + payload_bytes > WRITE_BYTES_MAX
                    or len(publications) >= WRITE_PUBLICATIONS_MAX
                ):
                    await self._writer.write(publications, done)
                    publications, done, waiting_bytes = [], [], 0
                publications.append(self._publication(contract, entry.value))
                waiting_bytes += payload_bytes
            done.append(entry)
        await self._writer.write(publications, done)
        self._metrics.count(counts)

    def _publication(self, contract: Contract, batch: MessagesAccepted) -> Publication:
        if isinstance(contract, DeliveriesRequested):
            return Publication(self._requests, contract)
        return Publication(batch.settle_to, contract, SETTLED_ENTRIES_MAX, SETTLED_EXPIRE_S)


class DispatchStopped(Exception):
    """The process ends while batches wait for the database; they go to another consumer."""

    def __init__(self, batches: int) -> None:
        super().__init__(f"{batches} batches were given back")
        self.batches = batches


class Stopping:
    """Tells waiting handlers that the process ends: handlers are waited for, so they must not
    wait for ever."""

    def __init__(self) -> None:
        self._told = asyncio.Event()

    async def run(self) -> None:
        """Wait to be cancelled, and tell."""
        try:
            await asyncio.Event().wait()
        finally:
            self._told.set()

    async def pause(self, longest_s: float) -> bool:
        """Wait; true when the process ends."""
        try:
            async with asyncio.timeout(longest_s):
                await self._told.wait()
        except TimeoutError:
            return False
        return True
