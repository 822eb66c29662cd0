"""Explanations of failed attempts, from their rows."""

from typing import Any

from angarium_contracts.attempts import AttemptStatus, Explanation
from angarium_webhooks.failures import AttemptRecord, explain
from angarium_webhooks.http_heads import NO_RESPONSE, ResponseHead
from msgspec.structs import replace

from angarium_worker.domain.exchange import HEAD_BYTES_MAX, NO_FACTS, Exchange


def explanation_of(
    row: Any,
    exchange: Exchange | None,
    head: ResponseHead = NO_RESPONSE,
    *,
    body: bytes,
    with_content: bool,
) -> Explanation | None:
    """Why the attempt of a row failed; None for one that did not. `head` is that of its
    exchange."""
    if row.status != int(AttemptStatus.FAIL):
        return None
    reason, _, detail = (row.failure or "").partition(": ")
    record = AttemptRecord(
        url=row.url,
        reason=reason or None,
        detail=detail,
        status=row.response_status,
        head=head,
        received=b"" if exchange is None else exchange.response[:HEAD_BYTES_MAX],
        body=body,
        facts=NO_FACTS if exchange is None else exchange.facts,
    )
    # Whatever the row says, a failed attempt has an explanation.
    return explain(record, with_content=with_content) or explain(replace(record, reason=""))
