"""Port to the audit log: requests for a change, the keys that made them, and their answers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from angarium_gateway.application.read.id_window import IdPage, IdWindow

if TYPE_CHECKING:
    from .audit_chain import ChainedEntry


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A request for a change. The id contains the time of its answer. `key_id` is the API key that
    made it, or `by_portal` the portal token.

    `address` is the IP address that the request came from, or that a trusted proxy named.
    `operation` is the operationId of its route; `path` is percent-encoded and has no query.
    `before` and `after` are JSON objects of the members that changed, with secrets redacted; None:
    the object did not exist, or no object changed.
    """

    id: bytes
    tenant_id: bytes
    key_id: bytes
    operation: str
    method: str
    path: str
    status: int
    by_portal: bool = False
    address: str | None = None
    before: str | None = None
    after: str | None = None


class AuditLog(Protocol):
    """The entries of all tenants. Every method raises `JournalUnavailable`."""

    async def add(self, entry: AuditEntry) -> None:
        """Store an entry at the end of its tenant's chain. Its id is raised if it is not above the
        last one's."""

    async def page(
        self, tenant_id: bytes, window: IdWindow, operation: str | None
    ) -> "IdPage[ChainedEntry]":
        """A page of the tenant's entries; with `operation`, of those of that operation only."""
