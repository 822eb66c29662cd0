"""The operational events that a delivery brings about."""

from collections.abc import Callable

from angarium_contracts.ids import operational_application_id
from angarium_contracts.operational import (
    ATTEMPT_EXHAUSTED,
    ATTEMPT_FAILING,
    ATTEMPT_RECOVERED,
)

from angarium_worker.domain.verdict import Aborted, Delivered, Exhausted, Gone, Retry, Verdict

from .records import AttemptRow, EventRow

FAILING_AT_ATTEMPT = 4
"""`message.attempt.failing` is sent on this failure (Svix API)."""


def operational_event_of(
    verdict: Verdict, row: AttemptRow, make_id: Callable[[], bytes]
) -> EventRow | None:
    """The event that an attempt brings about, if any. Those of operational webhooks' own
    deliveries bring about none: they could go on for ever."""
    match verdict:
        case Delivered() if row.number > FAILING_AT_ATTEMPT:
            kind = ATTEMPT_RECOVERED
        case Exhausted() | Gone() | Aborted():
            kind = ATTEMPT_EXHAUSTED
        case Retry() if row.number == FAILING_AT_ATTEMPT:
            kind = ATTEMPT_FAILING
        case _:
            return None
    if row.application_id == operational_application_id(row.tenant_id):
        return None
    return EventRow(
        make_id(),
        kind,
        row.tenant_id,
        row.application_id,
        row.endpoint_id,
        row.message_id,
        row.id,
        row.response_status,
        row.ended_at_us,
    )
