"""The audit logs in the gateway's database: read in order, and verified."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
from angarium_chassis.database.engine import Database
from angarium_chassis.sealing import Seal
from angarium_contracts.ids import AUDIT_ENTRY, format_id

from angarium_gateway.adapters.database.audit_log import AuditLogTable
from angarium_gateway.adapters.http.schemas.audit_log import audit_entry_out
from angarium_gateway.application.read.id_window import IdWindow
from angarium_gateway.application.tenants.audit_chain import PURPOSE, ChainCheck, ChainedEntry
from angarium_gateway.domain.permissions import PLATFORM_TENANT

from .api_keys import AccessAdministration

_PAGE_MAX = 1_000
PLATFORM = "(platform)"
"""Stands for the name of a tenant where the requests of platform keys are meant."""


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """The findings in one audit log. `broken` are sentences; empty if the log is intact."""

    tenant_name: str
    verified: int
    unchained: int
    broken: tuple[str, ...]


class AuditAdministration:
    """The audit logs of all tenants. Reads only. Raises `JournalUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._table = AuditLogTable(database)
        self._access = AccessAdministration.of(database)

    async def tenant_ids(self, name: str | None) -> dict[str, bytes]:
        """The id of a tenant by its name, or of all, and `PLATFORM`. Raises
        `AdministrationRefused`."""
        if name == PLATFORM:
            return {PLATFORM: PLATFORM_TENANT}
        if name is not None:
            return {name: (await self._access.tenant(name)).id}
        found = {tenant.name: tenant.id for tenant in await self._access.all_tenants()}
        return found | {PLATFORM: PLATFORM_TENANT}

    async def exported(self, tenant_id: bytes) -> AsyncIterator[bytes]:
        """Every entry as JSON, oldest first, as the API lists them."""
        async for chained in self._entries(tenant_id):
            yield msgspec.json.encode(audit_entry_out(chained))

    async def verify(self, name: str, tenant_id: bytes, seal: Seal) -> VerifiedLog:
        """Verify a log up to its end at this moment."""
        check = ChainCheck(*seal.derived_keys(PURPOSE))
        # Before the entries, so that those that are added meanwhile are not taken for a fault.
        end = await self._table.end(tenant_id)
        async for chained in self._entries(tenant_id):
            if end is not None and chained.number is not None and chained.number > end.number:
                break
            check.add(chained, format_id(AUDIT_ENTRY, chained.id))
        check.finish(end)
        return VerifiedLog(name, check.verified, check.unchained, tuple(check.broken))

    async def _entries(self, tenant_id: bytes) -> AsyncIterator[ChainedEntry]:
        past: bytes | None = None
        while True:
            window = IdWindow(_PAGE_MAX, past, descending=False)
            page = await self._table.page(tenant_id, window, None)
            for chained in page.items:
                yield chained
            if page.done:
                return
            past = page.items[-1].id
