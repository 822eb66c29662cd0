"""Tenants on the wire."""

from datetime import datetime
from typing import Annotated

from angarium_contracts.ids import TENANT, format_id
from msgspec import UNSET, Meta, UnsetType

from angarium_gateway.application.tenants.tenants import Tenant

from .fields import ApiSchema, RequestSchema

TenantName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="A unique name for operators: 1 to 256 printable characters.",
        examples=["production"],
    ),
]


class TenantIn(RequestSchema, frozen=True):
    """A tenant to create."""

    name: TenantName


class TenantPatch(RequestSchema, frozen=True):
    """Changes of a tenant; fields that are left out stay as they are."""

    name: TenantName | UnsetType = UNSET
    suspended: Annotated[
        bool | UnsetType,
        Meta(
            description="Whether all requests of the tenant are refused. Messages that were"
            " accepted before go on being delivered."
        ),
    ] = UNSET


class TenantOut(ApiSchema, frozen=True, kw_only=True):
    """A tenant: the owner of API keys, applications and event types."""

    id: Annotated[str, Meta(examples=["tnt_05jHR6TnRzUGhKWN8Ckr5D"])]
    name: str
    suspended: bool
    suspended_at: datetime | None
    created_at: datetime
    deleted_at: Annotated[
        datetime | None,
        Meta(description="When the tenant was deleted. Its data is erased in the background."),
    ]


def tenant_out(tenant: Tenant) -> TenantOut:
    """A tenant as operators see it."""
    return TenantOut(
        id=format_id(TENANT, tenant.id),
        name=tenant.name,
        suspended=tenant.suspended_at is not None,
        suspended_at=tenant.suspended_at,
        created_at=tenant.created_at,
        deleted_at=tenant.deleted_at,
    )
