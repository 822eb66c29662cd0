"""Loads on Angarium and its peers, as values and as a table."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from paired_ratios import interval, ratios
from rich.table import Table
from scenarios import Delivery

OURS = "Angarium"
MEASURING = ("receiver", "load generator")


@dataclass(frozen=True, slots=True)
class Round:
    """A load at full rate and one at the given rate, on each server. `load_average` is the
    machine's of the last minute, before the loads of each kind."""

    full: Mapping[str, Delivery]
    steady: Mapping[str, Delivery]
    load_average: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """A server as the report describes it."""

    name: str
    version: str
    promise: str
    settings: Mapping[str, str] = field(default_factory=dict)


type Figure = Callable[[Round, str], float]

FIGURES: dict[str, Figure] = {
    "received/s at full rate": lambda each, name: each.full[name].received_rate,
    "accepted/s at full rate": lambda each, name: each.full[name].accepted_rate,
    "CPU a message, ms, with engines": lambda each, name: cpu_ms(each.full[name]),
    "posted to received p50, ms": lambda each, name: each.steady[name].end_to_end_ms["p50"],
    "posted to received p99, ms": lambda each, name: each.steady[name].end_to_end_ms["p99"],
    "accepted p50, ms": lambda each, name: each.steady[name].accept_ms["p50"],
    "accepted p99, ms": lambda each, name: each.steady[name].accept_ms["p99"],
}
"""The first three are at full rate, the others at the given one."""


def cpu_ms(delivery: Delivery) -> float:
    """CPU of all processes of a server and its engines for a message."""
    spent_s = sum(used for name, used in delivery.cpu_s.items() if name not in MEASURING)
    return spent_s * 1_000 / delivery.received if delivery.received else 0.0


def unfair(rounds: Sequence[Round]) -> list[str]:
    """Reasons not to trust the figures, each in a sentence."""
    found = []
    for name in names(rounds):
        for title, loads in (
            ("full rate", [each.full[name] for each in rounds]),
            ("the given rate", [each.steady[name] for each in rounds]),
        ):
            refused = sum(sum(load.refused.values()) + load.without_answer for load in loads)
            lost = sum(load.lost for load in loads)
            if refused:
                found.append(f"{name} refused or did not answer {refused:,} messages at {title}.")
            if lost:
                found.append(f"{name} did not deliver {lost:,} messages in time at {title}.")
    return found


def names(rounds: Sequence[Round]) -> list[str]:
    """The servers that were measured, Angarium first."""
    return sorted(rounds[0].full, key=lambda name: name != OURS) if rounds else []


def series(rounds: Sequence[Round], name: str, figure: Figure) -> list[float]:
    """A figure of each round."""
    return [figure(each, name) for each in rounds]


def peers_table(rounds: Sequence[Round], rate: float) -> Table:
    """The medians, and Angarium's relative to each peer's: the median of the rounds' ratios."""
    measured = names(rounds)
    table = Table(title=f"medians of {len(rounds)} rounds; latency at {rate:g} messages/s")
    table.add_column("")
    for name in measured:
        table.add_column(name, justify="right")
        if name != OURS:
            table.add_column(f"{OURS} : {name}", justify="right")
    for title, figure in FIGURES.items():
        ours = series(rounds, OURS, figure)
        row = [_number(statistics.median(ours))]
        for name in measured[1:]:
            theirs = series(rounds, name, figure)
            row += [_number(statistics.median(theirs)), _ratio(ours, theirs)]
        table.add_row(title, *row)
    counts: dict[str, Callable[[Delivery], int]] = {
        "not delivered": lambda load: load.lost,
        "delivered twice": lambda load: load.duplicates,
    }
    for title, count in counts.items():
        row = []
        for name in measured:
            loads = [load for each in rounds for load in (each.full[name], each.steady[name])]
            row += [f"{sum(map(count, loads)):,}", *([""] if name != OURS else [])]
        table.add_row(title, *row)
    return table


def report(
    rounds: Sequence[Round],
    servers: Sequence[Server],
    missing: Mapping[str, str],
    arguments: Mapping[str, object],
) -> dict[str, object]:
    """Everything measured, for a file: figures by name, ratios, and each load as it was."""
    measured = names(rounds)
    return {
        "arguments": dict(arguments),
        "servers": [asdict(server) for server in servers],
        "missing": dict(missing),
        "medians": {
            name: {
                title: statistics.median(series(rounds, name, figure))
                for title, figure in FIGURES.items()
            }
            for name in measured
        },
        "ratios": {
            name: {
                title: asdict(interval(found))
                for title, figure in FIGURES.items()
                if (found := ratios(series(rounds, OURS, figure), series(rounds, name, figure)))
            }
            for name in measured[1:]
        },
        "rounds": [asdict(each) for each in rounds],
    }


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    found = ratios(ours, theirs)
    if not found:
        return "–"
    of = interval(found)
    return f"{of.median:.2f} ({of.low:.2f}–{of.high:.2f})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
