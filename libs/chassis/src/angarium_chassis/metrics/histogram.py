"""Counts of values by fixed bounds, for Prometheus histograms."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds for what usually takes milliseconds."""


class Example(NamedTuple):
    """A value that was counted, at a Unix time, and the labels that lead to its trace."""

    labels: Mapping[str, str]
    value: float
    at_s: float


class Histogram:
    """The number of values up to each bound, and above the last. `counts` are not cumulative;
    `total` is the sum of the values. `examples` has the latest one of each bucket, if any."""

    __slots__ = ("bounds", "counts", "examples", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0
        self.examples: dict[int, Example] = {}

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def keep(self, example: Example) -> None:
        """Keep an example of a value that was counted."""
        self.examples[bisect_left(self.bounds, example.value)] = example
