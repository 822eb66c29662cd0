"""The outbox's rows as relays and operators read and change them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    SmallInteger,
    any_,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from angarium_outbox.database_clock import now_ms
from angarium_outbox.tables import State, outbox

COUNTED_MAX: Final = 100_000
"""Rows that `backlog` counts at most."""
REASON_CHARS_MAX: Final = 1_000
_PRUNED_PER_STATEMENT: Final = 1_000
_WITHOUT_KEY: Final = "\0"
"""Begins the order keys of events without a key. A key never contains it."""

# With `state = 0 order by position`, Postgres may read the primary key through all accepted events
# before it comes to the first pending one. This condition and order have one index only.
_IS_PENDING: Final = outbox.c.state <= State.PENDING

type OrderKey = tuple[str, str]
"""Application and key; of an event without a key, its event id."""


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """A committed event that is not known to be accepted."""

    position: int
    lane: int
    application: str
    order_key: str | None
    event_id: str
    event_type: str
    payload: str
    options: str | None
    size_bytes: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class SetAsideEvent:
    """An event that Angarium refused."""

    position: int
    application: str
    event_type: str
    event_id: str
    created_ms: int
    ended_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """Pending events (counted up to 100,000) and events set aside; `oldest_ms` is when the oldest
    pending one was added (Unix time)."""

    pending: int
    set_aside: int
    oldest_ms: int | None
    now_ms: int


class OutboxStore:
    """Reads and changes the rows. Raises SQLAlchemy's errors."""

    def __init__(self, engine: AsyncEngine) -> None:
        # Each statement is a transaction by itself: one round trip instead of three.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._now_ms = now_ms(engine.dialect)

    async def pending(
        self,
        lanes: Collection[int],
        *,
        without: Collection[OrderKey] = (),
        events_max: int,
        bytes_max: int,
    ) -> list[PendingEvent]:
        """The oldest pending events of these lanes, in the order in which they were added; at least
        one if there is one. Those of the keys `without` are left out."""
        row = outbox.c
        oldest = (
            select(*_pending_columns())
            .where(_IS_PENDING, self._one_of(row.lane, lanes))
            .order_by(row.state, row.position)
            .limit(events_max)
        )
        oldest = oldest.where(*map(_is_not_of, without))
        page = oldest.subquery()
        earlier = func.sum(page.c.size_bytes).over(order_by=page.c.position) - page.c.size_bytes
        summed = select(*page.c, earlier.label("earlier_bytes")).subquery()
        *columns, earlier_bytes = summed.c
        query: Select[*tuple[Any, ...]] = (
            select(*columns).where(earlier_bytes < bytes_max).order_by(summed.c.position)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [PendingEvent(*each) for each in rows]

    async def settle(self, accepted: Collection[int], set_aside: Mapping[int, str]) -> None:
        """Record events as accepted, and others as set aside with the reason.

        An event that is no longer pending stays as it is.
        """
        row = outbox.c
        still_pending = row.state == State.PENDING
        async with self._engine.connect() as connection:
            if accepted:
                await connection.execute(
                    update(outbox)
                    .where(self._one_of(row.position, accepted), still_pending)
                    .values(state=State.ACCEPTED, ended_ms=self._now_ms)
                )
            if set_aside:
                await connection.execute(
                    update(outbox)
                    .where(row.position == bindparam("at"), still_pending)
                    .values(state=State.SET_ASIDE, ended_ms=self._now_ms, reason=bindparam("why")),
                    [
                        {"at": position, "why": reason[:REASON_CHARS_MAX]}
                        for position, reason in set_aside.items()
                    ],
                )

    async def set_aside(self, *, after: int = 0, limit: int = 100) -> list[SetAsideEvent]:
        """A page of the events that were set aside, from the oldest."""
        row = outbox.c
        query = (
            select(
                row.position,
                row.application,
                row.event_type,
                row.event_id,
                row.created_ms,
                row.ended_ms,
                row.reason,
            )
            .where(row.state == State.SET_ASIDE, row.position > after)
            .order_by(row.position)
            .limit(limit)
        )
        async with self._engine.connect() as connection:
            return [SetAsideEvent(*each) for each in (await connection.execute(query)).all()]

    async def requeue(self, event_ids: Collection[str] | None = None) -> int:
        """Make events that were set aside pending again: these, or all of them. Gives how many."""
        statement = update(outbox).where(outbox.c.state == State.SET_ASIDE)
        if event_ids is not None:
            statement = statement.where(outbox.c.event_id.in_(sorted(event_ids)))
        async with self._engine.connect() as connection:
            done = await connection.execute(
                statement.values(state=State.PENDING, ended_ms=None, reason=None)
            )
        return int(done.rowcount)

    async def prune(self, *, older_than_s: float, statements_max: int = 100) -> int:
        """Delete events that were accepted longer ago than this. Gives how many.

        Each statement deletes at most 1,000.
        """
        row = outbox.c
        old_ms = int(older_than_s * 1_000)
        deleted = 0
        for _ in range(statements_max):
            async with self._engine.connect() as connection:
                query = (
                    select(row.position, row.ended_ms, self._now_ms.label("now_ms"))
                    .where(row.state == State.ACCEPTED)
                    .order_by(row.position)
                    .limit(_PRUNED_PER_STATEMENT)
                )
                page = (await connection.execute(query)).all()
                # Only the oldest: an event that is still there says that all later ones are.
                old = [
                    each.position
                    for each in takewhile(lambda row: row.ended_ms < row.now_ms - old_ms, page)
                ]
                if old:
                    await connection.execute(delete(outbox).where(self._one_of(row.position, old)))
            deleted += len(old)
            if len(old) < _PRUNED_PER_STATEMENT:
                break
        return deleted

    async def backlog(self) -> Backlog:
        """The backlog at this moment."""
        row = outbox.c
        async with self._engine.connect() as connection:
            at_ms = int((await connection.execute(select(self._now_ms))).scalar_one())
            counts = []
            for state in (State.PENDING, State.SET_ASIDE):
                some = select(row.position).where(row.state == state).limit(COUNTED_MAX)
                query = select(func.count()).select_from(some.subquery())
                counts.append(int((await connection.execute(query)).scalar_one()))
            oldest = (
                select(row.created_ms).where(_IS_PENDING).order_by(row.state, row.position).limit(1)
            )
            oldest_ms = (await connection.execute(oldest)).scalar()
        return Backlog(counts[0], counts[1], oldest_ms, at_ms)

    def _one_of(self, column: ColumnElement[int], values: Collection[int]) -> ColumnElement[bool]:
        """The condition that the column has one of the values."""
        if self._engine.dialect.name == "postgresql":
            # One parameter, so that one prepared statement serves any number of values.
            small = isinstance(column.type, SmallInteger)
            kind: type[SmallInteger | BigInteger] = SmallInteger if small else BigInteger
            return column == any_(literal(sorted(values), ARRAY(kind)))
        return column.in_(sorted(values))


def _pending_columns() -> Sequence[ColumnElement[Any]]:
    row = outbox.c
    return [
        row.position,
        row.lane,
        row.application,
        row.order_key,
        row.event_id,
        row.event_type,
        row.payload,
        row.options,
        row.size_bytes,
        row.created_ms,
    ]


def _is_not_of(key: OrderKey) -> ColumnElement[bool]:
    """The condition that an event is not of this key."""
    row, (application, of_application) = outbox.c, key
    if of_application.startswith(_WITHOUT_KEY):
        event_id = of_application.removeprefix(_WITHOUT_KEY)
        return or_(row.application != application, row.event_id != event_id)
    other = row.order_key != of_application
    return or_(row.order_key.is_(None), row.application != application, other)


def order_key(event: PendingEvent) -> OrderKey:
    """The key by which an event waits for earlier ones."""
    key = f"{_WITHOUT_KEY}{event.event_id}" if event.order_key is None else event.order_key
    return event.application, key
