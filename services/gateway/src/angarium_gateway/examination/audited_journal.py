"""The journal as `angarium verify` reads it: accepted messages, which of them are open, and for
how long tenants keep theirs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import created_at_ms
from sqlalchemy import ARRAY, LargeBinary, Row, Select, exists, func, literal, select, tuple_

from angarium_gateway.adapters.database.batches import SET_ASIDE
from angarium_gateway.adapters.database.message_rows import names_from_text
from angarium_gateway.adapters.database.tables import (
    application_copy,
    batch,
    message,
    scheduled_message,
    tenant,
)

OPEN_MESSAGES_MAX = 500_000
APPLICATIONS_PER_PAGE = 200
_BATCHES_PER_PAGE = 500
_REFERENCE_BYTES = 32

type IdRange = tuple[bytes, bytes]
"""Message ids from the first (inclusive) to the second (exclusive)."""
type MessageKey = tuple[bytes, bytes]
"""Application id and message id."""


@dataclass(frozen=True, slots=True)
class AuditedMessage:
    """A row of the journal, without its payload. Times are Unix time."""

    id: bytes
    application_id: bytes
    event_type: str
    channels: tuple[str, ...] = ()
    deliver_at_ms: int = 0
    is_cancelled: bool = False
    is_targeted: bool = False

    @property
    def due_ms(self) -> int:
        """The time it was due for dispatch: its acceptance, or the later time of its schedule."""
        return max(created_at_ms(self.id), self.deliver_at_ms)


@dataclass(frozen=True, slots=True)
class AuditedApplication:
    """An application; its tenant keeps rows for `tenant_days`, None for the platform's default."""

    id: bytes
    tenant_days: int | None = None


@dataclass(frozen=True, slots=True)
class OpenMessages:
    """Messages whose batch was open at one moment.

    Messages from `unknown_from` on may be open as well: there were more batches than are read.
    """

    ids: Collection[bytes] = frozenset()
    set_aside: Collection[bytes] = frozenset()
    unknown_from: bytes | None = None

    def may_have(self, message_id: bytes) -> bool:
        """False if the message is known to be settled."""
        if message_id in self.ids:
            return True
        return self.unknown_from is not None and message_id >= self.unknown_from


@dataclass(frozen=True, slots=True)
class ShorterTenants:
    """Number of tenants with a retention shorter than the platform's, and the shortest one."""

    count: int = 0
    days_min: int = 0


class AuditedJournal:
    """Reads pages of the journal and its open batches. Raises SQLAlchemy's errors."""

    def __init__(self, database: Database, *, open_messages_max: int = OPEN_MESSAGES_MAX) -> None:
        self._reading = database.reading
        self._on_postgres = database.on_postgres
        self._open_messages_max = open_messages_max

    async def open_messages(self, within: IdRange) -> OpenMessages:
        """The messages of the range that are open now.

        A batch's id is not above any message id in it, so the messages of batches that were not
        read lie from the last batch's id on.
        """
        first, end = within
        found: set[bytes] = set()
        set_aside: set[bytes] = set()
        after = b""
        while True:
            rows = await self._rows(
                select(batch.c.id, batch.c.owner, batch.c.message_refs)
                .where(batch.c.id > after, batch.c.id < end)
                .order_by(batch.c.id)
                .limit(_BATCHES_PER_PAGE)
            )
            for row in rows:
                if len(found) >= self._open_messages_max:
                    return OpenMessages(found, set_aside, unknown_from=bytes(row.id))
                chosen = set_aside if row.owner == SET_ASIDE else found
                chosen.update(each for _, each in _references(row) if first <= each < end)
            if len(rows) < _BATCHES_PER_PAGE:
                return OpenMessages(found, set_aside)
            after = bytes(rows[-1].id)

    async def still_open(self, message_ids: Collection[bytes]) -> set[bytes]:
        """Those of a few messages that are open at this moment, set aside or not."""
        found: set[bytes] = set()
        after = b""
        while message_ids:
            rows = await self._rows(
                select(batch.c.id, batch.c.message_refs)
                .where(batch.c.id > after, batch.c.id <= max(message_ids))
                .order_by(batch.c.id)
                .limit(_BATCHES_PER_PAGE)
            )
            for row in rows:
                found.update(each for _, each in _references(row) if each in message_ids)
            if len(rows) < _BATCHES_PER_PAGE:
                break
            after = bytes(rows[-1].id)
        return found

    async def applications(self, within: IdRange, after: bytes) -> list[AuditedApplication]:
        """Applications with messages in the range, by id, at most 200; deleted ones too."""
        first, end = within
        has_some = exists().where(
            message.c.application_id == application_copy.c.id,
            message.c.id >= first,
            message.c.id < end,
        )
        rows = await self._rows(
            select(application_copy.c.id, tenant.c.retention_days)
            .outerjoin(tenant, tenant.c.id == application_copy.c.tenant_id)
            .where(application_copy.c.id > after, has_some)
            .order_by(application_copy.c.id)
            .limit(APPLICATIONS_PER_PAGE)
        )
        return [AuditedApplication(bytes(row.id), row.retention_days) for row in rows]

    async def messages(
        self, application_id: bytes, within: IdRange, after: bytes, *, limit: int
    ) -> list[AuditedMessage]:
        """A page of an application's messages in the range, by id, without payloads."""
        first, end = within
        row = message.c
        rows = await self._rows(
            select(
                row.id,
                row.application_id,
                row.event_type,
                row.channels,
                row.deliver_at,
                row.canceled_at,
                row.targeted,
            )
            .where(
                row.application_id == application_id,
                row.id >= first,
                row.id < end,
                row.id > after,
            )
            .order_by(row.id)
            .limit(limit)
        )
        return [_message(each) for each in rows]

    async def scheduled(self, message_ids: Sequence[bytes]) -> set[bytes]:
        """Those of these messages that are still scheduled."""
        if not message_ids:
            return set()
        rows = await self._rows(
            select(scheduled_message.c.message_id).where(
                scheduled_message.c.message_id.in_(message_ids)
            )
        )
        return {bytes(row.message_id) for row in rows}

    async def absent(self, keys: Collection[MessageKey]) -> set[MessageKey]:
        """Those of which there is no message, at most a few thousand at once."""
        if not keys:
            return set()
        ids = [message_id for _, message_id in keys]
        rows = await self._rows(
            select(message.c.application_id, message.c.id).where(
                tuple_(message.c.application_id, message.c.id).in_(self._listed(keys)),
                # As values, so that the partitions of other times are not looked into.
                message.c.id.between(min(ids), max(ids)),
            )
        )
        return set(keys) - {(bytes(row.application_id), bytes(row.id)) for row in rows}

    async def tenant_days(self, tenant_ids: Collection[bytes]) -> dict[bytes, int]:
        """Retention of those of these tenants that have set one, in days."""
        if not tenant_ids:
            return {}
        rows = await self._rows(
            select(tenant.c.id, tenant.c.retention_days).where(
                tenant.c.id.in_(list(tenant_ids)), tenant.c.retention_days.is_not(None)
            )
        )
        return {bytes(row.id): row.retention_days for row in rows}

    async def shorter_tenants(self, days: int) -> ShorterTenants:
        """The tenants that keep rows for fewer days."""
        (row,) = await self._rows(
            select(
                func.count().label("tenants"), func.min(tenant.c.retention_days).label("days")
            ).where(tenant.c.retention_days < days)
        )
        return ShorterTenants(row.tenants, row.days or 0)

    async def now_ms(self) -> int:
        """The database's clock (Unix time)."""
        (row,) = await self._rows(select(clock_us(on_postgres=self._on_postgres).label("now_us")))
        return int(row.now_us) // 1_000

    def _listed(self, keys: Collection[MessageKey]) -> Any:
        """The keys for `in`."""
        if not self._on_postgres:
            return list(keys)
        # Postgres nests a list of pairs as deep as it is long, until its stack is full.
        arrays = (literal(list(ids), ARRAY(LargeBinary)) for ids in zip(*keys, strict=True))
        pairs = func.unnest(*arrays).table_valued("application_id", "message_id").render_derived()
        return select(pairs.c.application_id, pairs.c.message_id)

    async def _rows(self, query: Select[*tuple[Any, ...]]) -> Sequence[Row[Any]]:
        async with self._reading.connect() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
        return rows


def _references(row: Any) -> list[tuple[bytes, bytes]]:
    refs = bytes(row.message_refs)
    return [
        (refs[at : at + 16], refs[at + 16 : at + 32])
        for at in range(0, len(refs), _REFERENCE_BYTES)
    ]


def _message(row: Any) -> AuditedMessage:
    return AuditedMessage(
        id=bytes(row.id),
        application_id=bytes(row.application_id),
        event_type=row.event_type,
        channels=names_from_text(row.channels),
        deliver_at_ms=0 if row.deliver_at is None else to_micros(row.deliver_at) // 1_000,
        is_cancelled=row.canceled_at is not None,
        is_targeted=bool(row.targeted),
    )
