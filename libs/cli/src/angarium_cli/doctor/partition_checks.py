"""Tables that are partitioned by time on Postgres: partitions for the days to come, and nothing in
the default one. On SQLite there is nothing to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_chassis.database.partitions import (
    AHEAD_DAYS,
    DAY_MS,
    LOWEST_ID,
    Partition,
    PartitionedTable,
)
from angarium_contracts.ids import created_at_ms, lowest_id_at
from sqlalchemy import column, func, select, table

from angarium_cli.doctor.database_checks import schema_of
from angarium_cli.doctor.finding import Finding, counted, lasted, ok, problem, warning
from angarium_cli.service_names import ServiceName

COUNTED_MAX = 10_000
AHEAD_MS_MIN = (AHEAD_DAYS - 1) * DAY_MS
"""Every turn of retention makes them for `AHEAD_DAYS`: with fewer, there was none for a day."""


@dataclass(frozen=True, slots=True)
class PartitionState:
    """`now_ms` and `until_ms` (Unix time): without a gap there are partitions from the first to the
    second; equal: there is none for now. `in_default`: rows there that a partition should have,
    counted to `COUNTED_MAX`."""

    table: str
    now_ms: int
    until_ms: int
    has_default: bool
    in_default: int


def partitioned_tables(service: ServiceName) -> list[str]:
    """The names of a service's tables that are partitioned on Postgres."""
    return sorted(
        each.name
        for each in schema_of(service).tables.sorted_tables
        if each.dialect_options["postgresql"]["partition_by"]
    )


async def read_partitions(service: ServiceName, database: Database) -> list[PartitionState]:
    """Look at the partitions of each table; none on SQLite. Raises SQLAlchemy's errors."""
    if not database.on_postgres:
        return []
    return [await _read(database, name) for name in partitioned_tables(service)]


async def _read(database: Database, name: str) -> PartitionState:
    layout = await PartitionedTable(database.reading, name).layout()
    # Where the table of before the partitions became the default one, its old rows belong there.
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


def judge_partitions(service: ServiceName, states: Sequence[PartitionState]) -> list[Finding]:
    """What is in no partition of its own goes to the default one: it is there, and is found, but
    retention deletes it row by row. Only without a default one are rows refused."""
    findings = [finding for state in states for finding in _findings(service, state)]
    if findings or not states:
        return findings
    until = min(datetime.fromtimestamp(state.until_ms / 1_000, UTC) for state in states)
    return [ok(f"{service} partitions", f"There are some until {until:%F}; the default is empty.")]


def _findings(service: ServiceName, state: PartitionState) -> list[Finding]:
    subject = f"{service} partitions"
    makes = (
        f"Every {service} makes them when it starts, and one of them every 10 minutes. Read its log"
        " for retention.failed, retention.waits and partitions.busy; start one if none runs."
    )
    findings: list[Finding] = []
    ahead_ms = state.until_ms - state.now_ms
    if ahead_ms <= 0 and not state.has_default:
        said = f"Table {state.table} has no partition for now, and no default: rows are refused."
        findings.append(problem(subject, said, makes))
    elif ahead_ms < AHEAD_MS_MIN:
        ends = (
            "has no partition for now: new rows go to the default one"
            if ahead_ms <= 0
            else f"has partitions for {lasted(ahead_ms / 1_000)} only: later rows go to the default"
        )
        findings.append(warning(subject, f"Table {state.table} {ends}.", makes))
    elif not state.has_default:
        said = f"Table {state.table} has no default partition: ids of a wrong clock are refused."
        findings.append(warning(subject, said, makes))
    if state.in_default:
        at_least = "at least " if state.in_default >= COUNTED_MAX else ""
        findings.append(
            warning(
                subject,
                f"In the default partition of {state.table} there are {at_least}"
                f"{counted(state.in_default, 'row')}: their ids are of a time that no partition is"
                " there for.",
                "Nothing is lost: they are found, and go one by one when they are too old. See to"
                f" the clocks, of gateways above all; a {service} that makes partitions takes over"
                " those of their days.",
            )
        )
    return findings
