"""Opening and calling lanes on SQLite, within the transaction of what came into them."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, func, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_worker.adapters.database.tables import lane

UNCONFIRMED = bytes(16)
"""No message is at or before this id."""
NEW_STATE = "waiting"

_AT = bindparam("at_us", type_=BigInteger)
_OPEN = insert(lane).values(
    {
        name: bindparam(name)
        for name in ("endpoint_id", "application_id", "tenant_id", "weight", "due_at")
    }
    # The fence begins at the clock, so that those of a lane that ended before never come again.
    | {"waits_until": 0, "fence": _AT, "arrivals": 1, "burst_at": 0}
    | {"confirmed": UNCONFIRMED, "state": NEW_STATE}
)
_ARRIVE = _OPEN.on_conflict_do_update(
    index_elements=[lane.c.endpoint_id],
    set_={
        "due_at": func.max(lane.c.waits_until, func.min(lane.c.due_at, _OPEN.excluded.due_at)),
        "arrivals": lane.c.arrivals + 1,
        "weight": _OPEN.excluded.weight,
    },
)
_CALL = (
    update(lane)
    .where(lane.c.endpoint_id == bindparam("of_endpoint"))
    .values(
        due_at=func.max(lane.c.waits_until, func.min(lane.c.due_at, _AT)),
        arrivals=lane.c.arrivals + 1,
    )
)


class Arrival(NamedTuple):
    """A delivery that has come into the lane of its endpoint."""

    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    weight: int
    due_at: int


async def arrive(connection: AsyncConnection, arrivals: Iterable[Arrival], at_us: int) -> None:
    """Open the lanes that are missing; in the others, the turn comes with what is due first."""
    by_endpoint: dict[bytes, Arrival] = {}
    for each in arrivals:
        first = by_endpoint.get(each.endpoint_id)
        if first is None or each.due_at < first.due_at:
            by_endpoint[each.endpoint_id] = each
    if by_endpoint:
        values: list[dict[str, Any]] = [
            each._asdict() | {"at_us": at_us} for each in by_endpoint.values()
        ]
        await connection.execute(_ARRIVE, values)


async def call(connection: AsyncConnection, endpoint_ids: Collection[bytes], at_us: int) -> None:
    """Something in these endpoints' lanes has become due."""
    if endpoint_ids:
        values = [{"of_endpoint": each, "at_us": at_us} for each in set(endpoint_ids)]
        await connection.execute(_CALL, values)
