"""Checks of a service's database: schema, clock, directory copy, partitions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from angarium_contracts.ids import created_at_ms, lowest_id_at
from sqlalchemy import column, func, select, table

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_chassis.database.migration_phases import Migration
from angarium_chassis.database.partitions import (
    AHEAD_DAYS,
    DAY_MS,
    LOWEST_ID,
    Partition,
    PartitionedTable,
)
from angarium_chassis.database.schema import Schema
from angarium_chassis.examination.clocks import ClockReading
from angarium_chassis.examination.findings import Finding, ok, problem, warning
from angarium_chassis.process import StartRefused
from angarium_chassis.sealing import Seal
from angarium_chassis.wording import counted, lasted

COUNTED_MAX = 10_000
AHEAD_MS_MIN = (AHEAD_DAYS - 1) * DAY_MS
"""Every run of retention creates partitions for `AHEAD_DAYS`. Fewer: it has not run for a day."""


async def check_database(
    service: str, schema: Schema, database: Database, seal: Seal | None = None
) -> list[Finding]:
    """Check that the database answers, is the service's, has this version's schema, and was used
    with the key of `seal`."""
    subject = f"{service} database"
    try:
        await schema.require_own(database, seal)
        await schema.require_current(database)
    except StartRefused as refusal:
        sentence, _, remedy = str(refusal).partition("; ")
        return [problem(subject, _sentence(sentence), _sentence(remedy or "check its settings"))]
    waiting = await _waiting(schema, database)
    if waiting:
        return [
            warning(
                subject,
                "Migrations of the phase after have not run:"
                f" {', '.join(each.revision for each in waiting)}.",
                "Run `angarium migrate --phase after` when no process of an earlier version is"
                " left.",
            )
        ]
    kind = "Postgres" if database.on_postgres else "SQLite"
    return [ok(subject, f"{kind} answers and has this version's schema.")]


async def _waiting(schema: Schema, database: Database) -> list[Migration]:
    """Migrations of the phase after that have not run yet, on a schema on which this version
    works."""
    try:
        return await schema.pending(database)
    except StartRefused:
        # The schema of a newer version, during an upgrade to it.
        return []


async def database_clock(service: str, database: Database) -> ClockReading:
    """Read the database's clock. Raises SQLAlchemy's errors."""
    async with database.reading.connect() as connection:
        before_s = time.time()
        now_us = await connection.scalar(select(clock_us(on_postgres=database.on_postgres)))
        return ClockReading(
            f"the {service}'s database", before_s, time.time(), (now_us or 0) / 1_000_000
        )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


@dataclass(frozen=True, slots=True)
class PartitionState:
    """The partitions of a table, which cover the time from `now_ms` to `until_ms` (Unix time).

    The two are equal if no partition covers the present. `in_default` counts the rows in the
    default partition that belong in another, up to `COUNTED_MAX`.
    """

    table: str
    now_ms: int
    until_ms: int
    has_default: bool
    in_default: int


def partitioned_tables(schema: Schema) -> list[str]:
    """The names of a service's tables that are partitioned on Postgres."""
    return sorted(
        each.name
        for each in schema.tables.sorted_tables
        if each.dialect_options["postgresql"]["partition_by"]
    )


async def read_partitions(schema: Schema, database: Database) -> list[PartitionState]:
    """The state of each partitioned table; none on SQLite. Raises SQLAlchemy's errors."""
    if not database.on_postgres:
        return []
    return [await _read(database, name) for name in partitioned_tables(schema)]


async def _read(database: Database, name: str) -> PartitionState:
    layout = await PartitionedTable(database.reading, name).layout()
    # The default partition may be the table from before partitioning: its old rows belong in it.
    first = layout.bounded[0].low if layout.bounded else LOWEST_ID
    async with database.reading.connect() as connection:
        now_ms = int(await connection.scalar(select(clock_us(on_postgres=True))) or 0) // 1_000
        in_default = 0
        if layout.default is not None:
            default = table(layout.default, column("id"))
            some = select(default.c.id).where(default.c.id >= first).limit(COUNTED_MAX)
            count = select(func.count()).select_from(some.subquery())
            in_default = int(await connection.scalar(count) or 0)
    until_ms = _covered_until_ms(layout.bounded, now_ms)
    return PartitionState(name, now_ms, until_ms, layout.default is not None, in_default)


def _covered_until_ms(bounded: Sequence[Partition], now_ms: int) -> int:
    until = lowest_id_at(now_ms)
    for each in bounded:
        if each.low <= until < each.high:
            until = each.high
    return created_at_ms(until)


def judge_partitions(service: str, states: Sequence[PartitionState]) -> list[Finding]:
    """Judge the partitions of a service.

    Rows outside all partitions go to the default one, from which retention deletes them row by row.
    Rows are refused only if there is no default partition.
    """
    findings = [finding for state in states for finding in _findings(service, state)]
    if findings or not states:
        return findings
    until = min(datetime.fromtimestamp(state.until_ms / 1_000, UTC) for state in states)
    return [
        ok(
            f"{service} partitions",
            f"Partitions exist until {until:%F}; the default partition is empty.",
        )
    ]


def _findings(service: str, state: PartitionState) -> list[Finding]:
    subject = f"{service} partitions"
    remedy = (
        f"A {service} creates partitions when it starts and every 10 minutes. Start one if none is"
        " running; otherwise look for retention.failed, retention.waits and partitions.busy in its"
        " log."
    )
    findings: list[Finding] = []
    ahead_ms = state.until_ms - state.now_ms
    if ahead_ms <= 0 and not state.has_default:
        sentence = f"Table {state.table} has no partition for now and no default: rows are refused."
        findings.append(problem(subject, sentence, remedy))
    elif ahead_ms < AHEAD_MS_MIN:
        ends = (
            "has no partition for now: new rows go to the default partition"
            if ahead_ms <= 0
            else f"has partitions for only {lasted(ahead_ms / 1_000)}: later rows go to the default"
        )
        findings.append(warning(subject, f"Table {state.table} {ends}.", remedy))
    elif not state.has_default:
        sentence = f"Table {state.table} has no default partition: ids of wrong clocks are refused."
        findings.append(warning(subject, sentence, remedy))
    if state.in_default:
        at_least = "at least " if state.in_default >= COUNTED_MAX else ""
        findings.append(
            warning(
                subject,
                f"The default partition of {state.table} holds {at_least}"
                f"{counted(state.in_default, 'row')}, whose ids are of times without a partition.",
                "No row is lost, but retention deletes these one by one. Check the machines'"
                f" clocks, first the gateways'. A {service} that creates the missing partitions"
                " moves their rows there.",
            )
        )
    return findings
