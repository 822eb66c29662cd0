"""Entries of the audit log on the wire."""

from datetime import UTC, datetime
from typing import Annotated

from angarium_contracts.ids import API_KEY, AUDIT_ENTRY, PORTAL_TOKEN, created_at_ms, format_id
from msgspec import Meta

from angarium_gateway.application.tenants.audit_log import AuditEntry

from .fields import ApiSchema


class AuditEntryOut(ApiSchema, frozen=True, kw_only=True):
    """A request that changed or tried to change something, and the status it got."""

    id: Annotated[str, Meta(examples=["audit_05jHR6TnRzUGhKWN8Ckr5D"])]
    timestamp: datetime
    api_key_id: Annotated[
        str | None,
        Meta(
            description="The API key of the request; `null` if it was made with a portal token.",
            examples=["key_05jHR6TnRzUGhKWN8Ckr5D"],
        ),
    ]
    portal_token_id: Annotated[
        str | None, Meta(description="The portal token of the request, if it was made with one.")
    ] = None
    operation: Annotated[str, Meta(examples=["v1.endpoint.update"])]
    method: Annotated[str, Meta(examples=["PUT"])]
    path: Annotated[str, Meta(description="The path, percent-encoded, without the query.")]
    status: int


def audit_entry_out(entry: AuditEntry) -> AuditEntryOut:
    """An entry as clients see it."""
    return AuditEntryOut(
        id=format_id(AUDIT_ENTRY, entry.id),
        timestamp=datetime.fromtimestamp(created_at_ms(entry.id) / 1000, UTC),
        api_key_id=None if entry.by_portal else format_id(API_KEY, entry.key_id),
        portal_token_id=format_id(PORTAL_TOKEN, entry.key_id) if entry.by_portal else None,
        operation=entry.operation,
        method=entry.method,
        path=entry.path,
        status=entry.status,
    )
