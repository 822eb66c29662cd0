"""Quotas on the number of a tenant's objects."""

from angarium_dispatcher.domain.refusals import QuotaReached

from .store import Change, CountedKind


async def check_quota(
    change: Change, tenant_id: bytes, kind: CountedKind, most: int | None
) -> None:
    """Raise `QuotaReached` if the tenant has as many objects of a kind as it may have. Changes are
    made one after another, so that two of them cannot both take the last place."""
    if most is not None and await change.count_of_tenant(tenant_id, kind, most) >= most:
        raise QuotaReached(kind, most)
