"""The page about capacity: it has the figures of the measured costs, and of nothing else."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from capacity_costs import Workload
from capacity_measures import Measures, read, write
from capacity_model import RATES, Limits
from capacity_page import PAGE, PICTURE, filled, need_rows, picture
from log_plot import Axis, plot


@pytest.fixture(scope="module")
def measures() -> Measures:
    return read()


def test_the_page_and_its_picture_are_made_of_the_measured_costs(measures: Measures) -> None:
    # `make capacity CAPACITY_ARGS=--write` writes both.
    text = PAGE.read_text()
    assert filled(text, measures) == text
    assert picture(measures) == PICTURE.read_text()


def test_a_page_without_a_place_for_a_block_is_refused(measures: Measures) -> None:
    with pytest.raises(ValueError, match="0 places for 'costs'"):
        filled(PAGE.read_text().replace("<!-- costs -->", ""), measures)


def test_measures_are_read_as_they_were_written(measures: Measures, tmp_path: Path) -> None:
    write(measures, tmp_path / "measures.json")
    assert read(tmp_path / "measures.json") == measures


def test_a_workload_has_a_column_for_each_rate(measures: Measures) -> None:
    rows = {row[0]: row[1:] for row in need_rows(measures, Workload(10, fan_out=3), Limits())}
    assert all(len(cells) == len(RATES) for cells in rows.values())
    processes = [int(cell.replace(",", "")) for cell in rows["worker processes"]]
    assert processes == sorted(processes)
    assert processes[-1] > 100 * processes[0] / 2


def test_a_plot_leaves_out_what_is_beyond_its_axes() -> None:
    axis = Axis("x", 0, 2, {0: "1", 1: "10", 2: "100"})
    drawn = plot("a < b", axis, axis, {"one": [(0.1, 1.0), (1.0, 1.0), (100.0, 100.0)]}, 10.0)
    points = drawn.split('points="')[1].split('"')[0].split()
    assert len(points) == 2
    assert "a &lt; b" in drawn
    # The axes begin at the bottom left.
    (left, bottom), (right, top) = (map(float, point.split(",")) for point in points)
    assert left < right
    assert top < bottom
