"""The file of measured costs: the runs, the machine, and what was measured beside."""

from pathlib import Path
from typing import Any

import msgspec
from capacity_costs import Check, Costs, Run, Workload, check, fit

FILE = Path(__file__).with_name("capacity_measures.json")
ERROR_MAX = 0.2

CHECKED_COUNTERS = (
    "cpu ms",
    "wal bytes",
    "stored bytes",
    "rows written",
    "redis bytes in",
    "attempts",
)
"""Those that the model's statements rest on. "cpu ms" is that of all services and engines."""
ALL_CPU = ("gateway", "dispatcher", "worker", "postgres", "valkey")


class MeasuredRun(msgspec.Struct):
    """A run, as it stands in the file."""

    payload_kib: float
    fan_out: int
    failing: float
    messages: int
    costs: dict[str, float]

    @classmethod
    def of(cls, run: Run) -> "MeasuredRun":
        workload = run.workload
        costs = {name: float(f"{value:.6g}") for name, value in run.costs.items()}
        return cls(workload.payload_kib, workload.fan_out, workload.failing, run.messages, costs)

    def run(self) -> Run:
        """With the sums over databases that checks are made of."""
        costs = dict(self.costs)
        for name in ("stored bytes", "rows written", "transactions"):
            parts = [value for key, value in self.costs.items() if key.endswith(f" {name}")]
            if parts:
                costs[name] = sum(parts)
        costs["cpu ms"] = sum(self.costs[f"cpu ms {name}"] for name in ALL_CPU)
        workload = Workload(self.payload_kib, self.fan_out, self.failing)
        return Run(workload, self.messages, costs)


class Measures(msgspec.Struct):
    """Everything that `make bench-capacity` measured."""

    date: str
    machine: dict[str, Any]
    idle_per_s: dict[str, float]
    connections: dict[str, int]
    runs: list[MeasuredRun]

    def costs(self) -> Costs:
        """The costs of a message, from all runs."""
        return fit([each.run() for each in self.runs])

    def checks(self) -> list[Check]:
        """`CHECKED_COUNTERS` of each workload, predicted from the others."""
        found = check([each.run() for each in self.runs])
        return [each for each in found if each.counter in CHECKED_COUNTERS]


def read(path: Path = FILE) -> Measures:
    return msgspec.json.decode(path.read_bytes(), type=Measures)


def write(measures: Measures, path: Path = FILE) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(measures), indent=1) + b"\n")
