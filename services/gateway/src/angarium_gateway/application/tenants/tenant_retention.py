"""Port to the retention periods that tenants have set."""

from collections.abc import Sequence
from typing import Protocol

from angarium_contracts.retention import TenantRetention

DAYS_MAX = 3_650
PAGE_MAX = 1_000


class TenantRetentions(Protocol):
    """The retention periods of tenants, in days. Every method raises `JournalUnavailable`."""

    async def find(self, tenant_id: bytes) -> int | None:
        """The tenant's period; None if the platform's applies."""
        ...

    async def set(self, tenant_id: bytes, days: int | None) -> None:
        """Replace the tenant's period; None restores the platform's."""
        ...

    async def page(self, after: bytes | None) -> Sequence[TenantRetention]:
        """The first `PAGE_MAX` periods after the tenant `after`, by tenant id."""
        ...
