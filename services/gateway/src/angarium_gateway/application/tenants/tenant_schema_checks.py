"""Port to what tenants have decided about checks of payloads."""

from typing import Protocol

from angarium_gateway.domain.schema_checks import SchemaCheck


class TenantSchemaChecks(Protocol):
    """The decisions of tenants. Every method raises `JournalUnavailable`."""

    async def find(self, tenant_id: bytes) -> SchemaCheck | None:
        """How the tenant's payloads are checked; None: not at all."""
        ...

    async def set(self, tenant_id: bytes, check: SchemaCheck | None) -> None:
        """Replace it. It applies to messages posted a second later, everywhere."""
        ...
