"""The journal on SQLite: a group commit is one transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from angarium_chassis.database.columns import from_micros, to_micros
from angarium_chassis.database.engine import Database
from sqlalchemy import insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.domain.messages import (
    CommitOutcome,
    Committed,
    EarlierRequest,
    EventTaken,
    KeyTaken,
    NewMessage,
)

from .earlier_requests import find_claimed, find_earlier
from .failures import journal_failures
from .message_rows import row_of
from .tables import (
    application_copy,
    batch,
    event_claim,
    idempotency_key,
    message,
    payload_expiry,
    scheduled_message,
)


class SqliteJournal:
    """Implements the ports `Journal` and `ScheduledCommits`. `clock_us` is Unix time; keys live
    for `key_life_us`."""

    def __init__(
        self, database: Database, *, clock_us: Callable[[], int], key_life_us: int
    ) -> None:
        self._engine = database.engine
        self._clock_us = clock_us
        self._key_life_us = key_life_us

    async def commit(self, new: NewBatch) -> Sequence[CommitOutcome]:
        """See the port."""
        with journal_failures():
            async with self._engine.begin() as connection:
                fresh, outcomes = await self._store(connection, new.messages)
                if fresh:
                    await connection.execute(insert(batch), _batch_row(new, fresh))
        return outcomes

    async def schedule(self, messages: Sequence[NewMessage]) -> Sequence[CommitOutcome]:
        """See the port."""
        with journal_failures():
            async with self._engine.begin() as connection:
                fresh, outcomes = await self._store(connection, messages)
                if fresh:
                    await connection.execute(
                        insert(scheduled_message), [_scheduled_row(each) for each in fresh]
                    )
        return outcomes

    async def earlier(self, key_digest: bytes) -> EarlierRequest | None:
        """See the port."""
        return await find_earlier(self._engine, key_digest)

    async def claimed(
        self, events: Sequence[tuple[bytes, str]]
    ) -> Mapping[tuple[bytes, str], bytes]:
        """See the port."""
        return await find_claimed(self._engine, events)

    async def close(self) -> None:
        """Do nothing: no connection is kept between commits."""

    async def _store(
        self, connection: AsyncConnection, messages: Sequence[NewMessage]
    ) -> tuple[Sequence[NewMessage], Sequence[CommitOutcome]]:
        """The messages that were stored, and one outcome per message."""
        refused = {
            id(candidate): outcome
            for candidate in messages
            if (outcome := await self._claim(connection, candidate)) is not None
        }
        fresh = [candidate for candidate in messages if id(candidate) not in refused]
        if fresh:
            await connection.execute(insert(message), [row_of(each) for each in fresh])
        expiring = [each for each in fresh if each.payload_expires_at is not None]
        if expiring:
            await connection.execute(
                insert(payload_expiry), [_expiry_row(each) for each in expiring]
            )
        versions = await _versions(connection, fresh)
        return fresh, [
            refused.get(id(candidate)) or Committed(versions.get(candidate.application_id, 0))
            for candidate in messages
        ]

    async def _claim(
        self, connection: AsyncConnection, candidate: NewMessage
    ) -> KeyTaken | EventTaken | None:
        if candidate.key_digest is not None and not await self._claim_key(connection, candidate):
            return KeyTaken()
        if candidate.event_id is not None and not await _claim_event(connection, candidate):
            return EventTaken()
        return None

    async def _claim_key(self, connection: AsyncConnection, candidate: NewMessage) -> bool:
        now_us = self._clock_us()
        claim = upsert(idempotency_key).values(
            key_digest=candidate.key_digest,
            request_digest=candidate.request_digest,
            created_at=from_micros(now_us),
            application_id=candidate.application_id,
            message_id=candidate.id,
        )
        expired = idempotency_key.c.created_at < from_micros(now_us - self._key_life_us)
        claim = claim.on_conflict_do_update(
            index_elements=["key_digest"],
            set_={
                "request_digest": claim.excluded.request_digest,
                "created_at": claim.excluded.created_at,
                "application_id": claim.excluded.application_id,
                "message_id": claim.excluded.message_id,
                "status": None,
                "answer": None,
            },
            where=expired,
        )
        return (await connection.execute(claim)).rowcount == 1


async def _claim_event(connection: AsyncConnection, candidate: NewMessage) -> bool:
    claim = (
        upsert(event_claim)
        .values(
            application_id=candidate.application_id,
            event_id=candidate.event_id,
            message_id=candidate.id,
        )
        .on_conflict_do_nothing()
    )
    return (await connection.execute(claim)).rowcount == 1


async def _versions(
    connection: AsyncConnection, messages: Sequence[NewMessage]
) -> dict[bytes, int]:
    ids = {each.application_id for each in messages}
    query = select(application_copy.c.id, application_copy.c.version)
    rows = await connection.execute(query.where(application_copy.c.id.in_(ids)))
    return {bytes(row.id): row.version for row in rows}


def _scheduled_row(scheduled: NewMessage) -> dict[str, Any]:
    if scheduled.deliver_at is None:
        raise ValueError("only a message with a time of its own can be scheduled")
    return {
        "message_id": scheduled.id,
        "application_id": scheduled.application_id,
        "deliver_at": to_micros(scheduled.deliver_at),
        "bytes": scheduled.size_bytes,
    }


def _expiry_row(expiring: NewMessage) -> dict[str, Any]:
    if expiring.payload_expires_at is None:
        raise ValueError("only a payload with a retention of its own expires")
    return {
        "message_id": expiring.id,
        "application_id": expiring.application_id,
        "expires_at": to_micros(expiring.payload_expires_at),
    }


def _batch_row(new: NewBatch, fresh: Sequence[NewMessage]) -> dict[str, Any]:
    return {
        "id": new.id,
        "owner": new.owner,
        "stream_number": new.stream_number,
        "publication": 1,
        "published": new.published,
        "bytes": sum(each.size_bytes for each in fresh),
        "message_refs": b"".join(each.application_id + each.id for each in fresh),
    }
