"""Finds the request that used an idempotency key of a message."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from angarium_gateway.domain.messages import EarlierRequest

from .failures import journal_failures
from .message_rows import message_of
from .tables import idempotency_key, message

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
