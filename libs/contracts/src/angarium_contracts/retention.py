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
