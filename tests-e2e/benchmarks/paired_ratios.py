"""The ratio of two series that were measured in alternation, with its interval."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

COVERAGE = 0.95
"""The least probability with which an interval has the true median, if there are enough pairs."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The median of some values, and an interval that has the true median with the probability
    `coverage`."""

    median: float
    low: float
    high: float
    coverage: float

    @property
    def differs(self) -> bool:
        """True if the interval, wide enough, does not have 1: the ratio shows a difference."""
        return self.coverage >= COVERAGE and not self.low <= 1.0 <= self.high


def interval(values: Sequence[float]) -> Interval:
    """The sign interval of the median: the narrowest one between two of the ordered values, equally
    far from both ends, with a coverage of at least `COVERAGE`, or all of them if there are too few.

    It assumes nothing of the values but that they are independent: the number of them below the
    true median is binomial, as the number of heads of so many coins.
    """
    ordered = sorted(values)
    count = len(ordered)
    left_out = 0
    while left_out + 1 < (count + 1) // 2 and _coverage(count, left_out + 1) >= COVERAGE:
        left_out += 1
    return Interval(
        statistics.median(ordered),
        ordered[left_out],
        ordered[count - 1 - left_out],
        _coverage(count, left_out),
    )


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """The ratio of each pair; pairs without a positive denominator are left out."""
    pairs = zip(numerators, denominators, strict=True)
    return [above / below for above, below in pairs if below > 0]


def _coverage(count: int, left_out: int) -> float:
    """The probability that the median is not below the value after the `left_out` lowest, nor above
    the one before the `left_out` highest."""
    tail = sum(comb(count, below) for below in range(left_out + 1))
    return 1.0 - 2 * tail / (1 << count)
