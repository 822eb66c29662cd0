"""Entries of the audit log on the wire."""

from datetime import UTC, datetime
from typing import Annotated, Any

from angarium_contracts.ids import API_KEY, AUDIT_ENTRY, PORTAL_TOKEN, created_at_ms, format_id
from msgspec import Meta
from msgspec.json import decode

from angarium_gateway.application.tenants.audit_chain import ChainedEntry

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
    actor: Annotated[
        str | None,
        Meta(
            description="The name of the API key, or the email address or name of who signed in.",
            examples=["billing backend"],
        ),
    ] = None
    operation: Annotated[str, Meta(examples=["v1.endpoint.update"])]
    method: Annotated[str, Meta(examples=["PUT"])]
    path: Annotated[str, Meta(description="The path, percent-encoded, without the query.")]
    status: int
    address: Annotated[
        str | None, Meta(description="The IP address that the request came from.")
    ] = None
    before: Annotated[
        dict[str, Any] | None,
        Meta(
            description="The members that the request changed, as they were, with secrets redacted;"
            " `null` if the object did not exist, or if the operation changes no object."
        ),
    ] = None
    after: Annotated[
        dict[str, Any] | None,
        Meta(
            description="The members that the request changed, as they are after it; `null` if the"
            " object is deleted, or if the operation changes no object."
        ),
    ] = None
    number: Annotated[
        int | None,
        Meta(description="The place of the entry in the tenant's log, from 1 on without gaps."),
    ] = None
    hash: Annotated[
        str | None,
        Meta(
            description="A keyed hash of the entry and of the hash before it. An operator verifies"
            " all of them with `angarium audit verify`."
        ),
    ] = None


def audit_entry_out(chained: ChainedEntry) -> AuditEntryOut:
    """An entry as clients see it."""
    entry = chained.entry
    return AuditEntryOut(
        id=format_id(AUDIT_ENTRY, entry.id),
        timestamp=datetime.fromtimestamp(created_at_ms(entry.id) / 1000, UTC),
        api_key_id=None if entry.by_portal else format_id(API_KEY, entry.key_id),
        portal_token_id=format_id(PORTAL_TOKEN, entry.key_id) if entry.by_portal else None,
        actor=chained.actor,
        operation=entry.operation,
        method=entry.method,
        path=entry.path,
        status=entry.status,
        address=entry.address,
        before=_object(entry.before),
        after=_object(entry.after),
        number=chained.number,
        hash=None if chained.hash is None else chained.hash.hex(),
    )


def _object(text: str | None) -> dict[str, Any] | None:
    return None if text is None else decode(text, type=dict[str, Any])
