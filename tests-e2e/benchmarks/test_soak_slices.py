"""The slices of the long run: kept in a file, compared at their ends."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from soak_slices import Slice, SliceFile, TableSize, growth


def slice_of(number: int, memory_mb: float, message_mb: float) -> Slice:
    return Slice(
        messages=number * 1_000,
        ahead_h=number * 12.0,
        accepted_per_s=4_000.0,
        lost=0,
        duplicates=0,
        lag_s=0.5,
        accept_p99_ms=20.0,
        p50_ms=4.0,
        p99_ms=12.0,
        cpu_ms=0.3,
        memory_mb={"gateway": memory_mb},
        redis_mb=2.0,
        wal_bytes=3_000.0,
        page_images=0.01,
        tables={"message": TableSize(message_mb, 1.0, 1_000, 0, 3)},
    )


def test_slices_of_an_earlier_run_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "slices.jsonl"
    assert SliceFile(path).read() == []
    for number in (1, 2):
        SliceFile(path).add(slice_of(number, 100.0, 10.0))
    assert [each.messages for each in SliceFile(path).read()] == [1_000, 2_000]


def test_growth_compares_the_quarters_at_both_ends() -> None:
    slices = [slice_of(number, 100.0 + number, 500.0 * min(number, 4)) for number in range(1, 13)]
    found = growth(slices)
    assert found["gateway MB"] == pytest.approx((102.0, 111.0))
    assert found["table message MB"] == pytest.approx((1_000.0, 2_000.0))
    assert found["table message dead rows"] == (0, 0)


def test_a_table_that_was_too_small_to_be_seen_at_first_is_left_out() -> None:
    first, last = slice_of(1, 100.0, 10.0), slice_of(2, 100.0, 10.0)
    last.tables = last.tables | {"attempt_rollup": TableSize(5.0, 1.0, 10, 0, 1)}
    assert "table attempt_rollup MB" not in growth([first, last])
