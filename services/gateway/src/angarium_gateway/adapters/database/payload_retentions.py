"""The hours for which payloads of applications and event types are kept."""

from collections.abc import Mapping, Sequence
from typing import Final

from angarium_chassis.database.engine import Database
from sqlalchemy import ColumnElement, delete, func, insert, select

from angarium_gateway.application.tenants.payload_retention import RULES_MAX, TooManyRules

from .failures import journal_failures
from .tables import payload_retention

NO_APPLICATION: Final = bytes(16)
NO_EVENT_TYPE: Final = ""

_rule = payload_retention.c


class StoredPayloadRetentions:
    """Implements the port `PayloadRetentions`."""

    def __init__(self, database: Database, *, rules_max: int = RULES_MAX) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._rules_max = rules_max

    async def of_applications(self, tenant_id: bytes, ids: Sequence[bytes]) -> Mapping[bytes, int]:
        """See the port."""
        query = select(_rule.application_id, _rule.hours).where(
            _rule.tenant_id == tenant_id,
            _rule.application_id.in_(ids),
            _rule.event_type == NO_EVENT_TYPE,
        )
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        return {bytes(row.application_id): row.hours for row in rows}

    async def of_event_types(self, tenant_id: bytes, names: Sequence[str]) -> Mapping[str, int]:
        """See the port."""
        query = select(_rule.event_type, _rule.hours).where(
            _rule.tenant_id == tenant_id,
            _rule.application_id == NO_APPLICATION,
            _rule.event_type.in_(names),
        )
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        return {row.event_type: row.hours for row in rows}

    async def set_of_application(
        self, tenant_id: bytes, application_id: bytes, hours: int | None
    ) -> None:
        """See the port."""
        await self._set(tenant_id, application_id, NO_EVENT_TYPE, hours)

    async def set_of_event_type(self, tenant_id: bytes, name: str, hours: int | None) -> None:
        """See the port."""
        await self._set(tenant_id, NO_APPLICATION, name, hours)

    async def _set(
        self, tenant_id: bytes, application_id: bytes, event_type: str, hours: int | None
    ) -> None:
        row = {
            "tenant_id": tenant_id,
            "application_id": application_id,
            "event_type": event_type,
        }
        same_kind: ColumnElement[bool] = (
            _rule.application_id == NO_APPLICATION
            if event_type
            else _rule.event_type == NO_EVENT_TYPE
        )
        count = select(func.count()).where(_rule.tenant_id == tenant_id, same_kind)
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(
                    delete(payload_retention).where(
                        *(payload_retention.c[name] == value for name, value in row.items())
                    )
                )
                if hours is None:
                    return
                if (await connection.scalar(count) or 0) >= self._rules_max:
                    raise TooManyRules
                await connection.execute(insert(payload_retention).values(**row, hours=hours))
