"""Finds and changes messages whose content is deleted, on either engine."""

from collections.abc import Sequence
from typing import Any

import msgspec
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import APPLICATION, MESSAGE, parse_id
from sqlalchemy import Row, Select, and_, delete, exists, or_, select, update

from angarium_gateway.application.erasure.erasable_messages import ErasableMessage, ForgottenRows

from .failures import journal_failures
from .message_rows import names_from_text
from .tables import application_copy, event_claim, message, scheduled_message
from .term_retention import forget_tags, lock_index

_row = message.c
_COLUMNS = (
    _row.application_id,
    _row.id,
    _row.event_id,
    _row.tags,
    _row.expunged_at,
    exists().where(scheduled_message.c.message_id == _row.id).correlate(message).label("scheduled"),
)


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    app_id: str = ""
    msg_id: str = ""
    msg_event_id: str | None = None


class _Event(msgspec.Struct, frozen=True):
    data: _Data


_event_decoder = msgspec.json.Decoder(_Event)


class StoredErasableMessages:
    """Implements the port `ErasableMessages`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading

    async def page(
        self, application_id: bytes, *, after: bytes | None, before: bytes, limit: int
    ) -> Sequence[ErasableMessage]:
        """See the port."""
        query = select(*_COLUMNS).where(_row.application_id == application_id, _row.id < before)
        if after is not None:
            query = query.where(_row.id > after)
        return [_message(row) for row in await self._rows(query.order_by(_row.id).limit(limit))]

    async def named(
        self, application_id: bytes, message_ids: Sequence[bytes]
    ) -> Sequence[ErasableMessage]:
        """See the port."""
        query = select(*_COLUMNS).where(
            _row.application_id == application_id, _row.id.in_(message_ids)
        )
        return [_message(row) for row in await self._rows(query)]

    async def next_application(self, tenant_id: bytes, after: bytes | None) -> bytes | None:
        """See the port."""
        known = application_copy.c
        query = select(known.id).where(known.tenant_id == tenant_id)
        if after is not None:
            query = query.where(known.id > after)
        rows = await self._rows(query.order_by(known.id).limit(1))
        return bytes(rows[0].id) if rows else None

    async def forget(self, application_id: bytes, message_id: bytes) -> ForgottenRows:
        """See the port."""
        of_message = and_(_row.application_id == application_id, _row.id == message_id)
        claim = event_claim.c
        with journal_failures():
            async with self._engine.begin() as connection:
                salt = await lock_index(connection)
                named = select(_row.event_id, _row.tags).where(of_message)
                found = (await connection.execute(named)).first()
                event_id = None if found is None else found.event_id
                changed = await connection.execute(
                    update(message).where(of_message).values(event_id=None, tags=None, trace=None)
                )
                if salt is not None and found is not None:
                    tags = names_from_text(found.tags)
                    await forget_tags(connection, salt, application_id, message_id, tags)
                claims = 0
                if event_id is not None:
                    forgotten = await connection.execute(
                        delete(event_claim).where(
                            claim.application_id == application_id,
                            claim.event_id == event_id,
                            claim.message_id == message_id,
                        )
                    )
                    claims = forgotten.rowcount
        return ForgottenRows(changed.rowcount, claims)

    async def naming_erased(
        self, tenant_id: bytes, operational_id: bytes, message_ids: Sequence[bytes]
    ) -> set[bytes]:
        """See the port."""
        if not message_ids:
            return set()
        query = select(_row.id, _row.payload).where(
            _row.application_id == operational_id, _row.id.in_(message_ids)
        )
        named = {}
        for row in await self._rows(query):
            try:
                data = _event_decoder.decode(bytes(row.payload)).data
            except msgspec.DecodeError:  # Not an operational event: an example that somebody sent.
                continue
            application_id = parse_id(APPLICATION, data.app_id)
            message_id = parse_id(MESSAGE, data.msg_id)
            if data.msg_event_id is not None and application_id and message_id:
                named[bytes(row.id)] = (application_id, message_id)
        if not named:
            return set()
        wanted = [
            and_(_row.application_id == each[0], _row.id == each[1]) for each in named.values()
        ]
        without = select(_row.application_id, _row.id).where(
            _row.tenant_id == tenant_id, _row.event_id.is_(None), or_(*wanted)
        )
        erased = {(bytes(row.application_id), bytes(row.id)) for row in await self._rows(without)}
        return {each for each, message_ in named.items() if message_ in erased}

    async def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with journal_failures():
            async with self._reading.connect() as connection:
                rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
        return rows


def _message(row: Row[Any]) -> ErasableMessage:
    return ErasableMessage(
        application_id=bytes(row.application_id),
        id=bytes(row.id),
        event_id=row.event_id,
        tags=names_from_text(row.tags),
        scheduled=bool(row.scheduled),
        expunged=row.expunged_at is not None,
    )
