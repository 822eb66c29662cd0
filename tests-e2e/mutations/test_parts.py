"""`make mutate` changes code that exists, and leaves alone what no test should notice."""

import re
from pathlib import Path

import pytest

from .equivalents import EQUIVALENTS, Equivalent, is_equivalent
from .parts import PARTS, Part
from .spans_left_out import instants, spans_left_out

ROOT = Path(__file__).parents[2]
CODE = """
LIMIT = 5 * 60
LONGER: Final = LIMIT + 1
BOUNDS = (0.1, 2 * 3)
OTHER = limit + 1
NAMES = ("a", 1)
@dataclass(frozen=True)
class A(B, kw_only=True):
    x: int | None = 1
    def __repr__(self) -> str:
        return f"{1 + 2}"
    def f(self, y: int | str) -> int | None:
        log.warning("a", n=1 + 1)
        if debugs("a"): log.debug("b")
        zip(x, y, strict=True)
        g(999, 1_000)
        raise Error(f"{1 + 2} bytes")
"""


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_the_modules_and_tests_of_a_part_exist(part: Part) -> None:
    for pattern in part.modules:
        assert list(ROOT.glob(pattern)), pattern
    for tests in (*part.tests, *part.readers):
        assert (ROOT / tests).exists(), tests


def test_what_no_test_should_notice_is_left_out() -> None:
    lines = CODE.splitlines()
    left_out = sorted(
        lines[first[0] - 1][first[1] : last[1]]
        for first, last in spans_left_out(CODE)
        if first[0] == last[0]
    )
    assert left_out == sorted(
        [
            *("5 * 60", "LIMIT + 1", "(0.1, 2 * 3)", "1_000", "Final"),
            *("dataclass(frozen=True)", "kw_only=True", "int | None", "int | str"),
            *("int | None", 'log.warning("a", n=1 + 1)', "strict=True"),
            *('if debugs("a"): log.debug("b")', 'log.debug("b")'),
            'f"{1 + 2} bytes"',
        ]
    )


def test_comparisons_with_the_databases_clock_are_found() -> None:
    code = (
        "a = lane.c.due_at <= now or b < now_s\nc = x.where(y > self._now_us - 1, z > self._now())"
    )
    lines = code.splitlines()
    assert [lines[first[0] - 1][first[1] : last[1]] for first, last in instants(code)] == [
        "lane.c.due_at <= now",
        "y > self._now_us - 1",
    ]


@pytest.mark.parametrize("each", EQUIVALENTS, ids=lambda each: each.changed_line)
def test_an_equivalent_change_is_of_a_line_that_exists(each: Equivalent) -> None:
    """One that does not, because its line has changed since, would leave out nothing."""
    assert is_equivalent(each.module, f"  {each.changed_line}")
    assert not is_equivalent(each.module, "self._window = 3")
    changed = re.findall(r"\w+", each.changed_line)
    lines = (ROOT / each.module).read_text().splitlines()
    assert any(_differ_in_one(changed, re.findall(r"\w+", line)) for line in lines)


def _differ_in_one(changed: list[str], line: list[str]) -> bool:
    """Operators are no words, so that a changed line has the words of its own, but for a number."""
    return len(changed) == len(line) and sum(map(str.__ne__, changed, line)) <= 1
