"""Port to the tenants of the platform, and what an operator changes of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.domain.quotas import NO_QUOTAS, TenantQuotas


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant. `suspended_at` and `deleted_at` are None unless it is suspended or deleted."""

    id: bytes
    name: str
    created_at: datetime
    suspended_at: datetime | None = None
    deleted_at: datetime | None = None
    quotas: TenantQuotas = NO_QUOTAS


class NameTaken(Exception):
    """Another tenant has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a tenant {name} already; choose another name")


class Tenants(Protocol):
    """Every method raises `JournalUnavailable`. Names are those of `may_be_name`."""

    async def create(self, name: str) -> Tenant:
        """Create a tenant. Raises `NameTaken`."""
        ...

    async def get(self, tenant_id: bytes) -> Tenant | None:
        """The tenant with this id, also if it is deleted."""
        ...

    async def named(self, name: str) -> Tenant | None:
        """The tenant with this name."""
        ...

    async def page(self, window: IdWindow) -> IdPage[Tenant]:
        """A page of all tenants that are not deleted."""
        ...

    async def rename(self, tenant_id: bytes, name: str) -> Tenant | None:
        """Give a tenant another name; None if there is no such tenant, or it is deleted. Raises
        `NameTaken`."""
        ...

    async def suspend(self, tenant_id: bytes, *, suspended: bool) -> Tenant | None:
        """Suspend or resume a tenant; None if there is no such tenant, or it is deleted."""
        ...

    async def delete(self, tenant_id: bytes) -> Tenant | None:
        """Delete a tenant: its name is free, its keys and tokens are refused, and everything that
        belongs to it is erased in the background. None if there is no such tenant."""
        ...

    async def limit(self, tenant_id: bytes, quotas: TenantQuotas) -> Tenant | None:
        """Replace the quotas of a tenant; None if there is no such tenant. All servers enforce them
        within a second."""
        ...
