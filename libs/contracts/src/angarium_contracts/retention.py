"""Retention of the rows of a tenant. The gateway has the numbers; other services query them."""

from .contract import Contract, Part


class TenantRetention(Part, frozen=True):
    """Rows older than `days` are deleted, or older than the platform's days if those are fewer."""

    tenant_id: bytes
    days: int


class ListTenantRetentions(Contract, frozen=True, tag="retention.list/1"):
    """Query: the tenants that set a number, in the order of their ids, after `after` (exclusive).
    Answered by `TenantRetentions`."""

    after: bytes | None = None


class TenantRetentions(Contract, frozen=True, tag="retention.list_of/1"):
    """A page of at most 1,000. `done`: no more follow."""

    items: tuple[TenantRetention, ...]
    done: bool = True


class LegalHold(Part, frozen=True):
    """Rows of the application must not be deleted; of all of the tenant's applications if
    `application_id` is None."""

    tenant_id: bytes
    application_id: bytes | None = None


class ListLegalHolds(Contract, frozen=True, tag="legal_hold.list/1"):
    """Query: the legal holds that follow `after` (exclusive), by tenant and application, a hold on
    a whole tenant first. Answered by `LegalHolds`."""

    after: LegalHold | None = None


class LegalHolds(Contract, frozen=True, tag="legal_hold.list_of/1"):
    """A page of at most 1,000. `done`: no more follow."""

    items: tuple[LegalHold, ...]
    done: bool = True
