"""Creates, lists and changes tenants in the gateway's database."""

from dataclasses import dataclass
from datetime import datetime

from angarium_contracts.ids import TENANT, format_id
from angarium_gateway.administration.api_keys import AccessAdministration, Tenant, TenantQuotas

from angarium_cli.gateway_access import with_access


@dataclass(frozen=True, slots=True)
class StoredTenant:
    """A row of `angarium tenants list`."""

    id: str
    name: str
    created_at: datetime
    suspended_at: datetime | None
    quotas: str


def create_tenant(name: str) -> StoredTenant:
    """Create a tenant. Raises CommandFailed."""
    return _stored(with_access(lambda access: access.create_tenant(name)))


def list_tenants() -> list[StoredTenant]:
    """All tenants, oldest first. Raises CommandFailed."""
    return [_stored(tenant) for tenant in with_access(AccessAdministration.all_tenants)]


def rename_tenant(name: str, new_name: str) -> None:
    """Rename a tenant. Raises CommandFailed."""
    with_access(lambda access: access.rename_tenant(name, new_name))


def suspend_tenant(name: str, *, suspended: bool) -> None:
    """Suspend or resume a tenant. Raises CommandFailed."""

    async def suspend(access: AccessAdministration) -> None:
        tenant = await access.tenant(name)
        await access.tenants.suspend(tenant.id, suspended=suspended)

    with_access(suspend)


def delete_tenant(name: str) -> None:
    """Delete a tenant; the gateway erases its data. Raises CommandFailed."""

    async def delete(access: AccessAdministration) -> None:
        await access.tenants.delete((await access.tenant(name)).id)

    with_access(delete)


def limit_tenant(name: str, **quotas: int | None) -> str:
    """Replace the quotas of a tenant; returns them as text. Raises CommandFailed."""

    async def limit(access: AccessAdministration) -> str:
        tenant = await access.tenant(name)
        limits = TenantQuotas(**quotas)
        await access.tenants.limit(tenant.id, limits)
        return _quotas(limits)

    return with_access(limit)


def _quotas(quotas: TenantQuotas) -> str:
    bounds = {
        "requests/min": quotas.requests_per_minute,
        "messages/min": quotas.messages_per_minute,
        "payload bytes/min": quotas.payload_bytes_per_minute,
        "applications": quotas.applications_max,
        "endpoints": quotas.endpoints_max,
    }
    return ", ".join(f"{most:,} {of}" for of, most in bounds.items() if most is not None) or "none"


def _stored(tenant: Tenant) -> StoredTenant:
    return StoredTenant(
        format_id(TENANT, tenant.id),
        tenant.name,
        tenant.created_at,
        tenant.suspended_at,
        _quotas(tenant.quotas),
    )
