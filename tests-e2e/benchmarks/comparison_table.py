"""A workload on two revisions, and the table of its ratios."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from paired_ratios import Interval, interval, ratios
from rich.console import Console
from rich.table import Table
from workload_run import WorkloadRun

BASE, TREE = NAMES = ("base", "working tree")

_Figure = Callable[[WorkloadRun], float]


def _cpu(name: str) -> _Figure:
    return lambda run: run.cpu_us(name)


FIGURES: dict[str, _Figure] = {
    "our CPU, µs a delivery": lambda run: run.own_cpu_us,
    "… gateway": _cpu("gateway"),
    "… dispatcher": _cpu("dispatcher"),
    "… worker": _cpu("worker"),
    "… postgres": _cpu("postgres"),
    "… valkey": _cpu("valkey"),
    "deliveries/s": lambda run: run.rate,
    "received after: p50, ms": lambda run: run.end_to_end_ms["p50"],
    "received after: p99, ms": lambda run: run.end_to_end_ms["p99"],
    "accepted after: p50, ms": lambda run: run.accept_ms["p50"],
}
"""The compared figures by their names in the table. Of rates more is better, of the rest less."""


@dataclass(slots=True)
class Comparison:
    """The runs of a workload by revision, in pairs."""

    workload: str
    runs: dict[str, list[WorkloadRun]] = field(default_factory=lambda: {name: [] for name in NAMES})

    @property
    def lost(self) -> int:
        return sum(run.lost for runs in self.runs.values() for run in runs)

    @property
    def duplicates(self) -> int:
        return sum(run.duplicates for runs in self.runs.values() for run in runs)

    def values(self, name: str, figure: _Figure) -> list[float]:
        """The figure of each run of a revision."""
        return [figure(run) for run in self.runs[name]]

    def ratio(self, figure: _Figure) -> Interval | None:
        """The ratio of working tree to base over all pairs; None where the base has no such
        figure."""
        pairs = ratios(self.values(TREE, figure), self.values(BASE, figure))
        return interval(pairs) if pairs else None

    def progress(self, rounds: int) -> str:
        """One line about the round that has ended."""
        base, tree = (self.runs[name][-1].own_cpu_us for name in NAMES)
        return (
            f"{self.workload} {len(self.runs[TREE])}/{rounds}: {base:.0f} and {tree:.0f} µs of our"
            " CPU a delivery"
        )

    def as_dict(self) -> dict[str, object]:
        shown = {title: self.ratio(figure) for title, figure in FIGURES.items()}
        return {
            "ratios": {
                title: {"median": each.median, "low": each.low, "high": each.high}
                for title, each in shown.items()
                if each is not None
            },
            "lost": self.lost,
            "duplicates": self.duplicates,
            **{name: [run.as_dict() for run in runs] for name, runs in self.runs.items()},
        }


def show(comparison: Comparison, console: Console) -> None:
    """Print the table, and the account of every message."""
    rounds = len(comparison.runs[TREE])
    table = Table("", "base", "working tree", "ratio", "interval", "")
    table.title = f"{comparison.workload}, {rounds} rounds"
    coverage = 0.0
    for title, figure in FIGURES.items():
        found = comparison.ratio(figure)
        if found is None:
            continue
        coverage = found.coverage
        medians = (statistics.median(comparison.values(name, figure)) for name in NAMES)
        table.add_row(
            title,
            *(f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in medians),
            f"{found.median:.3f}",
            f"{found.low:.3f} – {found.high:.3f}",
            "differs" if found.differs else "",
        )
    table.caption = (
        f"Ratio: median of working tree / base in each round. Interval: sign interval of that"
        f" median, coverage {coverage:.0%}. “differs”: it does not contain 1."
    )
    console.print(table)
    for name, runs in comparison.runs.items():
        delivered, lost = sum(run.delivered for run in runs), sum(run.lost for run in runs)
        text = f"{name}: delivered {delivered:,}, lost {lost:,}"
        text += f", duplicates {sum(run.duplicates for run in runs):,}"
        refused = sum(sum(run.refused.values()) for run in runs)
        console.print(text + (f", refused {refused:,}" if refused else ""))
