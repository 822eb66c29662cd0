"""Deletes what the gateway stores of deleted tenants, except messages.

Messages have a retention task of their own, to which a deleted tenant keeps them for zero days.
Stored answers of idempotent requests are not known by their tenant; they go when they expire.
"""

from datetime import timedelta

from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.retention_table import delete_rows
from angarium_chassis.database.retention_turn import RetentionTurn
from sqlalchemy import ColumnElement, Table, select

from .retention_tenants import ERASED_FOR_DAYS
from .tables import (
    api_key,
    application_copy,
    audit_chain,
    audit_entry,
    background_task,
    message_rollup,
    payload_retention,
    portal_token,
    scheduled_message,
    schema_violation,
    tenant,
)

_CHAIN = audit_chain.c.tenant_id
_OF_TENANTS: tuple[tuple[Table, ColumnElement[bytes]], ...] = (
    (api_key, api_key.c.id),
    (portal_token, portal_token.c.id),
    (background_task, background_task.c.id),
    (audit_entry, audit_entry.c.id),
)


async def delete_rows_of_deleted_tenants(turn: RetentionTurn) -> None:
    """The retention task of deleted tenants."""
    since = from_micros(turn.now_ms * 1_000) - timedelta(days=ERASED_FOR_DAYS)
    # Not before the configuration is gone: until then, the tenant's tasks and schedule still run.
    gone = select(tenant.c.id).where(tenant.c.deleted_at > since, tenant.c.erased_at.is_not(None))
    async with turn.read() as connection:
        tenant_ids = [bytes(each) for each in await connection.scalars(gone)]
    for tenant_id in tenant_ids:
        for table, key in _OF_TENANTS:
            await delete_rows(turn, table, table.c.tenant_id == tenant_id, key=key)
        await delete_rows(turn, audit_chain, audit_chain.c.tenant_id == tenant_id, key=_CHAIN)
        await delete_rows(turn, message_rollup, message_rollup.c.tenant_id == tenant_id)
        await delete_rows(turn, payload_retention, payload_retention.c.tenant_id == tenant_id)
        await delete_rows(turn, schema_violation, schema_violation.c.tenant_id == tenant_id)
        mine = select(application_copy.c.id).where(application_copy.c.tenant_id == tenant_id)
        scheduled = scheduled_message.c
        await delete_rows(
            turn,
            scheduled_message,
            scheduled.application_id.in_(mine),
            key=scheduled.message_id,
        )
