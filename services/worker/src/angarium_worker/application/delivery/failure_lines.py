"""One wide log line for each failed attempt, of the logger `attempt`; off unless it debugs."""

import structlog
from angarium_chassis.log_levels import debugs
from angarium_chassis.tracing.trace_text import log_fields
from angarium_contracts.attempts import AttemptTrigger
from angarium_contracts.ids import APPLICATION, ENDPOINT, MESSAGE, TENANT, format_id

from angarium_worker.application.ledger.records import AttemptRow
from angarium_worker.domain.attempt_result import AttemptFacts
from angarium_worker.domain.verdict import Judgement

log = structlog.get_logger()


def log_failure(
    row: AttemptRow, result: AttemptFacts, verdict: Judgement, trace: str | None
) -> None:
    """Log a failed attempt, without its URL, headers and bodies, which may contain secrets."""
    if not debugs("attempt"):
        return
    log.debug(
        "attempt.failed",
        message_id=format_id(MESSAGE, row.message_id),
        endpoint_id=format_id(ENDPOINT, row.endpoint_id),
        application_id=format_id(APPLICATION, row.application_id),
        tenant_id=format_id(TENANT, row.tenant_id),
        event_type=row.event_type,
        number=row.number,
        trigger=AttemptTrigger(row.trigger).name.lower(),
        verdict=type(verdict).__name__.lower(),
        response_status=row.response_status,
        reason=None if result.reason is None else result.reason.value,
        connection_reused=result.connection_reused,
        duration_ms=row.duration_ms,
        retry_in_s=None if row.retry_in_us is None else round(row.retry_in_us / 1_000_000, 3),
        **log_fields(trace),
    )
