"""How long a tenant's rows are kept, where the tenant says so."""

from collections.abc import Sequence
from typing import Protocol

from angarium_contracts.retention import TenantRetention

DAYS_MAX = 3_650
PAGE_MAX = 1_000


class TenantRetentions(Protocol):
    """The numbers that tenants have set. Every method raises `JournalUnavailable`."""

    async def find(self, tenant_id: bytes) -> int | None:
        """The tenant's number of days; None: the platform's own holds."""
        ...

    async def set(self, tenant_id: bytes, days: int | None) -> None:
        """Replace it."""
        ...

    async def page(self, after: bytes | None) -> Sequence[TenantRetention]:
        """The first `PAGE_MAX` that are set, in the order of tenants' ids, after `after`."""
        ...
