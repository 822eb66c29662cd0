"""The CPU time that a message costs each process, as a ratio to yardsticks.

The yardsticks are measured in alternation with the load, so that a ratio holds where CPU times of
different hours or machines do not: a post of the bare aiohttp loop, which is much like what the
platform does, and a round of a plain CPU loop, which no other process can slow by answering late.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cpu_loop import ROUNDS
from rich.table import Table
from scenarios import OUR_PROCESSES, Delivery
from tools import Yardstick

OURS = "our processes"


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and greatest of some values."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        return cls(statistics.median(values), min(values), max(values)) if values else None

    def __str__(self) -> str:
        return " ".join((_text(self.median), f"({_text(self.low)} – {_text(self.high)})"))


@dataclass(frozen=True, slots=True)
class ProcessCost:
    """The cost of a message in one process: microseconds of CPU time, posts of the aiohttp loop,
    and rounds of the plain loop; None where the yardstick was not measured."""

    process: str
    cpu_us: Spread
    posts: Spread | None
    rounds: Spread | None


def process_costs(
    deliveries: Sequence[Delivery], yardsticks: Sequence[Yardstick], loop_us: Sequence[float]
) -> list[ProcessCost]:
    """Of all our processes together, then of each process. Element by element, the three belong
    to the same alternation; a yardstick is empty if it was not measured."""
    if not deliveries:
        return []
    costs = []
    for name, parts in ((OURS, OUR_PROCESSES), *((each, (each,)) for each in deliveries[0].cpu_s)):
        cpu_us = [_cpu_us(delivery, parts) for delivery in deliveries]
        spread = Spread.of(cpu_us)
        assert spread is not None
        costs.append(
            ProcessCost(
                process=name,
                cpu_us=spread,
                posts=_by(cpu_us, [yardstick.cpu_us for yardstick in yardsticks]),
                rounds=_by(cpu_us, [each / ROUNDS for each in loop_us]),
            )
        )
    return costs


def cost_table(costs: Iterable[ProcessCost]) -> Table:
    """The costs with their spread."""
    table = Table("CPU of a message", "µs", "in aiohttp posts", "in rounds of the plain loop")
    for cost in costs:
        table.add_row(cost.process, *(str(each or "–") for each in _spreads(cost)))
    table.caption = "median (least – greatest) of the alternations"
    return table


def cost_as_dict(costs: Iterable[ProcessCost]) -> dict[str, object]:
    """For the JSON report, by process."""
    names = ("cpu_us", "aiohttp_posts", "loop_rounds")
    return {
        cost.process: {
            name: [spread.median, spread.low, spread.high]
            for name, spread in zip(names, _spreads(cost), strict=True)
            if spread is not None
        }
        for cost in costs
    }


def _spreads(cost: ProcessCost) -> tuple[Spread | None, ...]:
    return cost.cpu_us, cost.posts, cost.rounds


def _cpu_us(delivery: Delivery, processes: Iterable[str]) -> float:
    spent_s = sum(delivery.cpu_s.get(process, 0.0) for process in processes)
    return spent_s / delivery.received * 1e6 if delivery.received else 0.0


def _by(costs: Sequence[float], yardstick: Sequence[float]) -> Spread | None:
    if not yardstick:
        return None
    pairs = zip(costs, yardstick, strict=True)
    return Spread.of([cost / unit for cost, unit in pairs if unit > 0])


def _text(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
