"""Quotas in the columns of tenants and API keys."""

from typing import Any, Final

from sqlalchemy import Row

from angarium_gateway.domain.quotas import Rates, TenantQuotas

from .tables import tenant

_PREFIX: Final = "tenant_"
_OF_TENANT: Final = (
    "requests_per_minute",
    "messages_per_minute",
    "payload_bytes_per_minute",
    "applications_max",
    "endpoints_max",
)
TENANT_FACTS: Final = (
    tenant.c.suspended_at,
    tenant.c.deleted_at,
    tenant.c.schema_check,
    *[tenant.c[name].label(f"{_PREFIX}{name}") for name in _OF_TENANT],
)
"""Columns of the tenant that a login needs, in addition to those of its own table."""


def rates_of(row: Row[Any]) -> Rates:
    """The rates of an API key."""
    return Rates(
        requests_per_minute=row.requests_per_minute,
        messages_per_minute=row.messages_per_minute,
        payload_bytes_per_minute=row.payload_bytes_per_minute,
    )


def quotas_of_tenant(row: Row[Any], *, prefix: str = "") -> TenantQuotas:
    """The quotas of a tenant."""
    return TenantQuotas(**{name: getattr(row, f"{prefix}{name}") for name in _OF_TENANT})


def quotas_of_login(row: Row[Any]) -> TenantQuotas:
    """The quotas of the tenant whose `TENANT_FACTS` a row has."""
    return quotas_of_tenant(row, prefix=_PREFIX)
