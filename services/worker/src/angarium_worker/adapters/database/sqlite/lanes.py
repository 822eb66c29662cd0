"""The lanes on SQLite: one transaction for each call that writes."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_chassis.database.named_statement import named_statement
from sqlalchemy import Select, delete, func, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_worker.adapters.database.delivery_rows import delivery_of
from angarium_worker.adapters.database.storage_errors import storage_errors
from angarium_worker.adapters.database.tables import lane, pending_delivery
from angarium_worker.application.lanes.lane_store import HeldLane, LaneRelease, LaneTake
from angarium_worker.domain.delivery import Delivery, Lane

from .lane_arrivals import NEW_STATE, UNCONFIRMED
from .ledger import DUE_COLUMNS

_NOW = clock_us(on_postgres=False)
_MEND = text(named_statement("angarium_worker.adapters.database.sqlite", "mend_lanes"))
_FREE = select(func.min(lane.c.due_at)).where(lane.c.held_until.is_(None))
_HELD = select(func.min(func.max(lane.c.due_at, lane.c.held_until))).where(
    lane.c.held_until.is_not(None)
)
_row = pending_delivery.c


class SqliteLanes:
    """Implements `Lanes`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading

    async def lease_lanes(self, *, lanes_max: int, lease_s: float) -> list[HeldLane]:
        """See `Lanes`."""
        with storage_errors():
            async with self._engine.begin() as connection:
                now = await _now(connection)
                free = (
                    select(lane)
                    .where(
                        lane.c.due_at <= now,
                        or_(lane.c.held_until.is_(None), lane.c.held_until <= now),
                    )
                    .order_by(lane.c.due_at)
                    .limit(lanes_max)
                )
                rows = (await connection.execute(free)).all()
                until = now + int(lease_s * 1_000_000)
                await connection.execute(
                    update(lane)
                    .where(lane.c.endpoint_id.in_([row.endpoint_id for row in rows]))
                    .values(held_until=until, due_at=until, waits_until=0, fence=lane.c.fence + 1)
                )
                return [_held(row, now) for row in rows]

    async def take_from_lanes(
        self, takes: Sequence[LaneTake], *, bytes_max: int, lease_s: float
    ) -> list[Delivery]:
        """See `Lanes`."""
        taken: list[Delivery] = []
        left_bytes = bytes_max
        with storage_errors():
            async with self._engine.begin() as connection:
                now = await _now(connection)
                until = now + int(lease_s * 1_000_000)
                for take in takes:
                    if not await _is_held(connection, take, now):
                        continue
                    for message_id, size in await _candidates(connection, take, now):
                        if size > left_bytes and taken:
                            return taken
                        left_bytes -= size
                        key = (message_id, take.endpoint_id)
                        taken.append(await _lease(connection, key, until))
        return taken

    async def release_lanes(self, releases: Sequence[LaneRelease]) -> None:
        """See `Lanes`."""
        with storage_errors():
            async with self._engine.begin() as connection:
                now = await _now(connection)
                for release in releases:
                    await _release(connection, release, now)

    async def wake_lanes(self, endpoint_ids: Sequence[bytes]) -> None:
        """See `Lanes`."""
        with storage_errors():
            async with self._engine.begin() as connection:
                now = await _now(connection)
                woken = update(lane).where(lane.c.endpoint_id.in_(endpoint_ids))
                is_held = func.coalesce(lane.c.held_until > now, False)
                # In a lane that is held, 0 tells its release.
                await connection.execute(
                    woken.values(
                        due_at=func.iif(is_held, 0, func.min(lane.c.due_at, now)),
                        waits_until=0,
                        arrivals=lane.c.arrivals + 1,
                    )
                )

    async def mend_lanes(self) -> int:
        """See `Lanes`."""
        with storage_errors():
            async with self._engine.begin() as connection:
                values = {"confirmed": UNCONFIRMED, "state": NEW_STATE}
                opened = await connection.execute(_MEND, values | {"now": await _now(connection)})
                return len(opened.all())

    async def next_lane_in_s(self) -> float | None:
        """See `Lanes`. A lane that is held counts with the end of its lease."""
        with storage_errors():
            async with self._reading.connect() as connection:
                query = select(_NOW, _FREE.scalar_subquery(), _HELD.scalar_subquery())
                now, *turns = (await connection.execute(query)).one()
        return min(((turn - now) / 1_000_000 for turn in turns if turn is not None), default=None)


async def _now(connection: AsyncConnection) -> int:
    return int((await connection.execute(select(_NOW))).scalar_one())


def _held(row: Any, now: int) -> HeldLane:
    return HeldLane(
        endpoint_id=row.endpoint_id,
        application_id=row.application_id,
        tenant_id=row.tenant_id,
        weight=row.weight,
        fence=row.fence + 1,
        arrivals=row.arrivals,
        burst_us=max(0, row.burst_at - now),
        confirmed=row.confirmed,
        abandoned=row.held_until is not None,
    )


async def _is_held(connection: AsyncConnection, take: LaneTake, now: int) -> bool:
    query = select(lane.c.fence).where(
        lane.c.endpoint_id == take.endpoint_id,
        lane.c.fence == take.fence,
        lane.c.held_until > now,
    )
    return (await connection.execute(query)).first() is not None


async def _candidates(
    connection: AsyncConnection, take: LaneTake, now: int
) -> list[tuple[bytes, int]]:
    """Message ids and payload sizes, in the order in which they are to be sent."""
    if take.ordered:
        heads = []
        for each in Lane:
            query = _in_lane(take, each, take.firsts_max)
            heads += (await connection.execute(query)).all()
        heads.sort(key=lambda head: head.message_id)
        in_order = []
        for head in heads[: take.firsts_max]:
            if head.due_at > now:
                break
            in_order.append((head.message_id, head.size))
        return in_order
    found = []
    for each, rows_max in ((Lane.FIRST, take.firsts_max), (Lane.RETRY, take.retries_max)):
        query = _in_lane(take, each, rows_max).where(_row.due_at <= now)
        rows = (await connection.execute(query)).all()
        found += [(row.message_id, row.size) for row in rows]
    return found


def _in_lane(take: LaneTake, of_lane: Lane, rows_max: int) -> Select[Any]:
    return (
        select(_row.message_id, _row.due_at, func.length(_row.payload).label("size"))
        .where(
            _row.endpoint_id == take.endpoint_id,
            # Also said as such, so that SQLite finds the partial index.
            _row.lane.is_not(None),
            _row.lane == int(of_lane),
            _row.message_id <= take.upto,
        )
        .order_by(_row.message_id)
        .limit(rows_max)
    )


async def _lease(connection: AsyncConnection, key: tuple[bytes, bytes], until: int) -> Delivery:
    lease = (
        update(pending_delivery)
        .where(tuple_(_row.message_id, _row.endpoint_id) == key)
        .values(due_at=until, fence=_row.fence + 1)
        .returning(*DUE_COLUMNS)
    )
    return delivery_of((await connection.execute(lease)).one())


async def _release(connection: AsyncConnection, release: LaneRelease, now: int) -> None:
    is_this = (lane.c.endpoint_id == release.endpoint_id) & (lane.c.fence == release.fence)
    query = select(lane).where(is_this, lane.c.held_until.is_not(None))
    held = (await connection.execute(query)).one_or_none()
    if held is None:
        return
    first_due = await _first_due(connection, release)
    has_arrived = held.arrivals != release.arrivals
    is_empty = first_due is None and not has_arrived
    if is_empty and release.burst_us == 0:
        await connection.execute(delete(lane).where(is_this))
        return
    woken = held.due_at == 0 and release.burst_us == 0
    waits_until = 0 if woken else now + release.wait_us
    if woken:
        due_at = now
    elif is_empty:
        due_at = now + max(release.wait_us, release.burst_us)
    else:
        turns = [] if first_due is None else [first_due]
        due_at = max(waits_until, min([*turns, held.due_at] if has_arrived else turns))
    await connection.execute(
        update(lane)
        .where(is_this)
        .values(
            held_until=None,
            due_at=due_at,
            waits_until=waits_until,
            burst_at=now + release.burst_us,
            confirmed=release.confirmed,
            state=release.state,
        )
    )


async def _first_due(connection: AsyncConnection, release: LaneRelease) -> int | None:
    of_lane = (_row.endpoint_id == release.endpoint_id, _row.lane.is_not(None))
    if not release.ordered:
        query = select(_row.due_at).where(*of_lane).order_by(_row.due_at).limit(1)
        return (await connection.execute(query)).scalar()
    heads: list[Any] = []
    for each in Lane:
        head = select(_row.message_id, _row.due_at).where(*of_lane, _row.lane == int(each))
        heads += (await connection.execute(head.order_by(_row.message_id).limit(1))).all()
    return min(heads)[1] if heads else None
