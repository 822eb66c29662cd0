"""Idempotency keys of POST requests other than messages, in the gateway's database."""

from datetime import timedelta

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database
from sqlalchemy import (
    BigInteger,
    Delete,
    Update,
    delete,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from angarium_gateway.application.accept.idempotency import (
    ABANDONED_AFTER,
    KEPT_FOR,
    Answer,
    Claim,
    Claimed,
    InFlight,
    Replayed,
    UsedForAnother,
)

from .failures import journal_failures
from .tables import idempotency_key as table

CLAIM_TRIES_MAX = 3
_MICROSECOND = timedelta(microseconds=1)


class StoredIdempotencyKeys:
    """Implements `IdempotencyKeys`. Ages are by the database's clock, which the
    replicas share."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.engine.execution_options(read_only=True)
        self._insert = postgresql.insert if database.on_postgres else sqlite.insert
        self._now = clock_us(on_postgres=database.on_postgres)

    async def claim(self, key_digest: bytes, request_digest: bytes) -> Claim:
        """See the port. One statement, so that of two concurrent requests one gets the key."""
        for _ in range(CLAIM_TRIES_MAX):
            claimed = await self._take(key_digest, request_digest)
            if claimed is not None:
                return claimed
            held = await self._read(key_digest, request_digest)
            if held is not None:
                return held
        return InFlight()

    async def _take(self, key_digest: bytes, request_digest: bytes) -> Claimed | None:
        created_at = type_coerce(table.c.created_at, BigInteger)
        new = self._insert(table).values(
            key_digest=key_digest, request_digest=request_digest, created_at=self._now
        )
        statement = new.on_conflict_do_update(
            index_elements=[table.c.key_digest],
            set_={
                "request_digest": new.excluded.request_digest,
                "created_at": new.excluded.created_at,
                "application_id": null(),
                "message_id": null(),
                "status": null(),
                "answer": null(),
            },
            where=or_(
                created_at < self._now - KEPT_FOR // _MICROSECOND,
                table.c.status.is_(None)
                & table.c.message_id.is_(None)
                & (created_at < self._now - ABANDONED_AFTER // _MICROSECOND),
            ),
        ).returning(created_at)
        with journal_failures():
            async with self._engine.begin() as connection:
                at = (await connection.execute(statement)).scalar()
        return None if at is None else Claimed(from_micros(at))

    async def _read(self, key_digest: bytes, request_digest: bytes) -> Claim | None:
        statement = select(table).where(table.c.key_digest == key_digest)
        with journal_failures():
            async with self._reading.connect() as connection:
                row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        if row.request_digest != request_digest:
            return UsedForAnother()
        if row.status is None:
            return InFlight()
        return Replayed(Answer(row.status, row.answer))

    async def complete(self, key_digest: bytes, claimed: Claimed, answer: Answer) -> None:
        """Store the answer."""
        statement = (
            update(table)
            .where(table.c.key_digest == key_digest, table.c.created_at == claimed.at)
            .values(status=answer.status, answer=answer.body)
        )
        await self._write(statement)

    async def release(self, key_digest: bytes, claimed: Claimed) -> None:
        """Delete the row."""
        statement = delete(table).where(
            table.c.key_digest == key_digest,
            table.c.created_at == claimed.at,
            table.c.status.is_(None),
        )
        await self._write(statement)

    async def _write(self, statement: Update | Delete) -> None:
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(statement)
