"""The worker's rows: deliveries and lanes whose time has passed without anybody taking them."""

from dataclasses import dataclass
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database.tables import lane, pending_delivery
from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_cli.doctor.finding import Finding, counted, lasted, ok, warning

COUNTED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many (counted to `COUNTED_MAX`), and for how long the first of them."""

    count: int
    longest_s: float


@dataclass(frozen=True, slots=True)
class PendingState:
    """Retries without a lane, and lanes, that are overdue."""

    retries: Overdue
    lanes: Overdue


async def read_pending(database: Database, *, older_than_s: float) -> PendingState:
    """Look for what is overdue. Raises SQLAlchemy's errors."""
    async with database.reading.connect() as connection:
        clock = select(clock_us(on_postgres=database.on_postgres))
        now_us = int(await connection.scalar(clock) or 0)
        before_us = now_us - int(older_than_s * 1_000_000)
        row, turn = pending_delivery.c, lane.c
        retries = select(row.due_at).where(row.lane.is_(None), row.due_at < before_us)
        # 0 in a lane that is held: it was woken.
        free = turn.held_until.is_(None) | (turn.held_until < before_us)
        turns = select(turn.due_at).where(
            free, turn.due_at < before_us, or_(turn.due_at > 0, turn.held_until.is_not(None))
        )
        return PendingState(
            await _overdue(connection, retries, row.due_at, now_us),
            await _overdue(connection, turns, turn.due_at, now_us),
        )


def judge_pending(state: PendingState) -> list[Finding]:
    """Late is not lost: they are rows, and are taken as soon as somebody can."""
    findings: list[Finding] = []
    if state.retries.count:
        findings.append(
            warning(
                "worker retries",
                _sentence(state.retries, "pending delivery is", "pending deliveries are"),
                "Read the worker's log; add workers if these have no room"
                " (ANGARIUM_DELIVERIES_IN_FLIGHT_MAX).",
            )
        )
    if state.lanes.count:
        findings.append(
            warning(
                "worker lanes",
                _sentence(state.lanes, "endpoint's lane is", "endpoints' lanes are"),
                "Read the worker's log for lane errors; restarting it loses nothing.",
            )
        )
    return findings or [ok("worker deliveries", "No pending delivery and no lane is overdue.")]


def _sentence(overdue: Overdue, one: str, many: str) -> str:
    at_least = "At least " if overdue.count >= COUNTED_MAX else ""
    late = f", the first for {lasted(overdue.longest_s)}" if overdue.longest_s else ""
    return f"{at_least}{counted(overdue.count, one, many)} overdue{late}."


async def _overdue(
    connection: AsyncConnection, rows: Select[Any], due_at: Any, now_us: int
) -> Overdue:
    some = rows.order_by(due_at).limit(COUNTED_MAX).subquery()
    count, first = (
        await connection.execute(select(func.count(), func.min(some.c.due_at)).select_from(some))
    ).one()
    return Overdue(int(count), (now_us - int(first)) / 1_000_000 if first else 0.0)
