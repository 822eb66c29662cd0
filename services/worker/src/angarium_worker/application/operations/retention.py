"""Ports to the retention periods and legal holds of tenants, which the gateway owns."""

from collections.abc import Sequence
from typing import Protocol

from angarium_contracts.retention import LegalHold, TenantRetention


class TenantRetentions(Protocol):
    """Retention periods of tenants, which the gateway owns."""

    async def all(self) -> Sequence[TenantRetention] | None:
        """Every period that is set; None: no gateway answers, and no attempt is deleted early."""
        ...


class LegalHolds(Protocol):
    """Legal holds, which the gateway owns."""

    async def holds(self) -> list[LegalHold] | None:
        """Every hold; None: no gateway answers, and nothing may be deleted."""
        ...
