"""The hot path: a chunk of deliveries comes in, is sent, recorded, settled.

No task per delivery or chunk: the sender calls back, a chunk's last outcome closes it. A task
runs only where a chunk must wait for the database or the dispatcher before it can send.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from angarium_contracts.hot_path import DeliveriesRequested
from angarium_contracts.ids import MESSAGE, format_id

from angarium_worker.application.capacity.capacity import Capacity
from angarium_worker.application.ledger.recorder import Held, Recorder
from angarium_worker.application.ledger.records import AttemptRow, EventRow, Ledger, Record
from angarium_worker.domain.delivery import ENDED, DeliveryKey, DeliveryState
from angarium_worker.domain.delivery_states import after
from angarium_worker.domain.verdict import QUEUED, Cancelled, Verdict

from .chunk import Chunk, FirstAttempt
from .find_recorded import known_deliveries
from .first_attempts import FirstAttempts
from .in_flight import InFlight
from .settlement import Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkTerms:
    """How long a chunk stays open, and how what outlasts it is held.

    A chunk is recorded when all its deliveries have ended, or `linger_s` after it began: what is
    still being sent goes on as a pending delivery that this process holds for `lease_s`, under
    `first_fence`, which no other process has. No other process reads a chunk's entry for
    `entry_lease_s`.
    """

    linger_s: float
    lease_s: float
    entry_lease_s: float
    first_fence: int


class DeliverChunk[Receipt]:
    """Begins chunks and brings each to its settlement. `tasks` owns the tasks."""

    def __init__(
        self,
        *,
        firsts: FirstAttempts,
        ledger: Ledger,
        recorder: Recorder,
        settlement: Settlement[Receipt],
        capacity: Capacity,
        tasks: asyncio.TaskGroup,
        terms: ChunkTerms,
    ) -> None:
        self._firsts = firsts
        firsts.ended = self._ended
        self._ledger = ledger
        self._recorder = recorder
        self._settlement = settlement
        self._capacity = capacity
        self._slots = capacity.slots
        self._counters = capacity.counters
        self._tasks = tasks
        self._terms = terms
        self._lease_us = int(terms.lease_s * 1_000_000)
        self._in_flight = InFlight()
        self._stopping = False

    async def take(
        self, requested: DeliveriesRequested, receipt: Receipt, *, redelivered: bool
    ) -> bool:
        """Begin a chunk, once there is room for it; its work goes on after the return.

        False: the worker is stopping, and the chunk was not begun.
        """
        looked_up = redelivered or requested.redelivered
        sole_s = 0.0 if looked_up else self._terms.entry_lease_s
        chunk = Chunk(requested, receipt, asyncio.get_running_loop().time() + sole_s)
        while not self._slots.fits(chunk.deliveries, chunk.payload_bytes):
            if self._stopping:
                return False
            await self._slots.changed()
        if self._stopping:
            return False
        chunk.reservation = self._slots.reserve(chunk.deliveries, chunk.payload_bytes)
        if looked_up or self._in_flight.has_any(chunk.keys()):
            self._tasks.create_task(self._begin_rest(chunk))
        else:
            self._begin(chunk, ())
        return True

    def stop(self) -> None:
        """Take no more chunks."""
        self._stopping = True
        self._slots.wake()

    async def _begin_rest(self, chunk: Chunk[Receipt]) -> None:
        """Send only what has neither an attempt nor a pending row, nor is in flight here."""
        known = await known_deliveries(chunk.keys(), self._in_flight, self._ledger)
        self._begin(chunk, known)

    def _begin(self, chunk: Chunk[Receipt], known: Collection[DeliveryKey]) -> None:
        loop = asyncio.get_running_loop()
        chunk.begun_s = loop.time()
        begin_known = self._firsts.begin_known
        unresolved: list[FirstAttempt] = []
        chunk.open = 1  # holds the chunk open while its deliveries begin
        for message in chunk.requested.messages:
            webhook_id = format_id(MESSAGE, message.id)
            for delivery in message.deliveries:
                key = (message.id, delivery.endpoint_id)
                if key in known:
                    continue
                self._in_flight.add(key)
                first = FirstAttempt(chunk, message, key, webhook_id, delivery.endpoint_version)
                chunk.firsts.append(first)
                chunk.open += 1
                if not begin_known(first):
                    unresolved.append(first)
        if unresolved:
            self._tasks.create_task(self._firsts.resolve(unresolved))
        chunk.timer = loop.call_later(self._terms.linger_s, self._close, chunk)
        self._one_less_open(chunk)

    def _ended(
        self,
        first: FirstAttempt,
        verdict: Verdict,
        row: AttemptRow | None,
        event: EventRow | None,
    ) -> None:
        chunk = first.chunk
        if row is not None:
            chunk.attempts.append(row)
        if event is not None:
            chunk.events.append(event)
        step = after(first.state, verdict)
        first.state = step.state
        if step.state not in ENDED:
            if row is None:
                self._counters.parked += 1
            made = 0 if row is None else 1
            goes_on = first.goes_on(step.due_in_us, attempts_made=made, lane=step.lane)
            chunk.pending.append(goes_on)
        elif isinstance(verdict, Cancelled):
            self._counters.cancelled += 1
            chunk.cancelled.append(first.goes_on(cancelled=verdict.reason))
        self._one_less_open(chunk)

    def _one_less_open(self, chunk: Chunk[Receipt]) -> None:
        chunk.open -= 1
        if chunk.open == 0 and not chunk.closed:
            self._close(chunk)

    def _close(self, chunk: Chunk[Receipt]) -> None:
        chunk.closed = True  # or the last delivery that is given up below would close it again
        if chunk.timer is not None:
            chunk.timer.cancel()
            chunk.timer = None
        if chunk.open:
            self._hand_over(chunk)
        if chunk.attempts or chunk.pending or chunk.cancelled:
            rows = (chunk.attempts, chunk.pending, (), chunk.cancelled, chunk.events)
            record = Record(*rows, chunk.sole_until_s)
            self._recorder.record(record, partial(self._recorded, chunk))
        else:
            self._recorded(chunk, frozenset())

    def _hand_over(self, chunk: Chunk[Receipt]) -> None:
        """Close without the deliveries that have not ended.

        Kept open for one endpoint that hangs, the chunk could outlast the lease of its entry.
        Another worker would then take it over and send again what has ended and is not on record.
        What is still being sent goes into the same transaction as a row under `first_fence`: a
        crash does not lose it, and no other process sends it while the lease lasts.
        """
        for first in chunk.firsts:
            if first.state in (DeliveryState.REQUESTED, DeliveryState.WAITING):
                self._firsts.give_up(first, QUEUED)
            elif first.state is DeliveryState.SENDING:
                first.handed_over = True
                first.place = self._slots.reserve(1, len(first.message.payload))
                chunk.pending.append(first.goes_on(self._lease_us, fence=self._terms.first_fence))
        self._firsts.forget_given_up(chunk.firsts)

    def _recorded(self, chunk: Chunk[Receipt], held: Held) -> None:
        in_flight = self._in_flight
        for first in chunk.firsts:
            # Only now that it is on record: earlier, the same delivery in a chunk published again
            # would find neither a row nor an attempt under way, and be sent twice.
            in_flight.discard(first.key)
            if first.handed_over:
                self._firsts.adopt(first, self._terms.first_fence)
        chunk.firsts.clear()  # or the payloads would live until the garbage collector comes
        in_flight.some_left()
        if held is None:
            self._settlement.refused(chunk)
            self._release(chunk)
            return
        self._notify(chunk)
        self._settlement.settled(
            chunk, partial(self._settled, chunk), awaited=self._is_awaited(chunk)
        )

    def _is_awaited(self, chunk: Chunk[Receipt]) -> bool:
        """True if an ordered endpoint waits for the settlement, or other chunks for the place."""
        return self._slots.half_in_hand or any(row.lane is not None for row in chunk.pending)

    def _notify(self, chunk: Chunk[Receipt]) -> None:
        """Wake the loops that send what is pending now."""
        due_in_us = [row.due_in_us for row in chunk.pending if row.lane is None]
        if due_in_us:
            self._capacity.retry_wake.notify(min(due_in_us) / 1_000_000)
        if len(due_in_us) < len(chunk.pending):
            self._capacity.lane_wake.notify(0)

    def _settled(self, chunk: Chunk[Receipt]) -> None:
        self._counters.chunks_settled += 1
        self._release(chunk)

    def _release(self, chunk: Chunk[Receipt]) -> None:
        reservation = chunk.reservation
        if reservation is not None:
            self._slots.release(reservation)
