"""Reads that fill the dispatch cache: recipients, and the schedules of tenants."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, Select, false, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_dispatcher.domain.filters.message_filter import stored_filter
from angarium_dispatcher.domain.matching import EndpointFilter, Recipients
from angarium_dispatcher.domain.schedules import NO_SCHEDULES, DelaysS, Schedules

from .tables import applications, endpoints, event_types, tenant_policy


async def read_recipients(
    connection: AsyncConnection, application_ids: Sequence[bytes]
) -> dict[bytes, Recipients]:
    """The enabled endpoints of applications, by application; unknown ones are left out."""
    rows: dict[bytes, Row[Any]] = {}
    filters: dict[bytes, list[EndpointFilter]] = {}
    for row in await connection.execute(_with_endpoints(application_ids)):
        application_id, endpoint_id = row.id, row.endpoint_id
        rows[application_id] = row
        of_application = filters.setdefault(application_id, [])
        if endpoint_id is not None:
            of_application.append(
                EndpointFilter(
                    endpoint_id,
                    row.endpoint_version,
                    None if row.event_types is None else frozenset(row.event_types),
                    None if row.channels is None else frozenset(row.channels),
                    stored_filter(row.filter),
                )
            )
    # Schedules have no version that a message could carry to prove a cached one stale. They are
    # read last, so that a change committed between the two reads is seen.
    schedules = await read_schedules(connection, {row.tenant_id for row in rows.values()})
    return {
        application_id: Recipients(
            row.version,
            filters[application_id],
            tenant_id=row.tenant_id,
            share=row.weight,
            schedules=schedules.get(row.tenant_id, NO_SCHEDULES),
            metadata=row.metadata,
        )
        for application_id, row in rows.items()
    }


def _with_endpoints(application_ids: Sequence[bytes]) -> Select[Any]:
    application, endpoint = applications.c, endpoints.c
    return (
        select(
            application.id,
            application.tenant_id,
            application.version,
            application.weight,
            application.metadata,
            endpoint.id.label("endpoint_id"),
            endpoint.version.label("endpoint_version"),
            endpoint.event_types,
            endpoint.channels,
            endpoint.filter,
        )
        .select_from(
            applications.outerjoin(
                endpoints,
                (endpoint.application_id == application.id)
                & (endpoint.deleted == false())
                & (endpoint.disabled == false()),
            )
        )
        .where(application.id.in_(application_ids))
        .order_by(application.id, endpoint.id)
    )


async def read_schedules(
    connection: AsyncConnection, tenant_ids: Collection[bytes]
) -> dict[bytes, Schedules]:
    """Retry schedules of tenants; tenants without any are left out."""
    if not tenant_ids:
        return {}
    policy, named = tenant_policy.c, event_types.c
    statement = union_all(
        select(policy.tenant_id, null().label("name"), policy.retry_delays_s).where(
            policy.tenant_id.in_(tenant_ids), policy.retry_delays_s.is_not(None)
        ),
        select(named.tenant_id, named.name, named.retry_delays_s).where(
            named.tenant_id.in_(tenant_ids),
            named.retry_delays_s.is_not(None),
            named.archived == false(),
        ),
    )
    defaults: dict[bytes, DelaysS] = {}
    by_event_type: dict[bytes, list[tuple[str, DelaysS]]] = {}
    for tenant_id, name, delays_s in await connection.execute(statement):
        if name is None:
            defaults[tenant_id] = delays_s
        else:
            by_event_type.setdefault(tenant_id, []).append((name, delays_s))
    return {
        tenant_id: Schedules(defaults.get(tenant_id), by_event_type.get(tenant_id, ()))
        for tenant_id in defaults.keys() | by_event_type.keys()
    }
