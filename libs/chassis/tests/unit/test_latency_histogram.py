"""Histograms of times: exact sums, and percentiles close to those of the values."""

from collections import Counter

from angarium_chassis.statistics.latency_histogram import (
    VALUE_MAX,
    bucket_of,
    merged,
    middle_of,
    pack,
    percentiles,
    unpack,
)
from hypothesis import given
from hypothesis import strategies as st

values = st.integers(0, VALUE_MAX)
many = st.lists(values, min_size=1, max_size=50)


@given(values)
def test_a_bucket_is_close_to_its_values(value: int) -> None:
    assert abs(middle_of(bucket_of(value)) - value) <= value / 32


@given(values, values)
def test_buckets_are_in_the_order_of_their_values(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert bucket_of(low) <= bucket_of(high)


def test_values_out_of_range_count_at_the_ends() -> None:
    assert bucket_of(-5) == bucket_of(0)
    assert bucket_of(VALUE_MAX + 1) == bucket_of(VALUE_MAX)


@given(many, many)
def test_the_sum_of_two_is_the_histogram_of_all(ours: list[int], theirs: list[int]) -> None:
    one, other = (Counter(map(bucket_of, each)) for each in (ours, theirs))
    both = merged([unpack(pack(one)), unpack(pack(other))])
    assert both == Counter(map(bucket_of, [*ours, *theirs]))


@given(many)
def test_percentiles_are_close_to_those_of_the_values(given_values: list[int]) -> None:
    found = percentiles(Counter(map(bucket_of, given_values)), (0.5, 0.99, 1.0))
    ordered = sorted(given_values)
    exact = [ordered[max(0, -(-len(ordered) * share // 100) - 1)] for share in (50, 99, 100)]
    assert found is not None
    for ours, theirs in zip(found, exact, strict=True):
        assert abs(ours - theirs) <= theirs / 32


def test_nothing_has_no_percentiles() -> None:
    assert percentiles(unpack(b""), (0.5,)) is None
