"""Costs of a message, as far as they can be measured: linear in what the message makes happen.

A message of some payload costs the gateway, is sent to its endpoints, and is retried where they
fail. So each counter (CPU time of a process, WAL bytes, …) is a sum over `FEATURES`, with one
coefficient each, none below zero. `fit` finds them from runs, `Costs.of` applies them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

FEATURES = (
    "message",
    "message KiB",
    "delivery",
    "delivery KiB",
    "retry",
    "retry KiB",
)

_ITERATIONS_MAX = len(FEATURES)
CPU_NOISE_MS = 100.0
"""What a run's CPU time of a process may be off by, whatever was posted: what is idle is taken
off, and what other programs do to the caches is not known."""
NOISE_SHARE = 0.15
"""A further deviation, as a share of the CPU time."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What is posted: payload, endpoints of a message, and the share of deliveries whose first
    attempt fails. Their second succeeds."""

    payload_kib: float
    fan_out: int = 1
    failing: float = 0.0

    def __post_init__(self) -> None:
        if self.payload_kib <= 0 or self.fan_out < 1 or not 0 <= self.failing <= 1:
            raise ValueError(f"not a workload: {self!r}")

    @property
    def attempts(self) -> float:
        """Attempts of a message, at all endpoints."""
        return self.fan_out + self.retries

    @property
    def retries(self) -> float:
        """Attempts of a message after the first at each endpoint."""
        return self.fan_out * self.failing

    def features(self) -> tuple[float, ...]:
        """In the order of `FEATURES`, of one message."""
        kib = self.payload_kib
        return (
            1.0,
            kib,
            float(self.fan_out),
            self.fan_out * kib,
            self.retries,
            self.retries * kib,
        )

    def __str__(self) -> str:
        endpoints = "1 endpoint" if self.fan_out == 1 else f"{self.fan_out} endpoints"
        return f"{self.payload_kib:g} KiB, {endpoints}, {self.failing * 100:g} % failing"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a workload: what one message cost, by counter."""

    workload: Workload
    messages: int
    costs: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Costs:
    """Coefficients by counter, in the order of `FEATURES`."""

    coefficients: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def of(self, counter: str, workload: Workload) -> float:
        """The cost of one message of the workload."""
        coefficients = self.coefficients[counter]
        features = workload.features()
        return sum(each * times for each, times in zip(coefficients, features, strict=True))


@dataclass(frozen=True, slots=True)
class Check:
    """A prediction beside what was measured."""

    workload: Workload
    counter: str
    predicted: float
    measured: float

    @property
    def error(self) -> float:
        """Relative to what was measured; 0 where both are 0."""
        if not self.measured:
            return 0.0 if not self.predicted else 1.0
        return self.predicted / self.measured - 1


def fit(runs: Sequence[Run]) -> Costs:
    """The coefficients that come closest to the runs. There must be at least as many different
    workloads as `FEATURES`."""
    counters = runs[0].costs.keys()
    return Costs({counter: _fit_counter(runs, counter) for counter in counters})


def check(runs: Sequence[Run]) -> list[Check]:
    """Every counter of every workload, predicted from the runs of the other workloads, beside the
    median of its own."""
    checks = []
    for workload in dict.fromkeys(run.workload for run in runs):
        costs = fit([run for run in runs if run.workload != workload])
        own = [run for run in runs if run.workload == workload]
        checks += [
            Check(
                workload,
                counter,
                costs.of(counter, workload),
                median(run.costs[counter] for run in own),
            )
            for counter in own[0].costs
        ]
    return checks


def _fit_counter(runs: Sequence[Run], counter: str) -> tuple[float, ...]:
    """Least squares of the errors, each relative to the noise of its run; the most negative
    coefficient is left out until none is. What some workload does not move at all is taken to
    cost nothing."""
    used = list(range(len(FEATURES)))
    found = [0.0] * len(FEATURES)
    moved = {run.workload for run in runs if run.costs[counter] > 0}
    if moved != {run.workload for run in runs}:
        return tuple(found)
    noise = [_noise(run, counter) for run in runs]
    rows = [
        [feature / by for feature in run.workload.features()]
        for run, by in zip(runs, noise, strict=True)
    ]
    values = [run.costs[counter] / by for run, by in zip(runs, noise, strict=True)]
    for _ in range(_ITERATIONS_MAX):
        found = [0.0] * len(FEATURES)
        for at, value in zip(used, _least_squares(rows, values, used), strict=True):
            found[at] = value
        lowest = min(used, key=lambda at: found[at])
        if found[lowest] >= 0:
            break
        used.remove(lowest)
    return tuple(found)


def _noise(run: Run, counter: str) -> float:
    """By how much a message's cost may be off, never 0."""
    of_run = CPU_NOISE_MS if counter.startswith("cpu ms") else 0.0
    return max(NOISE_SHARE * run.costs[counter] + of_run / run.messages, 1e-9)


def _least_squares(
    rows: Sequence[Sequence[float]], values: Sequence[float], used: Sequence[int]
) -> list[float]:
    """Solve the normal equations of the columns `used`."""
    scales = [max(abs(row[at]) for row in rows) or 1.0 for at in used]
    columns = [[row[at] / scale for row in rows] for at, scale in zip(used, scales, strict=True)]
    matrix = [
        [sum(a * b for a, b in zip(left, right, strict=True)) for right in columns]
        + [sum(a * b for a, b in zip(left, values, strict=True))]
        for left in columns
    ]
    return [each / scale for each, scale in zip(_solve(matrix), scales, strict=True)]


def _solve(matrix: list[list[float]]) -> list[float]:
    """Gaussian elimination with pivots; the last column is the right side."""
    size = len(matrix)
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(matrix[row][at]))
        matrix[at], matrix[pivot] = matrix[pivot], matrix[at]
        if abs(matrix[at][at]) < 1e-12:
            raise ValueError("the runs do not tell the features apart: vary each of them")
        for row in range(size):
            if row != at:
                factor = matrix[row][at] / matrix[at][at]
                matrix[row] = [
                    value - factor * above
                    for value, above in zip(matrix[row], matrix[at], strict=True)
                ]
    return [matrix[at][size] / matrix[at][at] for at in range(size)]
