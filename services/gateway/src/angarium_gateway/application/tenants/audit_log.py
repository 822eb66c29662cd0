"""The audit log: who asked for which change, and how that was answered."""

from dataclasses import dataclass
from typing import Protocol

from angarium_gateway.application.read.id_window import IdPage, IdWindow


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A request that was to change something. The time of its answer is in the id.

    `operation` is the operationId of its route; `path` is percent-encoded and has no query.
    """

    id: bytes
    tenant_id: bytes
    key_id: bytes
    operation: str
    method: str
    path: str
    status: int


class AuditLog(Protocol):
    """The entries of all tenants. Methods raise `JournalUnavailable`."""

    async def add(self, entry: AuditEntry) -> None:
        """Put an entry on record, durably."""

    async def page(
        self, tenant_id: bytes, window: IdWindow, operation: str | None
    ) -> IdPage[AuditEntry]:
        """A page of the tenant's entries, or of those of one operation."""
