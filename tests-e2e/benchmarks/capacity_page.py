"""The figures of docs/explanation/capacity.md and its picture, made of the measured costs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from capacity_costs import FEATURES, Check, Workload
from capacity_measures import CHECKED_COUNTERS, ERROR_MAX, Measures
from capacity_model import RATES, SERVICES, Limits, Needs, needs
from log_plot import Axis, plot

_DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = _DOCS / "explanation/capacity.md"
PICTURE = _DOCS / "assets/capacity-limits.svg"
USUAL = Workload(1, failing=0.01)
SHOWN = (USUAL, Workload(10, failing=0.01), Workload(1, fan_out=10, failing=0.01))
PLOTTED_PER_S = tuple(10.0 ** (power / 10) for power in range(20, 61))
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
BRIEF_DAYS = 7

_COST_ROWS = (
    ("gateway, CPU µs", "cpu ms gateway", 1_000),
    ("dispatcher, CPU µs", "cpu ms dispatcher", 1_000),
    ("worker, CPU µs", "cpu ms worker", 1_000),
    ("Postgres, CPU µs", "cpu ms postgres", 1_000),
    ("Redis, CPU µs", "cpu ms valkey", 1_000),
    ("gateway's Postgres, log bytes", "gateway wal bytes", 1),
    ("worker's Postgres, log bytes", "worker wal bytes", 1),
    ("gateway's Postgres, kept bytes", "gateway stored bytes", 1),
    ("worker's Postgres, kept bytes", "worker stored bytes", 1),
    ("rows written", "rows written", 1),
    ("transactions", "transactions", 1),
    ("bytes into Redis", "redis bytes in", 1),
    ("round trips to Redis", "redis round trips", 1),
)


def blocks(measures: Measures) -> dict[str, str]:
    """The parts of the page that are made of the figures, by the name in its markers."""
    limits = Limits()
    found = [needs(measures.costs(), USUAL, rate, limits) for rate in RATES]
    checks = measures.checks()
    return {
        "measured": _measured(measures),
        "costs": _table(("", *FEATURES), _cost_rows(measures)),
        "needs": _needs_tables(measures, limits),
        "limits": _limits(limits),
        "first": _first(measures, limits),
        "used up": _table(
            ("used up at … messages a second", *map(_heading, SHOWN)),
            _limit_rows(measures, limits),
        ),
        "month": _table(("", *(f"{rate:,}/s" for rate in RATES)), _month_rows(found)),
        "checked": _checked(measures, checks),
        "errors": _table(
            ("predicted / measured", *map(_counter, CHECKED_COUNTERS)), _check_rows(checks)
        ),
    }


def filled(text: str, measures: Measures) -> str:
    """The page with its blocks made anew: between `<!-- NAME -->` and `<!-- end -->`."""
    for name, block in blocks(measures).items():
        marked = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)
        parts = marked.split(text)
        if len(parts) != 2:
            raise ValueError(f"{PAGE.name} has {len(parts) - 1} places for {name!r}")
        text = f"\n{block}\n\n".join(parts)
    return text


def _measured(measures: Measures) -> str:
    day, machine = date.fromisoformat(measures.date), measures.machine
    connections = ", ".join(f"{n} of {name}" for name, n in sorted(measures.connections.items()))
    idle = f"{_idle_share(measures) * 100:.1f} % of a core"
    return (
        f"Measured on {day.day} {_MONTHS[day.month - 1]} {day.year}: {machine['cpu']},"
        f" {machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']},"
        f" Postgres 18 with fsync. The idle platform used {idle}; after the"
        f" runs, these connections were open: {connections}."
    )


def _limits(limits: Limits) -> str:
    return (
        f"- Postgres: {limits.postgres_cores} cores, {limits.postgres_wal_mb_per_s:g} MB/s of log,"
        f" {limits.postgres_tb:g} TB, {limits.postgres_connections:,} connections; a server for"
        " the gateway's database, one for the worker's.\n"
        "- Redis: one core, because it runs commands in one thread, and"
        f" {limits.redis_mb_per_s:,.0f} MB/s.\n"
        f"- Of a core, {limits.use * 100:.0f} % is planned for; the rest is for peaks.\n"
        f"- Messages and attempts are kept for {limits.retention_days} days."
    )


def _first(measures: Measures, limits: Limits) -> str:
    first = needs(measures.costs(), USUAL, RATES[0], limits).first
    brief = replace(limits, retention_days=BRIEF_DAYS)
    then = needs(measures.costs(), USUAL, RATES[0], brief).first
    return (
        f"With {USUAL}, **{_name(first.name)}** is used up first, at"
        f" {_number(first.exhausted_per_s)} messages a second. If messages and attempts are kept"
        f" for {BRIEF_DAYS} days instead of {limits.retention_days}, it is {_name(then.name)}, at"
        f" {_number(then.exhausted_per_s)}/s."
    )


def _checked(measures: Measures, checks: Sequence[Check]) -> str:
    good = sum(abs(each.error) <= ERROR_MAX for each in checks)
    workloads = len({each.workload for each in checks})
    return (
        f"The costs come from {len(measures.runs)} runs of {workloads} workloads. To check them,"
        " each workload was predicted from the runs of all others: of"
        f" {len(checks)} predictions, {good} ({good / len(checks) * 100:.0f} %) are"
        f" within {ERROR_MAX * 100:.0f} %."
    )


def picture(measures: Measures) -> str:
    """How much of each part that there is one of is used, by rate."""
    costs, limits = measures.costs(), Limits()
    shared = sorted(
        needs(costs, USUAL, RATES[0], limits).shared, key=lambda each: each.exhausted_per_s
    )
    lines = {
        each.name: [(rate, rate / each.exhausted_per_s) for rate in PLOTTED_PER_S]
        for each in shared
    }
    return plot(
        f"The share of each part that a rate uses, with {USUAL}",
        Axis("messages a second", 2, 6, {2: "100", 3: "1 k", 4: "10 k", 5: "100 k", 6: "1 M"}),
        Axis("used up", -2, 2, {-2: "1 %", -1: "10 %", 0: "100 %", 1: "×10", 2: "×100"}),
        lines,
        1.0,
    )


def write(measures: Measures) -> None:
    PAGE.write_text(filled(PAGE.read_text(), measures))
    PICTURE.write_text(picture(measures))


def _cost_rows(measures: Measures) -> Iterable[Sequence[str]]:
    coefficients = measures.costs().coefficients
    for name, counter, scale in _COST_ROWS:
        yield name, *(_figure(each * scale) for each in coefficients[counter])


def _needs_tables(measures: Measures, limits: Limits) -> str:
    tables = []
    for workload in SHOWN:
        found = [needs(measures.costs(), workload, rate, limits) for rate in RATES]
        head = (str(workload), *(f"{rate:,}/s" for rate in RATES))
        tables.append(_table(head, _need_rows(found)))
    return "\n\n".join(tables)


def _need_rows(found: Sequence[Needs]) -> Iterable[Sequence[str]]:
    for service in SERVICES:
        yield f"{service} processes", *(f"{each.processes[service]:,}" for each in found)
    yield "cores", *(f"{each.cores_provisioned:,}" for each in found)
    for at, shared in enumerate(found[0].shared):
        yield _name(shared.name), *(_share(each.shared[at].used) for each in found)
    yield (
        "**used up first**",
        *(_name(each.first.name) if each.first.used > 1 else "–" for each in found),
    )


def need_rows(measures: Measures, workload: Workload, limits: Limits) -> list[Sequence[str]]:
    """The rows of one workload, and what a month costs."""
    found = [needs(measures.costs(), workload, rate, limits) for rate in RATES]
    return [*_need_rows(found), *_month_rows(found)]


def _limit_rows(measures: Measures, limits: Limits) -> Iterable[Sequence[str]]:
    found = [needs(measures.costs(), workload, RATES[0], limits) for workload in SHOWN]
    for at, shared in enumerate(found[0].shared):
        yield _name(shared.name), *(_number(each.shared[at].exhausted_per_s) for each in found)


def _month_rows(found: Sequence[Needs]) -> Iterable[Sequence[str]]:
    yield "cores", *(f"{each.cores_provisioned:,}" for each in found)
    yield "TB kept in Postgres", *(_figure(each.stored_tb_per_month) for each in found)
    yield "TB of Postgres's log", *(_figure(each.wal_tb_per_month) for each in found)
    yield "TB sent to endpoints", *(_figure(each.sent_tb_per_month) for each in found)


def _check_rows(checks: Sequence[Check]) -> Iterable[Sequence[str]]:
    by_workload: dict[Workload, list[Check]] = {}
    for each in checks:
        by_workload.setdefault(each.workload, []).append(each)
    for workload, found in by_workload.items():
        errors = {each.counter: each.error for each in found}
        yield str(workload), *(_ratio(errors[counter]) for counter in CHECKED_COUNTERS)


def _ratio(error: float) -> str:
    return f"{1 + error:.2f}" if abs(error) <= ERROR_MAX else f"**{1 + error:.2f}**"


def _idle_share(measures: Measures) -> float:
    used = (ms for name, ms in measures.idle_per_s.items() if name.startswith("cpu ms "))
    # The connections of Postgres are counted within Postgres too.
    return (
        sum(used) / 1_000
        - sum(ms for name, ms in measures.idle_per_s.items() if name.endswith("'s postgres"))
        / 1_000
    )


def _heading(workload: Workload) -> str:
    return f"{workload.payload_kib:g} KiB × {workload.fan_out}"


def _counter(name: str) -> str:
    names = {"cpu ms": "CPU", "wal bytes": "log", "stored bytes": "kept bytes"}
    return names.get(name, name.replace("redis", "Redis"))


def _name(name: str) -> str:
    return f"the {name}" if name.startswith(("gateway", "worker")) and "'s" in name else name


def _share(used: float) -> str:
    if used >= 1:
        return f"×{used:,.0f}" if used >= 10 else f"×{used:.1f}"
    return f"{used * 100:.1f} %" if used < 0.1 else f"{used * 100:.0f} %"


def _number(value: float) -> str:
    return "never" if value == float("inf") else f"{float(f'{value:.2g}'):,.0f}"


def _figure(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(head), "|".join(["---", *["---:"] * (len(head) - 1)])]
    lines += [" | ".join(row) for row in rows]
    return "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines)
