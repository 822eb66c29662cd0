"""Intervals of medians have the coverage that they state."""

import itertools
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from paired_ratios import COVERAGE, interval, ratios


@pytest.mark.parametrize("count", range(1, 13))
def test_an_interval_has_the_true_median_as_often_as_it_says(count: int) -> None:
    # Whatever the values are, each is above or below the true median, here 0, with equal chances.
    patterns = itertools.product((-1, 1), repeat=count)
    samples = [[sign * (place + 1) for place, sign in enumerate(signs)] for signs in patterns]
    found = [interval(sample) for sample in samples]
    within = sum(each.low <= 0 <= each.high for each in found)
    assert within / len(samples) == found[0].coverage


@pytest.mark.parametrize("count", range(6, 40))
def test_no_narrower_interval_would_do(count: int) -> None:
    found = interval(range(count))
    assert found.coverage >= COVERAGE
    narrower = int(found.low) + 1
    if narrower < count - 1 - narrower:
        fewer = interval([0] * narrower + [1] * (count - 2 * narrower) + [2] * narrower)
        assert (fewer.low, fewer.high) == (0, 2)


def test_few_pairs_show_no_difference() -> None:
    assert not interval([2.0, 2.1, 2.2, 2.1, 2.0]).differs
    assert interval([2.0, 2.1, 2.2, 2.1, 2.0, 2.1]).differs
    assert not interval([2.0, 2.1, 2.2, 2.1, 2.0, 0.9]).differs


def test_a_pair_without_a_base_is_left_out() -> None:
    assert ratios([3.0, 1.0, 5.0], [2.0, 0.0, 5.0]) == [1.5, 1.0]
