"""The journal's `eventId`s as `angarium verify --outbox` compares them with producers' outboxes."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from angarium_chassis.database.engine import Database
from angarium_contracts.ids import APPLICATION, parse_id
from sqlalchemy import or_, select, tuple_

from angarium_gateway.adapters.database.tables import application_copy, event_claim, message

type EventKey = tuple[bytes, str]
"""Application id and `eventId`."""
type IdRange = tuple[bytes, bytes]
"""Message ids from the first (inclusive) to the second (exclusive)."""


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """A message with an `eventId`."""

    application_id: bytes
    id: bytes
    event_id: str


_ROWS_AT_ONCE = 20
"""Rows with payloads that are in memory at once."""


class AuditedEvents:
    """Reads `eventId`s. Raises SQLAlchemy's errors."""

    def __init__(self, database: Database) -> None:
        self._reading = database.engine.execution_options(read_only=True)

    async def applications(self, refs: Collection[str]) -> dict[str, set[bytes]]:
        """The applications that each of these ids and uids may name, of all tenants."""
        found: dict[str, set[bytes]] = {ref: set() for ref in refs}
        ids = {parsed: ref for ref in refs if (parsed := parse_id(APPLICATION, ref)) is not None}
        row = application_copy.c
        query = select(row.id, row.uid).where(or_(row.id.in_(list(ids)), row.uid.in_(list(refs))))
        async with self._reading.connect() as connection:
            for each in await connection.execute(query):
                for ref in (ids.get(bytes(each.id)), each.uid):
                    if ref in found:
                        found[ref].add(bytes(each.id))
        return found

    async def stored(self, keys: Collection[EventKey]) -> set[EventKey]:
        """Those of which there is a message; at most a few hundred at once."""
        if not keys:
            return set()
        row = event_claim.c
        query = select(row.application_id, row.event_id).where(
            tuple_(row.application_id, row.event_id).in_(sorted(keys))
        )
        async with self._reading.connect() as connection:
            rows = (await connection.execute(query)).all()
        return {(bytes(each.application_id), each.event_id) for each in rows}

    async def payload_digests(self, keys: Collection[EventKey]) -> dict[EventKey, bytes]:
        """SHA-256 of the payloads of these, but for those that were deleted; at most a few hundred
        at once."""
        claim, row = event_claim.c, message.c
        claims = select(claim.application_id, claim.event_id, claim.message_id).where(
            tuple_(claim.application_id, claim.event_id).in_(sorted(keys))
        )
        found: dict[EventKey, bytes] = {}
        async with self._reading.connect() as connection:
            events = {
                (bytes(each.application_id), bytes(each.message_id)): each.event_id
                for each in await connection.execute(claims)
            }
            if not events:
                return found
            ids = [message_id for _, message_id in events]
            payloads = select(row.application_id, row.id, row.payload).where(
                tuple_(row.application_id, row.id).in_(sorted(events)),
                row.id >= min(ids),
                row.id <= max(ids),
                row.expunged_at.is_(None),
            )
            rows = await connection.stream(payloads.execution_options(yield_per=_ROWS_AT_ONCE))
            async for each in rows:
                application_id = bytes(each.application_id)
                event_id = events[application_id, bytes(each.id)]
                digest = hashlib.sha256(bytes(each.payload)).digest()
                found[application_id, event_id] = digest
        return found

    async def beginning_with(
        self, prefix: str, within: IdRange, after: tuple[bytes, bytes], *, limit: int
    ) -> Sequence[JournalEvent]:
        """A page of the messages in the range whose `eventId` begins with this prefix, after an
        application id and message id."""
        first, end = within
        row = message.c
        query = (
            select(row.application_id, row.id, row.event_id)
            .where(
                row.id >= first,
                row.id < end,
                row.event_id.startswith(prefix, autoescape=True),
                tuple_(row.application_id, row.id) > after,
            )
            .order_by(row.application_id, row.id)
            .limit(limit)
        )
        async with self._reading.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [
            JournalEvent(bytes(each.application_id), bytes(each.id), each.event_id) for each in rows
        ]
