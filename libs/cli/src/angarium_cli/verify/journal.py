"""The gateway's ledger: accepted messages, which of them are not settled yet, and for how long
tenants keep them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_gateway.adapters.database.batches import SET_ASIDE
from angarium_gateway.adapters.database.message_rows import names_from_text
from angarium_gateway.adapters.database.tables import (
    application_copy,
    batch,
    message,
    scheduled_message,
    tenant,
)
from sqlalchemy import (
    ARRAY,
    LargeBinary,
    Row,
    Select,
    exists,
    func,
    literal,
    select,
    tuple_,
)

from angarium_cli.verify.kept import ShorterTenants
from angarium_cli.verify.ledgers import (
    AuditedApplication,
    AuditedMessage,
    OpenMessages,
    Recorded,
)

OPEN_MESSAGES_MAX = 500_000
APPLICATIONS_PER_PAGE = 200
_BATCHES_PER_PAGE = 500
_REFERENCE_BYTES = 32


@dataclass(frozen=True, slots=True)
class IdRange:
    """Message ids from `first` (inclusive) to `end` (exclusive)."""

    first: bytes
    end: bytes


class AuditedJournal:
    """Reads pages of the journal and its open batches. Raises SQLAlchemy's errors."""

    def __init__(self, database: Database, *, open_messages_max: int = OPEN_MESSAGES_MAX) -> None:
        self._reading = database.reading
        self._on_postgres = database.on_postgres
        self._open_messages_max = open_messages_max

    async def open_messages(self, within: IdRange) -> OpenMessages:
        """The messages of the range that are open now. A batch's id is not above any message id
        in it, so those of batches that were not read lie from the last one's id on."""
        found: set[bytes] = set()
        set_aside: set[bytes] = set()
        after = b""
        while True:
            rows = await self._rows(
                select(batch.c.id, batch.c.owner, batch.c.message_refs)
                .where(batch.c.id > after, batch.c.id < within.end)
                .order_by(batch.c.id)
                .limit(_BATCHES_PER_PAGE)
            )
            for row in rows:
                if len(found) >= self._open_messages_max:
                    return OpenMessages(found, set_aside, unknown_from=bytes(row.id))
                chosen = set_aside if row.owner == SET_ASIDE else found
                chosen.update(
                    each for _, each in _references(row) if within.first <= each < within.end
                )
            if len(rows) < _BATCHES_PER_PAGE:
                return OpenMessages(found, set_aside)
            after = bytes(rows[-1].id)

    async def still_open(self, message_ids: Collection[bytes]) -> set[bytes]:
        """Which of a few messages are open at this moment, set aside or not."""
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
        has_some = exists().where(
            message.c.application_id == application_copy.c.id,
            message.c.id >= within.first,
            message.c.id < within.end,
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
                row.id >= within.first,
                row.id < within.end,
                row.id > after,
            )
            .order_by(row.id)
            .limit(limit)
        )
        return [_message(each) for each in rows]

    async def scheduled(self, message_ids: Sequence[bytes]) -> set[bytes]:
        """Which of these wait for their time."""
        if not message_ids:
            return set()
        rows = await self._rows(
            select(scheduled_message.c.message_id).where(
                scheduled_message.c.message_id.in_(message_ids)
            )
        )
        return {bytes(row.message_id) for row in rows}

    async def absent(self, recorded: Sequence[Recorded]) -> list[Recorded]:
        """Those of which there is no message, at most a few thousand at once."""
        if not recorded:
            return []
        ids = [each.message_id for each in recorded]
        rows = await self._rows(
            select(message.c.application_id, message.c.id).where(
                tuple_(message.c.application_id, message.c.id).in_(self._keys(recorded)),
                # As values, so that the partitions of other times are not looked into.
                message.c.id.between(min(ids), max(ids)),
            )
        )
        there = {(bytes(row.application_id), bytes(row.id)) for row in rows}
        return [each for each in recorded if (each.application_id, each.message_id) not in there]

    async def tenant_days(self, tenant_ids: Collection[bytes]) -> dict[bytes, int]:
        """For how long those of these tenants keep rows that say so."""
        if not tenant_ids:
            return {}
        rows = await self._rows(
            select(tenant.c.id, tenant.c.retention_days).where(
                tenant.c.id.in_(list(tenant_ids)), tenant.c.retention_days.is_not(None)
            )
        )
        return {bytes(row.id): row.retention_days for row in rows}

    async def shorter_tenants(self, days: int) -> ShorterTenants:
        """Those that keep rows for fewer days."""
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

    def _keys(self, recorded: Sequence[Recorded]) -> Any:
        """Application id and message id of each, for `in`."""
        application_ids = [each.application_id for each in recorded]
        message_ids = [each.message_id for each in recorded]
        if not self._on_postgres:
            return list(zip(application_ids, message_ids, strict=True))
        # Postgres nests a list of pairs as deep as it is long, until its stack is full.
        arrays = (literal(ids, ARRAY(LargeBinary)) for ids in (application_ids, message_ids))
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
