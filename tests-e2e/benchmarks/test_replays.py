"""Replays of the hot path bring every message through, and their instructions are told apart."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from count_instructions import SERVICES, Counted, per_message, read_total, replayed, table
from failure import BenchmarkFailed
from valgrind_request import counting_start

PROGRAM = Path(__file__).with_name("count_instructions.py")


@pytest.mark.parametrize("at_once", [1, 20])
@pytest.mark.parametrize("service", SERVICES)
def test_every_message_goes_through(service: str, at_once: int) -> None:
    assert replayed(service, 3, at_once) == 3 * at_once


def test_the_difference_of_two_counts_is_that_of_the_messages() -> None:
    # Whatever both have in common, such as imports, is in neither.
    for common in (0, 10**9):
        fewer, more = (2, common + 2 * 50 * 700), (4, common + 4 * 50 * 700)
        assert per_message(50, fewer, more) == 700


def test_the_total_is_read_from_the_file_of_callgrind() -> None:
    assert read_total("events: Ir\nfn=main\n12 345\nsummary: 6789\n") == 6789
    with pytest.raises(BenchmarkFailed):
        read_total("events: Ir\n")


def test_the_table_adds_services_up() -> None:
    shown = table([Counted("gateway", 1, 4_000.0), Counted("worker", 1, 2_500.0)])
    assert shown.row_count == 3
    assert list(shown.columns[1].cells) == ["4.0", "2.5", "6.5"]


def test_counting_is_begun_without_harm_outside_valgrind() -> None:
    start = counting_start()
    if start is not None:
        start()
    assert (start is not None) == (platform.machine() in ("x86_64", "AMD64"))


def test_without_valgrind_it_says_how_to_get_it() -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"PATH": ""},
    )
    assert done.returncode == 2
    assert "sudo apt-get install valgrind" in done.stderr
