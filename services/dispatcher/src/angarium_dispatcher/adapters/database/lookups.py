"""Statements that find single objects, used inside a transaction and outside."""

from sqlalchemy import false, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_dispatcher.application.configuration.store import Ref
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.event_type import EventType
from angarium_dispatcher.domain.tenant_policy import TenantPolicy

from .rows import application_of, endpoint_of, event_type_of, tenant_policy_of
from .tables import applications, endpoints, event_types, tenant_policy


async def find_application(
    connection: AsyncConnection, tenant_id: bytes, ref: Ref, kind: str
) -> Application | None:
    """The tenant's application with this id, whatever its kind, or of this kind with this uid,
    unless it is deleted."""
    table = applications.c
    of_kind = true() if isinstance(ref, bytes) else table.kind == kind
    statement = select(applications).where(
        table.tenant_id == tenant_id,
        of_kind,
        table.id == ref if isinstance(ref, bytes) else table.uid == ref,
        table.deleted == false(),
    )
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else application_of(row)


async def find_endpoint(
    connection: AsyncConnection, application_id: bytes, ref: Ref
) -> Endpoint | None:
    """The application's endpoint with this id or uid, unless it is deleted."""
    table = endpoints.c
    statement = select(endpoints).where(
        table.application_id == application_id,
        table.id == ref if isinstance(ref, bytes) else table.uid == ref,
        table.deleted == false(),
    )
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else endpoint_of(row)


async def find_event_type(
    connection: AsyncConnection, tenant_id: bytes, name: str
) -> EventType | None:
    """The tenant's event type of this name, archived or not."""
    statement = select(event_types).where(
        event_types.c.tenant_id == tenant_id, event_types.c.name == name
    )
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else event_type_of(row)


async def find_tenant_policy(connection: AsyncConnection, tenant_id: bytes) -> TenantPolicy:
    """The tenant's policy; one that leaves all to the platform if it has set none."""
    statement = select(tenant_policy).where(tenant_policy.c.tenant_id == tenant_id)
    return tenant_policy_of((await connection.execute(statement)).mappings().one_or_none())
