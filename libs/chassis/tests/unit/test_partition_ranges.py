from itertools import pairwise

from angarium_chassis.database.partitions import (
    AHEAD_DAYS,
    DAY_MS,
    is_no_partition,
    partition_days,
    partition_name,
    ranges_ahead,
)
from angarium_contracts.ids import lowest_id_at
from hypothesis import given
from hypothesis import strategies as st

TIMES = st.integers(min_value=DAY_MS * 10_000, max_value=DAY_MS * 60_000)
DAYS = st.integers(min_value=1, max_value=3650)


@given(now_ms=TIMES, retention=DAYS, newest=st.none() | TIMES)
def test_there_is_one_partition_for_each_moment_of_the_next_days(
    now_ms: int, retention: int, newest: int | None
) -> None:
    days = partition_days(retention)
    end = None if newest is None else lowest_id_at(newest)
    ranges = ranges_ahead(end, now_ms, days=days)

    for (_, first_end), (second, _) in pairwise(ranges):
        assert first_end == second
    assert all(low < high and low % DAY_MS == high % DAY_MS == 0 for low, high in ranges)
    assert all((high - low) <= days * DAY_MS for low, high in ranges)
    covered_to = max(newest or 0, ranges[-1][1] if ranges else 0)
    assert covered_to > now_ms + AHEAD_DAYS * DAY_MS
    if ranges:
        assert ranges[0][0] >= max(newest or 0, now_ms // DAY_MS * DAY_MS)
        assert ranges[0][0] - max(newest or 0, now_ms // DAY_MS * DAY_MS) < DAY_MS


@given(retention=DAYS)
def test_a_retention_is_some_thirty_partitions(retention: int) -> None:
    assert retention / partition_days(retention) < 60


def test_partitions_are_told_from_tables_by_their_names() -> None:
    assert partition_name("attempt", 1_795_392_000_000) == "attempt_from_20261123"
    for name in ("attempt_from_20261123", "attempt_before", "attempt_default"):
        assert not is_no_partition(name, "table", {})
    for name in ("attempt", "message", "directory_copy"):
        assert is_no_partition(name, "table", {})
    assert is_no_partition("attempt_default", "index", {})
