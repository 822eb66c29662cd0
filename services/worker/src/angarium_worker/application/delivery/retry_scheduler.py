"""Retries: pending deliveries whose time has come, taken in batches under a lease.

A delivery whose endpoint may not be sent to now goes into the endpoint's lane and waits there.
"""

import asyncio
from collections.abc import Callable

import structlog
from angarium_contracts.ids import created_at_ms

from angarium_worker.application.capacity.capacity import Capacity
from angarium_worker.application.capacity.wake_signal import SLEEP_S_MAX
from angarium_worker.application.endpoints.endpoint_config import (
    EndpointConfig,
    ResolvedEndpoint,
)
from angarium_worker.application.endpoints.endpoint_guards import EndpointQueue
from angarium_worker.application.endpoints.endpoints import Endpoints
from angarium_worker.application.ledger.records import Ledger, StorageDown
from angarium_worker.domain.admission import Admission, Origin, decide
from angarium_worker.domain.delivery import SCHEDULED_TRIGGER, Delivery
from angarium_worker.domain.verdict import Parked

from .admission import fact_of, newest_wanted, unsent
from .leased_attempt import LeasedAttempt
from .leased_attempts import LeasedAttempts

LEASE_ROWS_MAX = 200
LEASE_BYTES_MAX = 8 * 1024 * 1024
HELD_UP_S = 2.5
"""Half of what a lease lasts longer than an attempt."""
GATHER_S = 0.02
"""After a lease that was not full: what comes due, and slots that come free, gather."""
NEWS_S = 7.0
"""Until then, the failure of a first attempt is written and read by all workers."""
POSTPONED_S_MIN = 10.0
POSTPONED_S_MAX = 3_600.0

log = structlog.get_logger()


class RetryScheduler:
    """Leases due deliveries, as many as there are free slots, and sends each to its endpoint's
    current URL with its current secrets. `run()` until cancelled. `tasks` owns the tasks."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        endpoints: Endpoints,
        leased: LeasedAttempts,
        capacity: Capacity,
        tasks: asyncio.TaskGroup,
        lease_s: float,
        clock_ns: Callable[[], int],
        random: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._cache = endpoints.cache
        self._guards = endpoints.guards
        self._retry_after = endpoints.retry_after
        self._leased = leased
        self._slots = capacity.slots
        self._tasks = tasks
        self._lease_s = lease_s
        self._clock_ns = clock_ns
        self._random = random
        self._resolving: dict[LeasedAttempt, None] = {}
        self._retry_wake = capacity.retry_wake

    async def run(self) -> None:
        """Retry until cancelled. `give_up_untouched` then returns what is leased and not sent."""
        while True:
            try:
                pause_s = await self._next_round()
            except StorageDown as error:
                log.warning("retries.database_down", error=str(error)[:300])
                pause_s = SLEEP_S_MAX
            if pause_s > 0:
                await self._retry_wake.wait(pause_s)

    def give_up_untouched(self) -> list[Delivery]:
        """Give up the deliveries that are leased and wait for their endpoints' configuration;
        returns them, for their leases to be released."""
        left = list(self._resolving)
        self._resolving.clear()  # so that `_resolve` does not send what is released
        self._leased.give_back(left)
        return [attempt.delivery for attempt in left]

    async def _next_round(self) -> float:
        """Lease and start once; returns how long to sleep before the next round."""
        self._retry_wake.reset()
        due_in_s = await self._ledger.next_due_in_s()
        if due_in_s is None or due_in_s > 0:
            return SLEEP_S_MAX if due_in_s is None else min(due_in_s, SLEEP_S_MAX)
        free = self._slots.free_for_retries()
        if free == 0:
            await self._slots.changed()
            return 0
        asked_s = self._guards.clock_s()
        leased = await self._ledger.lease_due(
            rows_max=min(free, LEASE_ROWS_MAX), bytes_max=LEASE_BYTES_MAX, lease_s=self._lease_s
        )
        if self._guards.clock_s() - asked_s > HELD_UP_S:  # the leases may end before an attempt
            await self._ledger.release(leased)
            return 0
        self._start(leased)
        return 0 if len(leased) == LEASE_ROWS_MAX else GATHER_S

    def _start(self, leased: list[Delivery]) -> None:
        # All slots are taken before the first is used: one that is given back on the way would
        # go to a first attempt, and more would be sending than may.
        attempts = [self._leased.take(each) for each in leased]
        unresolved = []
        for attempt in attempts:
            due = attempt.delivery
            endpoint = self._cache.get(due.endpoint_id, due.endpoint_version)
            if endpoint is None:
                unresolved.append(attempt)
            else:
                self._go_on(attempt, endpoint)
        if unresolved:
            self._resolving.update(dict.fromkeys(unresolved))
            self._tasks.create_task(self._resolve(unresolved))

    async def _resolve(self, unresolved: list[LeasedAttempt]) -> None:
        wanted = newest_wanted(
            (attempt.delivery.endpoint_id, attempt.delivery.endpoint_version)
            for attempt in unresolved
        )
        found = await self._cache.load(wanted)
        for attempt in unresolved:
            if attempt in self._resolving:
                del self._resolving[attempt]
                self._go_on(attempt, found.get(attempt.delivery.endpoint_id))

    def _go_on(self, attempt: LeasedAttempt, endpoint: EndpointConfig | None) -> None:
        delivery = attempt.delivery
        resolved = endpoint if isinstance(endpoint, ResolvedEndpoint) else None
        fact, retry = fact_of(endpoint), delivery.is_retry
        paused = resolved is not None and self._retry_after.wait_s(resolved.id) > 0
        cancelled = delivery.cancelled is not None
        admission = decide(Origin.TIME, fact, cancelled=cancelled, paused=paused)
        if admission is Admission.START and resolved is not None:
            queue = self._guards.of(resolved.id)
            now_s = self._guards.clock_s()
            if by_schedule := retry and delivery.trigger == SCHEDULED_TRIGGER:
                self._note_failure(queue, delivery)
            ticket = queue.guard.begin(now_s, retry=retry, from_lane=False)
            if ticket:
                self._leased.start(attempt, resolved, queue, ticket)
                return
            if by_schedule and queue.guard.exceeds_shared(now_s):
                self._leased.not_attempted(attempt, self._postponed(delivery), resolved)
                return
            queue.parked(now_s)
            admission = decide(Origin.TIME, fact, refused=True)
        verdict = unsent(admission, endpoint, retry=retry, cancelled=delivery.cancelled)
        self._leased.not_attempted(attempt, verdict, resolved)

    def _note_failure(self, queue: EndpointQueue, delivery: Delivery) -> None:
        """A retry that comes before the record of failing endpoints can be read tells itself that
        its endpoint failed, in whichever worker."""
        if self._guards.workers > 1 and self._age_s(delivery) < NEWS_S:
            queue.guard.fails_elsewhere()

    def _age_s(self, delivery: Delivery) -> float:
        return self._clock_ns() / 1e9 - created_at_ms(delivery.message_id) / 1e3

    def _postponed(self, delivery: Delivery) -> Parked:
        """Again when the message is about twice as old: what is refused comes back seldom, and
        not all of it at a time."""
        wait_s = min(max(self._age_s(delivery), POSTPONED_S_MIN), POSTPONED_S_MAX)
        return Parked(wait_s * (0.75 + self._random() / 2))
