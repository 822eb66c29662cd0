"""Finds the request that used an idempotency key of a message, and the messages of event ids."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from angarium_gateway.domain.messages import EarlierRequest

from .failures import journal_failures
from .message_rows import message_of
from .tables import event_claim, idempotency_key, message

CLAIMS_PER_QUERY_MAX = 200

_key = select(
    idempotency_key.c.request_digest,
    idempotency_key.c.application_id,
    idempotency_key.c.message_id,
)


async def find_earlier(engine: AsyncEngine, key_digest: bytes) -> EarlierRequest | None:
    """The request that took a key, with its message if one was stored."""
    with journal_failures():
        async with engine.execution_options(read_only=True).connect() as connection:
            keys = await connection.execute(_key.where(idempotency_key.c.key_digest == key_digest))
            key = keys.one_or_none()
            if key is None:
                return None
            # Not joined: by an id that is a value only one partition is looked into.
            query = select(message).where(
                message.c.application_id == key.application_id, message.c.id == key.message_id
            )
            row = (await connection.execute(query)).one_or_none()
    found = None if row is None else message_of(row)
    return EarlierRequest(bytes(key.request_digest), found)


async def find_claimed(
    engine: AsyncEngine, events: Sequence[tuple[bytes, str]]
) -> Mapping[tuple[bytes, str], bytes]:
    """The ids of the messages that have these `eventId`s, by application and `eventId`."""
    found: dict[tuple[bytes, str], bytes] = {}
    claim = tuple_(event_claim.c.application_id, event_claim.c.event_id)
    with journal_failures():
        async with engine.execution_options(read_only=True).connect() as connection:
            for start in range(0, len(events), CLAIMS_PER_QUERY_MAX):
                some = events[start : start + CLAIMS_PER_QUERY_MAX]
                rows = await connection.execute(select(event_claim).where(claim.in_(some)))
                for row in rows:
                    found[bytes(row.application_id), row.event_id] = bytes(row.message_id)
    return found
