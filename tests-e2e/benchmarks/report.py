"""The result of a benchmark as a table and as JSON."""

import datetime
import os
import platform
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from message_cost import ProcessCost, cost_as_dict, cost_table, process_costs
from rich.console import Console
from rich.table import Table
from scenarios import Delivery
from tools import Yardstick

MEASURING = ("load generator", "receiver")


@dataclass(slots=True)
class Report:
    """What a run measured; lists hold one value per repetition."""

    database: str
    warm_up: list[Delivery] = field(default_factory=list)
    yardsticks: list[Yardstick] = field(default_factory=list)
    loop_us: list[float] = field(default_factory=list)
    throughputs: list[Delivery] = field(default_factory=list)
    latencies: list[Delivery] = field(default_factory=list)

    @property
    def deliveries(self) -> list[Delivery]:
        return [*self.warm_up, *self.throughputs, *self.latencies]

    @property
    def yardstick_rates(self) -> list[float]:
        return [yardstick.rate for yardstick in self.yardsticks]

    @property
    def lost(self) -> int:
        return sum(delivery.lost for delivery in self.deliveries)

    @property
    def duplicates(self) -> int:
        return sum(delivery.duplicates for delivery in self.deliveries)

    def as_dict(self) -> dict[str, Any]:
        """Everything measured, and the medians that the table shows."""
        return {
            "machine": machine(),
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "database": self.database,
            "medians": dict(self.medians()),
            "lost": self.lost,
            "duplicates": self.duplicates,
            "yardstick_rates": self.yardstick_rates,
            "yardstick_cpu_us": [yardstick.cpu_us for yardstick in self.yardsticks],
            "cpu_loop_us": self.loop_us,
            "cost": cost_as_dict(self.costs()),
            "throughputs": [asdict(delivery) for delivery in self.throughputs],
            "latencies": [asdict(delivery) for delivery in self.latencies],
        }

    def costs(self) -> list[ProcessCost]:
        """What a message costs each process, by the yardsticks of the same alternation."""
        return process_costs(self.throughputs, self.yardsticks, self.loop_us)

    def medians(self) -> list[tuple[str, float]]:
        rows: list[tuple[str, float]] = []
        if self.yardstick_rates:
            rows.append(("yardstick posts/s", statistics.median(self.yardstick_rates)))
        if self.throughputs:
            rows += [
                ("accepted/s", _median([d.accepted_rate for d in self.throughputs])),
                ("received/s", _median([d.received_rate for d in self.throughputs])),
                ("accept p50 ms", _median([d.accept_ms["p50"] for d in self.throughputs])),
                ("accept p99 ms", _median([d.accept_ms["p99"] for d in self.throughputs])),
                (
                    "own CPU ms/message",
                    _median([d.own_cpu_ms_per_message for d in self.throughputs]),
                ),
            ]
        if self.yardstick_rates and self.throughputs:
            received = _median([d.received_rate for d in self.throughputs])
            rows.append(("received/s by yardstick", received / _median(self.yardstick_rates)))
        for name in ("p50", "p99", "max") if self.latencies else ():
            value = _median([d.end_to_end_ms[name] for d in self.latencies])
            rows.append((f"posted to received {name} ms", value))
        for name in ("p50", "p99") if self.latencies else ():
            value = _median([d.accept_ms[name] for d in self.latencies])
            rows.append((f"accept {name} ms at the rate", value))
        return rows


def machine() -> dict[str, Any]:
    """The machine as far as it bears on the numbers."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


_BUDGETS = {
    "received/s by yardstick": "≥ 0.5, aim 0.8",
    "own CPU ms/message": "≤ 0.35, aim 0.2",
    "posted to received p50 ms": "≤ 7, aim 4",
    "posted to received p99 ms": "≤ 20, aim 12",
}


def show(report: Report, console: Console) -> None:
    """Print the tables."""
    facts = machine()
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    console.print(
        f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']}, "
        f"Python {facts['python']}, {report.database}, {today}"
    )
    table = Table("measured (median)", "value", "budget")
    for name, value in report.medians():
        table.add_row(name, f"{value:,.3g}" if value < 100 else f"{value:,.0f}", _BUDGETS.get(name))
    console.print(table)
    if report.throughputs:
        console.print(_process_table(report.throughputs))
        console.print(cost_table(report.costs()))
    for name, deliveries in (
        ("warm-up", report.warm_up),
        ("throughput", report.throughputs),
        ("latency", report.latencies),
    ):
        for delivery in deliveries:
            console.print(_account(name, delivery))


def _process_table(throughputs: list[Delivery]) -> Table:
    table = Table("process at full rate", "CPU s / 1,000", "share of CPU", "peak memory MB")
    shares: dict[str, float] = {}
    for name in throughputs[0].cpu_s:
        used = [delivery.cpu_s.get(name, 0.0) for delivery in throughputs]
        total = [sum(delivery.cpu_s.values()) for delivery in throughputs]
        shares[name] = _median([_ratio(*pair) for pair in zip(used, total, strict=True)])
        per_thousand = _median(
            [_ratio(u * 1000, d.received) for u, d in zip(used, throughputs, strict=True)]
        )
        memory = max(delivery.memory_bytes_max.get(name, 0) for delivery in throughputs)
        table.add_row(name, f"{per_thousand:.3f}", f"{shares[name]:.0%}", f"{memory / 1e6:.0f}")
    measuring = sum(shares.get(name, 0.0) for name in MEASURING)
    table.caption = f"load generator and receiver together {measuring:.0%} (below 25 %)"
    return table


def _account(name: str, delivery: Delivery) -> str:
    text = (
        f"{name}: accepted {delivery.accepted:,}, received {delivery.received:,} "
        f"in {delivery.seconds:.1f} s, lost {delivery.lost:,}, duplicates {delivery.duplicates:,}"
    )
    if delivery.refused or delivery.without_answer:
        text += f", refused {delivery.refused}, without an answer {delivery.without_answer:,}"
    if delivery.unacknowledged:
        text += f", received without a 202 {delivery.unacknowledged:,}"
    return text


def _median(values: list[float]) -> float:
    return statistics.median(values)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
