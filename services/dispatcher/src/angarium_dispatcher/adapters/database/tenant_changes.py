"""Changes to objects that belong to a tenant as a whole: event types, policy, events."""

from collections.abc import Collection

from angarium_contracts.operational import OperationalEvent
from sqlalchemy import delete, false, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_dispatcher.application.configuration.store import PostCommitEffects
from angarium_dispatcher.domain.event_type import EventType
from angarium_dispatcher.domain.tenant_policy import TenantPolicy

from . import lookups
from .rows import event_type_values, operational_event_values, tenant_policy_values
from .tables import event_types, operational_event, tenant_policy


class TenantChange:
    """The part of `Change` that concerns tenants, within one open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._events: list[OperationalEvent] = []
        self._rescheduled: set[bytes] = set()
        self._policy_version = 0

    def post_commit_effects(self) -> PostCommitEffects:
        return PostCommitEffects(
            bool(self._events), frozenset(self._rescheduled), self._policy_version
        )

    async def find_event_type(self, tenant_id: bytes, name: str) -> EventType | None:
        return await lookups.find_event_type(self._connection, tenant_id, name)

    async def count_schedules(self, tenant_id: bytes) -> int:
        statement = select(func.count()).where(
            event_types.c.tenant_id == tenant_id,
            event_types.c.retry_delays_s.is_not(None),
            event_types.c.archived == false(),
        )
        return int((await self._connection.execute(statement)).scalar_one())

    async def add_event_type(self, event_type: EventType) -> None:
        await self._connection.execute(insert(event_types).values(event_type_values(event_type)))

    async def replace_event_type(self, event_type: EventType) -> None:
        await self._connection.execute(
            update(event_types)
            .where(
                event_types.c.tenant_id == event_type.tenant_id,
                event_types.c.name == event_type.name,
            )
            .values(event_type_values(event_type))
        )

    async def remove_event_type(self, tenant_id: bytes, name: str) -> None:
        await self._connection.execute(
            delete(event_types).where(
                event_types.c.tenant_id == tenant_id, event_types.c.name == name
            )
        )

    async def existing_event_types(self, tenant_id: bytes, names: Collection[str]) -> set[str]:
        statement = select(event_types.c.name).where(
            event_types.c.tenant_id == tenant_id,
            event_types.c.name.in_(names),
            event_types.c.archived == false(),
        )
        return set((await self._connection.execute(statement)).scalars())

    async def tenant_policy(self, tenant_id: bytes) -> TenantPolicy:
        return await lookups.find_tenant_policy(self._connection, tenant_id)

    async def set_tenant_policy(self, tenant_id: bytes, policy: TenantPolicy) -> None:
        await self.reschedule(tenant_id)
        await self._connection.execute(
            update(tenant_policy)
            .where(tenant_policy.c.tenant_id == tenant_id)
            .values(tenant_policy_values(policy))
        )

    async def reschedule(self, tenant_id: bytes) -> None:
        # The version counts over all tenants. Transactions run one at a time, so versions are
        # committed in their order, and `ScheduleWatch` misses none by asking for later ones.
        latest = select(func.coalesce(func.max(tenant_policy.c.version), 0))
        version = int((await self._connection.execute(latest)).scalar_one()) + 1
        updated = await self._connection.execute(
            update(tenant_policy)
            .where(tenant_policy.c.tenant_id == tenant_id)
            .values(version=version)
        )
        if not updated.rowcount:
            await self._connection.execute(
                insert(tenant_policy).values(tenant_id=tenant_id, version=version)
            )
        self._rescheduled.add(tenant_id)
        self._policy_version = version

    async def record_event(self, event: OperationalEvent) -> None:
        self._events.append(event)

    async def write_events(self) -> None:
        """Insert the recorded events in one statement. Called before the commit."""
        if self._events:
            values = [operational_event_values(event) for event in self._events]
            await self._connection.execute(insert(operational_event), values)
