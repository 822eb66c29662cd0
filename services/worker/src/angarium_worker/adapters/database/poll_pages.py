"""Reading what is available at polled endpoints, and the positions of their consumers."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import AttemptStatus
from angarium_contracts.ids import created_at_ms
from angarium_contracts.polling import (
    FIRST_POSITION,
    Consumer,
    ConsumerPage,
    ConsumerPosition,
    Consumers,
    PollAsConsumer,
    PollDeliveries,
    PolledDeliveries,
    PolledDelivery,
    SeekConsumer,
)
from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_worker.application.operations.poll_queries import CONSUMERS_MAX, TooManyConsumers

from .delivery_rows import channels_of
from .storage_errors import storage_errors
from .tables import attempt, poll_consumer

LOOKED_THROUGH_MAX = 2_000
"""Rows that one page examines for a filter."""
BEHIND_MAX = 10_000
_SUCCESS = int(AttemptStatus.SUCCESS)
_consumer = poll_consumer.c


class PollPages:
    """Implements `PolledEndpoints`."""

    def __init__(self, database: Database, *, looked_through_max: int = LOOKED_THROUGH_MAX) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._insert = postgres_insert if database.on_postgres else sqlite_insert
        self._now = clock_us(on_postgres=database.on_postgres)
        self._looked_through_max = looked_through_max

    async def poll(self, question: PollDeliveries) -> PolledDeliveries:
        """See `PollDeliveries`."""
        with storage_errors():
            async with self._reading.connect() as connection:
                return await self._page(connection, question)

    async def poll_as(self, question: PollAsConsumer) -> ConsumerPage:
        """See `PollAsConsumer`. Raises `TooManyConsumers`."""
        endpoint_id, name = question.endpoint_id, question.consumer
        with storage_errors():
            stored = await self._position(endpoint_id, name)
            if stored is None:
                stored = await self._create(endpoint_id, name)
            if _moves(stored, question):
                stored = await self._confirm(question) or stored
            poll = PollDeliveries(endpoint_id, stored.position, question.limit)
            async with self._reading.connect() as connection:
                page = await self._page(connection, poll)
        return ConsumerPage(page.items, page.upto, stored.generation, page.done)

    async def seek(self, command: SeekConsumer) -> ConsumerPosition:
        """See `SeekConsumer`. Raises `TooManyConsumers`."""
        endpoint_id, name = command.endpoint_id, command.consumer
        seek = (
            update(poll_consumer)
            .where(*_is(endpoint_id, name))
            .values(
                position=command.position,
                generation=_consumer.generation + 1,
                updated_at=self._now,
            )
            .returning(_consumer.position, _consumer.generation)
        )
        with storage_errors():
            if await self._position(endpoint_id, name) is None:
                await self._create(endpoint_id, name)
            async with self._engine.begin() as connection:
                row = (await connection.execute(seek)).one_or_none()
        # Another request may have deleted the consumer meanwhile; then it starts over.
        return ConsumerPosition(FIRST_POSITION, 0) if row is None else _stored(row)

    async def consumers(self, endpoint_id: bytes) -> Consumers:
        """See `ListConsumers`."""
        query = (
            select(poll_consumer)
            .where(_consumer.endpoint_id == endpoint_id)
            .order_by(_consumer.name)
            .limit(CONSUMERS_MAX)
        )
        with storage_errors():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
                found = [await self._consumer(connection, row) for row in rows]
        return Consumers(tuple(found))

    async def forget(self, endpoint_id: bytes, name: str) -> bool:
        """Delete a consumer; False when there is none."""
        gone = delete(poll_consumer).where(*_is(endpoint_id, name)).returning(_consumer.name)
        with storage_errors():
            async with self._engine.begin() as connection:
                return (await connection.execute(gone)).one_or_none() is not None

    async def _page(self, connection: AsyncConnection, poll: PollDeliveries) -> PolledDeliveries:
        filtered = poll.event_type is not None or poll.channel is not None
        rows_max = max(poll.limit, self._looked_through_max) if filtered else poll.limit
        query = _available(poll.endpoint_id, poll.after).limit(rows_max + 1)
        rows = (await connection.execute(query)).all()
        done, upto = len(rows) <= rows_max, poll.after
        items: list[PolledDelivery] = []
        for row in rows[:rows_max]:
            if len(items) == poll.limit:
                done = False
                break
            upto = row.id
            if _matches(row, poll):
                items.append(PolledDelivery(row.id, row.message_id))
        return PolledDeliveries(tuple(items), upto, done)

    async def _position(self, endpoint_id: bytes, name: str) -> ConsumerPosition | None:
        query = select(_consumer.position, _consumer.generation).where(*_is(endpoint_id, name))
        async with self._reading.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _stored(row)

    async def _create(self, endpoint_id: bytes, name: str) -> ConsumerPosition:
        count = select(func.count()).where(_consumer.endpoint_id == endpoint_id)
        new = self._insert(poll_consumer).values(
            endpoint_id=endpoint_id,
            name=name,
            position=FIRST_POSITION,
            generation=0,
            updated_at=self._now,
        )
        async with self._engine.begin() as connection:
            if (await connection.execute(count)).scalar_one() >= CONSUMERS_MAX:
                raise TooManyConsumers
            await connection.execute(new.on_conflict_do_nothing())
        return ConsumerPosition(FIRST_POSITION, 0)

    async def _confirm(self, question: PollAsConsumer) -> ConsumerPosition | None:
        """Move the position forward; None when another request has moved it or sought."""
        move = (
            update(poll_consumer)
            .where(
                *_is(question.endpoint_id, question.consumer),
                _consumer.generation == question.generation,
                _consumer.position < question.confirmed,
            )
            .values(position=question.confirmed, updated_at=self._now)
            .returning(_consumer.position, _consumer.generation)
        )
        async with self._engine.begin() as connection:
            row = (await connection.execute(move)).one_or_none()
        if row is not None:
            return _stored(row)
        return await self._position(question.endpoint_id, question.consumer)

    async def _consumer(self, connection: AsyncConnection, row: Row[Any]) -> Consumer:
        waiting = _available(row.endpoint_id, row.position).where(attempt.c.status == _SUCCESS)
        some = waiting.with_only_columns(attempt.c.id).limit(BEHIND_MAX).subquery()
        query = select(func.count(), func.min(some.c.id)).select_from(some)
        behind, first = (await connection.execute(query)).one()
        return Consumer(
            name=row.name,
            position=row.position,
            generation=row.generation,
            updated_at=from_micros(row.updated_at),
            behind=behind,
            waiting_since=None if first is None else from_micros(created_at_ms(first) * 1_000),
        )


def _available(endpoint_id: bytes, after: bytes) -> Select[Any]:
    columns = (attempt.c.id, attempt.c.message_id, attempt.c.status)
    return (
        select(*columns, attempt.c.event_type, attempt.c.channels)
        .where(attempt.c.endpoint_id == endpoint_id, attempt.c.id > after)
        .order_by(attempt.c.id)
    )


def _matches(row: Row[Any], poll: PollDeliveries) -> bool:
    # A worker of an earlier version records failures: it does not know such endpoints.
    return (
        row.status == _SUCCESS
        and (poll.event_type is None or poll.event_type == row.event_type)
        and (poll.channel is None or poll.channel in channels_of(row.channels))
    )


def _moves(stored: ConsumerPosition, question: PollAsConsumer) -> bool:
    return (
        question.confirmed is not None
        and question.generation == stored.generation
        and question.confirmed > stored.position
    )


def _is(endpoint_id: bytes, name: str) -> Sequence[Any]:
    return _consumer.endpoint_id == endpoint_id, _consumer.name == name


def _stored(row: Any) -> ConsumerPosition:
    return ConsumerPosition(row.position, row.generation)
