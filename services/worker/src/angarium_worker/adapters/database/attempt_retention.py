"""Deleting attempts and records of cancelled deliveries that are too old.

Attempts are partitioned by time on Postgres and go as whole partitions (`RetentionTable`); what is
deleted here goes in steps, by an index.
"""

from angarium_chassis.database.retention_table import delete_rows, too_old
from angarium_chassis.database.retention_turn import RetentionTurn
from angarium_contracts.retention import LegalHold, TenantRetention
from sqlalchemy import select

from angarium_worker.application.operations.retention import LegalHolds, TenantRetentions

from .held_attempts import not_held
from .tables import attempt, cancelled_delivery, delivery_rollup, endpoint_copy


class CancelledRetention:
    """The retention task of cancelled deliveries: they go by the time of their messages."""

    def __init__(self, holds: LegalHolds, *, days: int) -> None:
        self._holds = holds
        self._days = days

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `RetentionTask`."""
        holds = await self._holds.holds()
        if holds is None:
            return
        row = cancelled_delivery.c
        before = too_old(turn, self._days)
        await delete_rows(
            turn,
            cancelled_delivery,
            row.message_id < before,
            not_held(cancelled_delivery, holds),
            order=row.message_id,
        )


class TenantAttemptRetention:
    """The retention task of tenants that keep attempts for fewer than `days` days, endpoint by
    endpoint. Attempts of an endpoint that is no longer in the copy are kept for `days`."""

    def __init__(self, tenants: TenantRetentions, holds: LegalHolds, *, days: int) -> None:
        self._tenants = tenants
        self._holds = holds
        self._days = days

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `RetentionTask`."""
        tenants, holds = await self._tenants.all(), await self._holds.holds()
        if holds is None:
            return
        for tenant in tenants or ():
            if tenant.days < self._days:
                await _delete_of_tenant(turn, tenant, holds)


async def _delete_of_tenant(
    turn: RetentionTurn, tenant: TenantRetention, holds: list[LegalHold]
) -> None:
    before = too_old(turn, tenant.days)
    if not tenant.days:
        # The tenant is deleted.
        await delete_rows(turn, delivery_rollup, delivery_rollup.c.tenant_id == tenant.tenant_id)
    of_tenant = select(endpoint_copy.c.id).where(endpoint_copy.c.tenant_id == tenant.tenant_id)
    async with turn.read() as connection:
        endpoint_ids = [bytes(each) for each in await connection.scalars(of_tenant)]
    tried, cancelled = attempt.c, cancelled_delivery.c
    for endpoint_id in endpoint_ids:
        await delete_rows(
            turn,
            attempt,
            tried.endpoint_id == endpoint_id,
            tried.id < before,
            not_held(attempt, holds),
            key=tried.id,
            order=tried.id,
        )
        await delete_rows(
            turn,
            cancelled_delivery,
            cancelled.endpoint_id == endpoint_id,
            cancelled.message_id < before,
            not_held(cancelled_delivery, holds),
            order=cancelled.message_id,
        )
