"""A loop of the relay: reads events of some lanes, posts them, and records what became of them."""

import asyncio
import logging
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from angarium_outbox.backoff import pause_s
from angarium_outbox.counters import LATENCY_BOUNDS_S, RelayCounters
from angarium_outbox.database_failures import DATABASE_FAILURES, reason_of
from angarium_outbox.leases import Leases
from angarium_outbox.posting import Failure, Posted, Poster
from angarium_outbox.rounds import batches, rounds
from angarium_outbox.settings import RelaySettings
from angarium_outbox.store import OrderKey, OutboxStore, PendingEvent, order_key
from angarium_outbox.wake import WakeSignal

_HELD_MAX: Final = 100
_ROUNDS_MAX: Final = 20
"""Rounds of a turn, so that a key with many events does not hold up new events of others."""
_READS_MAX: Final = 3
_logger = logging.getLogger("angarium_outbox")


class Sender:
    """Posts the events of those of the relay's lanes that are its own: each `senders`-th."""

    def __init__(
        self,
        store: OutboxStore,
        leases: Leases,
        poster: Poster,
        settings: RelaySettings,
        counters: RelayCounters,
        signal: WakeSignal,
        *,
        number: int,
        stopping: asyncio.Event,
        random: Callable[[], float],
    ) -> None:
        self._store = store
        self._leases = leases
        self._poster = poster
        self._settings = settings
        self._counters = counters
        self._signal = signal
        self._number = number
        self._stopping = stopping
        self._random = random
        self._failures = 0
        self._held: dict[OrderKey, float] = {}

    async def run(self) -> None:
        """Post events until the relay stops."""
        while not self._stopping.is_set():
            self._signal.clear()
            try:
                read, failure = await self._turn()
            except DATABASE_FAILURES as error:
                read, failure = 0, Failure(f"the database fails: {reason_of(error)}")
            if failure is not None:
                await self._back_off(failure)
            else:
                self._failures = 0
                if not read and not self._stopping.is_set():
                    await self._signal.wait(self._settings.poll_s)

    async def _turn(self) -> tuple[int, Failure | None]:
        """Read events, and post them round by round. Gives how many were read, and the failure
        because of which some have to be posted again."""
        lanes = self._lanes()
        if not lanes:
            return 0, None
        events = await self._read(lanes)
        for waiting in rounds(events)[:_ROUNDS_MAX]:
            # A lane that was lost stays lost for this turn, even if it has come back: its events
            # that were left out meanwhile come before those of the next rounds.
            lanes &= self._lanes()
            posted = await self._post([event for event in waiting if event.lane in lanes])
            if posted.failure is not None or posted.held:
                return len(events), posted.failure
            if self._stopping.is_set():
                break
        return len(events), None

    async def _read(self, lanes: frozenset[int]) -> list[PendingEvent]:
        """The oldest events. If some keys have so many that later events of others may not be among
        them, those of others are read too."""
        now_s = time.monotonic()
        self._held = {key: until_s for key, until_s in self._held.items() if until_s > now_s}
        left_out: set[OrderKey] = set(self._held)
        found: dict[int, PendingEvent] = {}
        for _ in range(_READS_MAX):
            page = await self._store.pending(
                lanes,
                without=left_out,
                events_max=self._settings.read_events_max,
                bytes_max=self._settings.read_bytes_max,
            )
            found |= {event.position: event for event in page}
            counts = Counter(map(order_key, page))
            crowded = {key for key, count in counts.items() if count > _ROUNDS_MAX}
            if not crowded:
                break
            left_out |= crowded
        return list(found.values())

    def _lanes(self) -> frozenset[int]:
        """The lanes of this sender that the relay has at the moment."""
        return frozenset(
            lane for lane in self._leases.lanes if lane % self._settings.senders == self._number
        )

    async def _post(self, events: Sequence[PendingEvent]) -> Posted:
        """Post events, none of which has to wait for another, and record what became of them."""
        in_batches = batches(
            events,
            events_max=self._settings.batch_events_max,
            bytes_max=self._settings.batch_bytes_max,
        )
        async with asyncio.TaskGroup() as tasks:
            requests = [tasks.create_task(self._poster.post(batch)) for batch in in_batches]
        posted = Posted()
        for request in requests:
            posted.add(request.result())
        if posted.accepted or posted.set_aside:
            await self._store.settle(posted.accepted, posted.set_aside)
        self._count(events, posted)
        for event in posted.held:
            posted.failure = posted.failure or self._hold(event)
        for position, reason in posted.set_aside.items():
            _logger.error("set aside the event at position %d: %s", position, reason)
        return posted

    def _hold(self, event: PendingEvent) -> Failure | None:
        """Leave the event, and those after it with its key, for a while. Gives a failure if there
        are too many of them."""
        if len(self._held) >= _HELD_MAX:
            return Failure("Angarium answers many events with 500")
        pause = self._settings.backoff_max_s
        self._held[order_key(event)] = time.monotonic() + pause
        _logger.error(
            "Angarium answers 500 to the event %s; trying again in %.0f s", event.event_id, pause
        )
        return None

    async def _back_off(self, failure: Failure) -> None:
        """Wait before the next request, unless the relay stops."""
        self._failures += 1
        self._counters.failures += 1
        self._counters.last_failure = failure.reason
        pause = pause_s(
            self._failures,
            retry_after_s=failure.retry_after_s,
            longest_s=self._settings.backoff_max_s,
            random=self._random(),
        )
        _logger.warning("%s; trying again in %.2f s", failure.reason, pause)
        try:
            async with asyncio.timeout(pause):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _count(self, events: Sequence[PendingEvent], posted: Posted) -> None:
        counters = self._counters
        counters.accepted += len(posted.accepted)
        counters.set_aside += len(posted.set_aside)
        accepted, now_ms = set(posted.accepted), time.time_ns() // 1_000_000
        for event in events:
            if event.position in accepted:
                latency_s = max(0, now_ms - event.created_ms) / 1_000
                counters.latency[bisect_left(LATENCY_BOUNDS_S, latency_s)] += 1
                counters.latency_sum_s += latency_s
