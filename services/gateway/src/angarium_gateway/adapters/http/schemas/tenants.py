"""Tenants on the wire."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import msgspec
from angarium_contracts.ids import TENANT, format_id
from msgspec import UNSET, Meta, UnsetType

from angarium_gateway.application.tenants.tenants import Tenant
from angarium_gateway.domain.quotas import NO_RATES, Rates, TenantQuotas

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


PerMinute = Annotated[int, Meta(ge=1, le=10**12)]


class RatesIn(RequestSchema, frozen=True, kw_only=True):
    """The most that may be used in one minute; `null` or left out means no bound."""

    requests_per_minute: Annotated[
        PerMinute | None, Meta(description="Requests of the API, refused ones included.")
    ] = None
    messages_per_minute: Annotated[PerMinute | None, Meta(description="Messages posted.")] = None
    payload_bytes_per_minute: Annotated[
        PerMinute | None, Meta(description="Bytes of the payloads of posted messages.")
    ] = None


class TenantQuotasIn(RatesIn, frozen=True, kw_only=True):
    """The quotas of a tenant; `null` or left out means no bound."""

    applications_max: Annotated[
        PerMinute | None, Meta(description="Applications that the tenant may have.")
    ] = None
    endpoints_max: Annotated[
        PerMinute | None, Meta(description="Endpoints that all its applications may have together.")
    ] = None


class RatesOut(ApiSchema, frozen=True, kw_only=True):
    """The most that may be used in one minute; `null` means no bound."""

    requests_per_minute: int | None
    messages_per_minute: int | None
    payload_bytes_per_minute: int | None


class TenantQuotasOut(RatesOut, frozen=True, kw_only=True):
    """The quotas of a tenant; `null` means no bound."""

    applications_max: int | None
    endpoints_max: int | None


class TenantIn(RequestSchema, frozen=True):
    """A tenant to create."""

    name: TenantName


class TenantPatch(RequestSchema, frozen=True):
    """Changes of a tenant; fields that are left out stay as they are."""

    name: TenantName | UnsetType = UNSET
    suspended: Annotated[
        bool | UnsetType,
        Meta(
            description="If true, all requests of the tenant are refused. Messages that were"
            " accepted before go on being delivered."
        ),
    ] = UNSET
    quotas: Annotated[
        TenantQuotasIn | UnsetType,
        Meta(description="The quotas of the tenant, replaced as a whole."),
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
    quotas: TenantQuotasOut


def tenant_out(tenant: Tenant) -> TenantOut:
    """A tenant as operators see it."""
    return TenantOut(
        id=format_id(TENANT, tenant.id),
        name=tenant.name,
        suspended=tenant.suspended_at is not None,
        suspended_at=tenant.suspended_at,
        created_at=tenant.created_at,
        deleted_at=tenant.deleted_at,
        quotas=TenantQuotasOut(**asdict(tenant.quotas)),
    )


def quotas_in(given: TenantQuotasIn) -> TenantQuotas:
    """The quotas that a request asks for."""
    return TenantQuotas(**msgspec.structs.asdict(given))


def rates_in(given: RatesIn | None) -> Rates:
    """The rates that a request asks for."""
    return NO_RATES if given is None else Rates(**msgspec.structs.asdict(given))
