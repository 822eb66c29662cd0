"""The port to the retention periods that tenants have set for their attempts."""

from collections.abc import Sequence
from typing import Protocol

from angarium_contracts.retention import TenantRetention


class TenantRetentions(Protocol):
    """Retention periods of tenants, which the gateway owns."""

    async def all(self) -> Sequence[TenantRetention] | None:
        """Every period that is set; None: no gateway answers, and no attempt is deleted early."""
        ...
