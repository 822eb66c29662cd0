"""The guards of endpoints in use, and the deliveries that wait for them in memory."""

from collections import deque
from collections.abc import Callable, Set
from typing import Protocol, assert_never

import structlog
from angarium_chassis.log_levels import debugs
from angarium_contracts.ids import ENDPOINT, format_id

from angarium_worker.domain.attempt_result import (
    AbortRequested,
    Accepted,
    AttemptResult,
    DisableRequested,
    EndpointGone,
    NotAttempted,
    Rejected,
    Rejection,
    Throttled,
    Unreachable,
)
from angarium_worker.domain.endpoint_guard import EndpointGuard, Result
from angarium_worker.domain.shared_limits import SharedLimits

GUARDS_MAX = 20_000
SWEPT_AT_ONCE = 1_000
BACKLOG_S = 5.0
_BY_REJECTION = {
    Rejection.REFUSED: Result.REFUSED,
    Rejection.FAILED: Result.FAILED,
    Rejection.OVERLOADED: Result.OVERLOADED,
}
_UNREMARKABLE = {"delivering", "waiting"}

log = structlog.get_logger()


def result_of(result: AttemptResult) -> Result:
    """The result of an attempt as the guard of its endpoint counts it."""
    if isinstance(result, Accepted):  # nearly all of them
        return Result.SUCCESS
    match result:
        case Rejected():
            return _BY_REJECTION[result.rejection]
        case Throttled():
            return Result.OVERLOADED
        case EndpointGone():
            return Result.REFUSED
        case DisableRequested() | AbortRequested():
            return result_of(result.answer)
        case Unreachable():
            if result.is_ours:
                return Result.UNCOUNTED
            return Result.OVERLOADED if result.timed_out else Result.FAILED
        case NotAttempted():
            return Result.UNCOUNTED
        case _:
            assert_never(result)


class Waiter(Protocol):
    """A delivery that waits in memory for its endpoint."""

    @property
    def waiting(self) -> bool:
        """False once it was given up."""
        ...

    def go(self, ticket: int) -> None:
        """Begin: the guard has counted the attempt."""
        ...


class EndpointQueue:
    """One endpoint's guard, and the deliveries that wait for it."""

    __slots__ = ("_after_probe", "_parked_s", "endpoint_id", "guard", "waiters")

    def __init__(self, guard: EndpointGuard, endpoint_id: bytes) -> None:
        self.endpoint_id = endpoint_id
        self.guard = guard
        self.waiters: deque[Waiter] = deque()
        self._parked_s = 0.0
        self._after_probe: Callable[[], None] | None = None

    def after_probe(self, tell: Callable[[], None]) -> None:
        """Call `tell` once no probe is under way. A later call replaces an earlier one."""
        self._after_probe = tell
        self.tell_waiting()

    def tell_waiting(self) -> None:
        """Call what `after_probe` was given, if the attempt that has ended was the probe."""
        tell = self._after_probe
        if tell is not None and not self.guard.probing:
            self._after_probe = None
            tell()

    def parked(self, now_s: float) -> None:
        """A delivery of it goes into its lane."""
        self.guard.backlog = True
        self._parked_s = now_s

    def has_backlog(self, now_s: float) -> bool:
        """True while deliveries stand in its lane, as far as this process knows. Another may have
        emptied it, so that a sighting counts for `BACKLOG_S` only."""
        return self.guard.backlog and now_s - self._parked_s < BACKLOG_S


class EndpointGuards:
    """The guards of endpoints in use. `clock_s` is monotonic; `random` uniform in 0 to 1."""

    def __init__(self, clock_s: Callable[[], float], random: Callable[[], float]) -> None:
        self.clock_s = clock_s
        self._random = random
        self._shared = SharedLimits()
        self._queues: dict[bytes, EndpointQueue] = {}
        self._failing_elsewhere: Set[bytes] = frozenset()
        self._logs_states = debugs("endpoint")

    def __len__(self) -> int:
        return len(self._queues)

    def of(self, endpoint_id: bytes) -> EndpointQueue:
        """The endpoint's queue."""
        queue = self._queues.get(endpoint_id)
        if queue is None:
            queue = self._queues[endpoint_id] = EndpointQueue(
                EndpointGuard(self._shared), endpoint_id
            )
            if endpoint_id in self._failing_elsewhere:
                queue.guard.fails_elsewhere()
            if len(self._queues) > GUARDS_MAX:
                self._sweep()
        return queue

    def known(self, endpoint_id: bytes) -> EndpointQueue | None:
        """The queue of an endpoint in use."""
        return self._queues.get(endpoint_id)

    @property
    def workers(self) -> int:
        """The number of workers that share what many endpoints in trouble may be sent."""
        return self._shared.workers

    def share_with(self, workers: int) -> None:
        """So many workers run, this one included."""
        self._shared.workers = max(1, workers)

    def failing_elsewhere(self, endpoint_ids: Set[bytes]) -> None:
        """Some worker saw these endpoints fail, and none saw them succeed since. One that is no
        longer among them has succeeded."""
        before, self._failing_elsewhere = self._failing_elsewhere, endpoint_ids
        for endpoint_id in before ^ endpoint_ids:
            queue = self._queues.get(endpoint_id)
            if queue is None:
                continue
            if endpoint_id in endpoint_ids:
                queue.guard.fails_elsewhere()
            else:
                queue.guard.succeeded_elsewhere()

    def limit_of(self, endpoint_id: bytes) -> int | None:
        """How many requests are sent to the endpoint at once at most; None: it is not in use."""
        queue = self._queues.get(endpoint_id)
        return None if queue is None else queue.guard.limit

    def ended(
        self, queue: EndpointQueue, ticket: int, result: AttemptResult, begun_s: float
    ) -> None:
        """Count the end of an attempt that the guard let begin, and let waiters begin."""
        before = queue.guard.state if self._logs_states else ""
        queue.guard.ended(ticket, result_of(result), begun_s, self.clock_s(), self._random())
        if before:
            self._log_state(queue, before)
        queue.tell_waiting()
        if queue.waiters:
            self._let_go(queue)

    def abandoned(self, queue: EndpointQueue, ticket: int) -> None:
        """An attempt that the guard let begin was cut off."""
        queue.guard.abandon(ticket)
        queue.tell_waiting()

    def changed(self, endpoint_id: bytes) -> None:
        """Its owner changed the endpoint: whatever was wrong may be mended."""
        queue = self._queues.get(endpoint_id)
        if queue is not None:
            queue.guard.reset()
            self._let_go(queue)

    def drop_given_up(self, queue: EndpointQueue) -> None:
        """Forget waiters that were given up."""
        queue.waiters = deque([waiter for waiter in queue.waiters if waiter.waiting])

    def by_state(self) -> dict[str, int]:
        """How many endpoints are in which state, for the metrics."""
        counts: dict[str, int] = {}
        for queue in self._queues.values():
            state = queue.guard.state
            counts[state] = counts.get(state, 0) + 1
        return counts

    def _log_state(self, queue: EndpointQueue, before: str) -> None:
        after = queue.guard.state
        if after != before and not {before, after} <= _UNREMARKABLE:
            log.debug(
                "endpoint.state_changed",
                endpoint_id=format_id(ENDPOINT, queue.endpoint_id),
                before=before,
                after=after,
                concurrency_limit=queue.guard.limit,
            )

    def _let_go(self, queue: EndpointQueue) -> None:
        waiters, guard = queue.waiters, queue.guard
        while waiters:
            if not waiters[0].waiting:
                waiters.popleft()
                continue
            ticket = guard.begin(self.clock_s(), retry=False, from_lane=False)
            if not ticket:
                return
            waiters.popleft().go(ticket)

    def _sweep(self) -> None:
        """Forget guards that are as new. Looks at `SWEPT_AT_ONCE`, and moves to the end those that
        are not."""
        now_s = self.clock_s()
        for endpoint_id in list(self._queues)[:SWEPT_AT_ONCE]:
            queue = self._queues.pop(endpoint_id)
            if queue.waiters or not queue.guard.idle(now_s):
                self._queues[endpoint_id] = queue
