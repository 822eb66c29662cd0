"""Making one attempt: submit it to its destination, judge the result."""

from collections.abc import Callable, Sequence

import structlog
from angarium_chassis.log_levels import debugs
from angarium_chassis.metrics.histogram import Example
from angarium_chassis.tracing.trace_text import exemplar_of, log_fields
from angarium_contracts.attempts import AttemptStatus, AttemptTrigger
from angarium_contracts.ids import ENDPOINT, MESSAGE, created_at_ms, format_id

from angarium_worker.application.capacity.worker_counters import WorkerCounters, status_class
from angarium_worker.application.destinations.destination import OutgoingDelivery, SubmittedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.application.endpoints.endpoint_owner import GoneEndpoint
from angarium_worker.application.endpoints.endpoints import Endpoints
from angarium_worker.application.ledger.operational_events import operational_event_of
from angarium_worker.application.ledger.records import (
    AttemptRow,
    AttemptTimings,
    EventRow,
    MessageFacts,
)
from angarium_worker.domain.attempt_result import (
    REQUESTS,
    Accepted,
    AttemptFacts,
    AttemptResult,
    DisableRequested,
    EndpointGone,
    NotAttempted,
    Throttled,
)
from angarium_worker.domain.clocks import Clocks
from angarium_worker.domain.retry_after import slowdown_s
from angarium_worker.domain.verdict import (
    ABORTED,
    DELIVERED,
    EXHAUSTED,
    PARKED_S,
    Judgement,
    Parked,
    Retry,
    Verdict,
    judge,
)

from .attempt_policy import AttemptPolicy
from .attempt_spans import AttemptSpans
from .failure_lines import log_failure

_SUCCESS = int(AttemptStatus.SUCCESS)
_FAIL = int(AttemptStatus.FAIL)
_SCHEDULED = int(AttemptTrigger.SCHEDULED)

log = structlog.get_logger()

type Concluded = tuple[Verdict, AttemptRow | None, EventRow | None]
"""The verdict on an attempt, its row unless nothing was attempted, and the operational event that
it brings about, if any."""


class MakeAttempt:
    """Starts attempts, and turns their results into verdicts and rows."""

    def __init__(
        self,
        policy: AttemptPolicy,
        clocks: Clocks,
        counters: WorkerCounters,
        endpoints: Endpoints,
        spans: AttemptSpans,
    ) -> None:
        self._policy = policy
        self._counters = counters
        self._spans = spans
        self._retry_after = endpoints.retry_after
        self._gone = endpoints.gone
        self._health = endpoints.health
        self._make_id = clocks.make_id
        self._clock_ns = clocks.unix_ns
        self._random = clocks.random

    def timeout_s(self, endpoint: ResolvedEndpoint) -> float:
        """The most seconds that an attempt at the endpoint may last."""
        return self._policy.timeout_of(endpoint)

    def start(
        self,
        endpoint: ResolvedEndpoint,
        webhook_id: str,
        message: MessageFacts,
        number: int,
        on_result: Callable[[AttemptResult], None],
        *,
        link: str | None = None,
    ) -> SubmittedAttempt:
        """Submit attempt `number` of this message to the endpoint's destination. `link` says why
        it is not the first one, for its trace."""
        trace = message.trace
        if trace is not None:
            trace, on_result = self._spans.begin(
                trace, message, endpoint, number, link=link, on_result=on_result
            )
        delivery = OutgoingDelivery(
            webhook_id,
            message.event_type,
            message.payload,
            trace,
            self._clock_ns() // 1_000_000_000,
            number,
            self._policy.timeout_of(endpoint),
            message.content_type,
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
        """Judge attempt `number`. `retry_delays_s` is the schedule that the message brought along.

        Never raises: an error of ours in here would lose the delivery, so it is parked instead.
        """
        if isinstance(result, NotAttempted):
            return Parked(PARKED_S), None, None
        try:
            if isinstance(result, REQUESTS) and not endpoint.receiver_control:
                result = result.answer
            schedule = self._policy.schedule_of(endpoint, retry_delays_s)
            verdict = judge(result, number, schedule, self._random())
            ended_at_us = self._clock_ns() // 1_000
            self._count(verdict, result)
            if verdict is DELIVERED and trigger == _SCHEDULED:
                self._observe_latency(message, number, ended_at_us)
            self._note_health(message, endpoint, verdict)
            if type(result) is not Accepted:
                self._heed(message, endpoint, result)
            row = AttemptRow(
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
                result.exchange,
                ended_at_us,
                int(verdict.delay_s * 1_000_000) if type(verdict) is Retry else None,
            )
            if verdict is not DELIVERED:
                log_failure(row, result, verdict, message.trace)
            return verdict, row, operational_event_of(verdict, row, self._make_id)
        except Exception:
            log.exception(
                "attempt.not_concluded",
                message_id=format_id(MESSAGE, message.id),
                **log_fields(message.trace),
            )
            return Parked(PARKED_S), None, None

    def _heed(
        self, message: MessageFacts, endpoint: ResolvedEndpoint, result: AttemptResult
    ) -> None:
        """Follow the endpoint's request for a pause, its statement that it is gone, or its request
        to be disabled."""
        answer = result.answer if isinstance(result, REQUESTS) else result
        if isinstance(answer, Throttled):
            pause_s = slowdown_s(answer)
            self._retry_after.slow_down(endpoint.id, pause_s)
            if debugs("endpoint"):
                log.debug(
                    "endpoint.paused",
                    endpoint_id=format_id(ENDPOINT, endpoint.id),
                    message_id=format_id(MESSAGE, message.id),
                    pause_s=pause_s,
                )
        if isinstance(result, EndpointGone | DisableRequested):
            gone = GoneEndpoint(
                message.tenant_id, message.application_id, endpoint.id, endpoint.version
            )
            self._gone.report(gone, result.statement)

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
        answered = status_class(result.response_status)
        if verdict is DELIVERED:
            counters.delivered[answered] += 1
        else:
            counters.failed[answered] += 1
            if result.reason is not None:
                counters.reasons[result.reason.value] += 1
            if verdict is EXHAUSTED or verdict is ABORTED:
                counters.exhausted += 1
        counters.durations_s.observe(result.duration_s)

    def _observe_latency(self, message: MessageFacts, number: int, ended_at_us: int) -> None:
        """As statistics count it: from the acceptance of the message, which its id contains, to
        the end of the attempt."""
        counters = self._counters
        latencies_s = counters.first_latencies_s if number <= 1 else counters.retry_latencies_s
        latency_s = max(0, ended_at_us // 1_000 - created_at_ms(message.id)) / 1_000
        latencies_s.observe(latency_s)
        labels = exemplar_of(message.trace)
        if labels is not None:
            latencies_s.keep(Example(labels, latency_s, ended_at_us / 1_000_000))


def _timings(result: AttemptFacts) -> AttemptTimings:
    return AttemptTimings(
        int(result.dns_s * 1e6),
        int(result.connect_s * 1e6),
        int(result.tls_s * 1e6),
        int(result.first_byte_s * 1e6),
        int(result.duration_s * 1e6),
    )
