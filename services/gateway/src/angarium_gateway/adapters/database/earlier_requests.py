"""What an idempotency key of a message was used for."""

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from angarium_gateway.domain.messages import EarlierRequest

from .failures import journal_failures
from .message_rows import message_of
from .tables import idempotency_key, message

_query = select(idempotency_key.c.request_digest, message).select_from(
    idempotency_key.outerjoin(
        message,
        and_(
            message.c.application_id == idempotency_key.c.application_id,
            message.c.id == idempotency_key.c.message_id,
        ),
    )
)


async def find_earlier(engine: AsyncEngine, key_digest: bytes) -> EarlierRequest | None:
    """The request that took a key, with its message when one came of it."""
    with journal_failures():
        async with engine.execution_options(read_only=True).connect() as connection:
            result = await connection.execute(
                _query.where(idempotency_key.c.key_digest == key_digest)
            )
            row = result.one_or_none()
    if row is None:
        return None
    found = None if row.id is None else message_of(row)
    return EarlierRequest(bytes(row.request_digest), found)
