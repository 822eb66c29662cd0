"""How long attempts of a tenant are kept, where the tenant says so."""

from collections.abc import Sequence
from typing import Protocol

from angarium_contracts.retention import TenantRetention


class TenantRetentions(Protocol):
    """The numbers that tenants have set. The gateway has them."""

    async def all(self) -> Sequence[TenantRetention] | None:
        """All that are set; None: nobody answers now, and attempts stay until somebody does."""
        ...
