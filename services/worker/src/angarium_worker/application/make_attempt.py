"""Making one attempt: sign, send, judge what came back."""

from collections.abc import Callable

from angarium_contracts.attempts import AttemptStatus, AttemptTrigger
from angarium_signing import signature_headers

from angarium_worker.domain.retry_schedule import RetrySchedule
from angarium_worker.domain.verdict import (
    DELIVERED,
    EXHAUSTED,
    PARKED_S,
    Judgement,
    Parked,
    Retry,
    judge,
)

from .prepared_endpoint import Prepared
from .records import AttemptRow, MessageFacts
from .sending import (
    Answer,
    FailureReason,
    NoAnswer,
    Outcome,
    Sender,
    SubmittedAttempt,
    WebhookRequest,
)
from .tally import Tally

_NOT_ATTEMPTED = frozenset({FailureReason.NO_FREE_CONNECTION, FailureReason.SENDER_CLOSED})
_SUCCESS = int(AttemptStatus.SUCCESS)
_FAIL = int(AttemptStatus.FAIL)
_SCHEDULED = int(AttemptTrigger.SCHEDULED)

type Concluded = tuple[Judgement, AttemptRow] | tuple[Parked, None]


class MakeAttempt:
    """Starts attempts, and turns their outcomes into verdicts and rows.

    `clock_ns` is Unix time; `random` is uniform in 0 to 1.
    """

    def __init__(
        self,
        sender: Sender,
        schedule: RetrySchedule,
        tally: Tally,
        *,
        timeout_s: float,
        make_id: Callable[[], bytes],
        clock_ns: Callable[[], int],
        random: Callable[[], float],
    ) -> None:
        self._submit = sender.submit
        self._schedule = schedule
        self._tally = tally
        self._timeout_s = timeout_s
        self._make_id = make_id
        self._clock_ns = clock_ns
        self._random = random

    def start(
        self,
        endpoint: Prepared,
        webhook_id: str,
        payload: bytes,
        on_outcome: Callable[[Outcome], None],
    ) -> SubmittedAttempt:
        """Sign with all the endpoint's secrets, as of now, and send."""
        timestamp_s = self._clock_ns() // 1_000_000_000
        signed = signature_headers(endpoint.signers, webhook_id, timestamp_s, payload)
        request = WebhookRequest(endpoint.url, endpoint.headers + signed, payload, self._timeout_s)
        return self._submit(request, on_outcome)

    def conclude(
        self,
        message: MessageFacts,
        endpoint_id: bytes,
        url: str,
        number: int,
        outcome: Outcome,
    ) -> Concluded:
        """The verdict on attempt `number`, and its row unless nothing was attempted."""
        tally = self._tally
        failure: str | None = None
        if isinstance(outcome, Answer):
            status, response = outcome.status, outcome.body
        else:
            if outcome.reason in _NOT_ATTEMPTED:
                tally.parked += 1
                return Parked(PARKED_S), None
            status, response, failure = 0, b"", _failure_text(outcome)
        verdict = judge(status, number, self._schedule, self._random())
        if verdict is DELIVERED:
            tally.delivered += 1
        else:
            tally.failed += 1
            if verdict is EXHAUSTED:
                tally.exhausted += 1
        tally.observe(outcome.duration_s)
        return verdict, AttemptRow(
            self._make_id(),
            message.id,
            endpoint_id,
            message.application_id,
            message.tenant_id,
            message.event_type,
            url,
            number,
            _SUCCESS if verdict is DELIVERED else _FAIL,
            _SCHEDULED,
            status,
            response,
            int(outcome.duration_s * 1_000),
            failure,
            self._clock_ns() // 1_000,
            int(verdict.delay_s * 1_000_000) if type(verdict) is Retry else None,
        )


def _failure_text(outcome: NoAnswer) -> str:
    """`reason` or `reason: detail`; the reason is stable, the detail is for people."""
    reason = outcome.reason.value
    return f"{reason}: {outcome.detail}".replace("\0", "") if outcome.detail else reason
