"""Reads messages to be delivered again, and stores messages for one endpoint only."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import LargeBinary, Row, Select, exists, func, insert, literal, select

from angarium_gateway.application.redelivery.replayed_messages import MessageHead, MessageRange
from angarium_gateway.domain.messages import NewMessage

from .batches import SET_ASIDE
from .failures import journal_failures
from .message_rows import message_of, names_from_text, row_of
from .tables import batch, message, scheduled_message

BATCHES_READ_MAX = 500
"""Open batches that one query reads, at most 6,400 bytes each."""

_REFERENCE_BYTES = 32
_HEAD = (
    message.c.id,
    message.c.event_type,
    message.c.channels,
    message.c.tags,
    func.length(message.c.payload).label("payload_bytes"),
    message.c.expunged_at,
)


class StoredReplayedMessages:
    """Implements the ports `ReplayedMessages` and `TargetedMessages`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._on_postgres = database.on_postgres

    async def heads(
        self, application_id: bytes, ids: Sequence[bytes]
    ) -> Mapping[bytes, MessageHead]:
        """See the port."""
        if not ids:
            return {}
        query = select(*_HEAD).where(
            message.c.application_id == application_id, message.c.id.in_(ids)
        )
        return {bytes(row.id): _head(row) for row in await self._rows(query)}

    async def heads_in(self, within: MessageRange, *, limit: int) -> Sequence[MessageHead]:
        """See the port."""
        waits = exists().where(scheduled_message.c.message_id == message.c.id)
        first = lowest_id_at(to_micros(within.since) // 1000)
        query = select(*_HEAD).where(
            message.c.application_id == within.application_id,
            message.c.id >= first,
            message.c.id < lowest_id_at(to_micros(within.until) // 1000 + 1),
            message.c.targeted.is_(False),
            message.c.canceled_at.is_(None),
            ~waits,
        )
        if within.after is not None:
            query = query.where(message.c.id > within.after)
        return [_head(row) for row in await self._rows(query.order_by(message.c.id).limit(limit))]

    async def still_open(self, application_id: bytes, ids: Collection[bytes]) -> set[bytes]:
        """See the port. A batch's id is not above any message id in it."""
        found: set[bytes] = set()
        if not ids:
            return found
        wanted = {application_id + one for one in ids}
        query = (
            select(batch.c.id, batch.c.message_refs)
            .where(batch.c.id <= max(ids), batch.c.owner != SET_ASIDE)
            .where(self._contains(application_id))
            .order_by(batch.c.id)
            .limit(BATCHES_READ_MAX)
        )
        rows = await self._rows(query)
        while rows:
            for row in rows:
                found.update(one[16:] for one in wanted.intersection(_references(row)))
            if len(rows) < BATCHES_READ_MAX:
                break
            rows = await self._rows(query.where(batch.c.id > rows[-1].id))
        return found

    async def with_payloads(
        self, application_id: bytes, ids: Sequence[bytes]
    ) -> Sequence[NewMessage]:
        """See the port."""
        if not ids:
            return []
        query = select(message).where(
            message.c.application_id == application_id,
            message.c.id.in_(ids),
            message.c.expunged_at.is_(None),
        )
        found = {bytes(row.id): message_of(row) for row in await self._rows(query)}
        return [found[one] for one in ids if one in found]

    async def store(self, message_: NewMessage) -> None:
        """See the port."""
        statement = insert(message).values(**row_of(message_), targeted=True)
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(statement)

    def _contains(self, application_id: bytes) -> Any:
        if self._on_postgres:
            inside = literal(application_id, LargeBinary).op("in")(batch.c.message_refs)
            return func.position(inside) > 0
        return func.instr(batch.c.message_refs, application_id) > 0

    async def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with journal_failures():
            async with self._reading.connect() as connection:
                rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
        return rows


def _references(row: Row[Any]) -> list[bytes]:
    refs = bytes(row.message_refs)
    starts = range(0, len(refs), _REFERENCE_BYTES)
    return [refs[start : start + _REFERENCE_BYTES] for start in starts]


def _head(row: Row[Any]) -> MessageHead:
    return MessageHead(
        id=bytes(row.id),
        event_type=row.event_type,
        payload_bytes=row.payload_bytes,
        expunged=row.expunged_at is not None,
        channels=names_from_text(row.channels),
        tags=names_from_text(row.tags),
    )
