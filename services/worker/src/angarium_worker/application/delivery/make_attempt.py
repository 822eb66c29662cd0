"""Making one attempt: submit it to its destination, judge the result."""

from collections.abc import Callable, Sequence
from typing import Protocol

from angarium_contracts.attempts import AttemptStatus, AttemptTrigger

from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.destinations.destination import OutgoingDelivery, SubmittedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.application.endpoints.endpoint_owner import GoneEndpoint
from angarium_worker.application.endpoints.gone_endpoints import GoneEndpoints
from angarium_worker.application.endpoints.retry_after_cache import RetryAfterCache
from angarium_worker.application.ledger.operational_events import operational_event_of
from angarium_worker.application.ledger.records import (
    AttemptRow,
    AttemptTimings,
    EventRow,
    MessageFacts,
)
from angarium_worker.domain.attempt_result import (
    AttemptFacts,
    AttemptResult,
    EndpointGone,
    NotAttempted,
    Throttled,
)
from angarium_worker.domain.retry_after import slowdown_s
from angarium_worker.domain.retry_schedule import RetrySchedule
from angarium_worker.domain.verdict import (
    DELIVERED,
    EXHAUSTED,
    PARKED_S,
    Judgement,
    Parked,
    Retry,
    Verdict,
    judge,
)

_SUCCESS = int(AttemptStatus.SUCCESS)
_FAIL = int(AttemptStatus.FAIL)
_SCHEDULED = int(AttemptTrigger.SCHEDULED)

type Concluded = tuple[Judgement, AttemptRow] | tuple[Parked, None]


class Health(Protocol):
    """Who keeps account of how long endpoints have been failing."""

    @property
    def any_failing(self) -> bool:
        """Whether a success of some endpoint matters."""
        ...

    def failed(
        self, endpoint_id: bytes, tenant_id: bytes, application_id: bytes, version: int
    ) -> None:
        """An attempt of this endpoint failed, with this version of its configuration."""
        ...

    def succeeded(self, endpoint_id: bytes) -> None:
        """An attempt of this endpoint succeeded."""
        ...


class MakeAttempt:
    """Starts attempts, and turns their results into verdicts and rows.

    `timeout_s` is for endpoints without their own, `timeout_s_max` for those with a longer one
    than a lease lasts; `clock_ns` is Unix time; `random` is uniform
    in 0 to 1.
    """

    def __init__(
        self,
        schedule: RetrySchedule,
        counters: WorkerCounters,
        slowdowns: RetryAfterCache,
        gone: GoneEndpoints,
        health: Health,
        *,
        timeout_s: float,
        timeout_s_max: float,
        make_id: Callable[[], bytes],
        clock_ns: Callable[[], int],
        random: Callable[[], float],
    ) -> None:
        self._schedule = schedule
        self._counters = counters
        self._slowdowns = slowdowns
        self._gone = gone
        self._health = health
        self._timeout_s = timeout_s
        self._timeout_s_max = timeout_s_max
        self._make_id = make_id
        self._clock_ns = clock_ns
        self._random = random

    def wait_s(self, endpoint: ResolvedEndpoint) -> float:
        """How long the endpoint wants to be left alone; 0: send now."""
        return self._slowdowns.wait_s(endpoint.id) if self._slowdowns else 0.0

    def timeout_s(self, endpoint: ResolvedEndpoint) -> float:
        """How long an attempt lasts at most."""
        return min(endpoint.timeout_s or self._timeout_s, self._timeout_s_max)

    def start(
        self,
        endpoint: ResolvedEndpoint,
        webhook_id: str,
        message: MessageFacts,
        number: int,
        on_result: Callable[[AttemptResult], None],
    ) -> SubmittedAttempt:
        """Submit attempt `number` of this message to the endpoint's destination."""
        delivery = OutgoingDelivery(
            webhook_id,
            message.event_type,
            message.payload,
            message.trace,
            self._clock_ns() // 1_000_000_000,
            number,
            self.timeout_s(endpoint),
        )
        return endpoint.destination.submit(endpoint.prepared, delivery, on_result)

    def conclude(
        self,
        message: MessageFacts,
        channels: Sequence[str],
        endpoint: ResolvedEndpoint,
        number: int,
        result: AttemptResult,
        *,
        trigger: int = _SCHEDULED,
        retry_delays_s: Sequence[float] | None = None,
    ) -> Concluded:
        """The verdict on attempt `number`, and its row unless nothing was attempted.

        `retry_delays_s` is the schedule that the message brought along.
        """
        if isinstance(result, NotAttempted):
            self._counters.parked += 1
            return Parked(PARKED_S), None
        schedule = self._schedule_of(endpoint, retry_delays_s)
        verdict = judge(result, number, schedule, self._random())
        self._count(verdict, result)
        self._note_health(message, endpoint, verdict)
        if verdict is not DELIVERED:
            self._heed(message, endpoint, result)
        return verdict, AttemptRow(
            self._make_id(),
            message.id,
            endpoint.id,
            message.application_id,
            message.tenant_id,
            message.event_type,
            endpoint.url,
            number,
            _SUCCESS if verdict is DELIVERED else _FAIL,
            trigger,
            result.response_status,
            result.response,
            int(result.duration_s * 1_000),
            result.failure,
            tuple(channels),
            _timings(result),
            self._clock_ns() // 1_000,
            int(verdict.delay_s * 1_000_000) if type(verdict) is Retry else None,
        )

    def _heed(
        self, message: MessageFacts, endpoint: ResolvedEndpoint, result: AttemptResult
    ) -> None:
        """Do as an endpoint says that asks for a pause, or that is gone."""
        if isinstance(result, Throttled):
            self._slowdowns.slow_down(endpoint.id, slowdown_s(result))
        elif isinstance(result, EndpointGone):
            gone = GoneEndpoint(
                message.tenant_id, message.application_id, endpoint.id, endpoint.version
            )
            self._gone.report(gone, result.statement)

    def event_of(self, verdict: Verdict, row: AttemptRow) -> EventRow | None:
        """What a tenant is to be told of the attempt."""
        return operational_event_of(verdict, row, self._make_id)

    def _schedule_of(
        self, endpoint: ResolvedEndpoint, of_message: Sequence[float] | None
    ) -> RetrySchedule:
        """The most specific schedule there is: the endpoint's, the message's, the worker's."""
        delays_s = endpoint.retry_delays_s
        if delays_s is None:
            if of_message is None:
                return self._schedule
            delays_s = tuple(of_message)
        return RetrySchedule(delays_s, self._schedule.jitter)

    def _note_health(
        self, message: MessageFacts, endpoint: ResolvedEndpoint, verdict: Judgement
    ) -> None:
        health = self._health
        if verdict is not DELIVERED:
            health.failed(endpoint.id, message.tenant_id, message.application_id, endpoint.version)
        elif health.any_failing:
            health.succeeded(endpoint.id)

    def _count(self, verdict: Judgement, result: AttemptFacts) -> None:
        counters = self._counters
        if verdict is DELIVERED:
            counters.delivered += 1
        else:
            counters.failed += 1
            if verdict is EXHAUSTED:
                counters.exhausted += 1
        counters.observe(result.duration_s)


def _timings(result: AttemptFacts) -> AttemptTimings:
    return AttemptTimings(
        int(result.dns_s * 1e6),
        int(result.connect_s * 1e6),
        int(result.tls_s * 1e6),
        int(result.first_byte_s * 1e6),
        int(result.duration_s * 1e6),
    )
