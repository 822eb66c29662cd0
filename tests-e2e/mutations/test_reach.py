"""The tests that `make mutate` runs for a change are those that execute its statement."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from .reach import Reach, statement_lines

CODE = '''\
LIMIT = 1
@cached
def f(
    x: int = 1,
) -> int:
    """Text."""
    if (
        x
    ):
        return g(
            x,
        )
    match x:
        case 1 if LIMIT:
            return 1
    try:
        a()
    except A:
        @b
        def c(): ...
    return 2
'''


@pytest.mark.parametrize(
    ("line", "first", "last"),
    [(1, 1, 1), (2, 2, 5), (4, 2, 5), (8, 7, 9), (11, 10, 12), (14, 14, 14), (18, 18, 18)],
)
def test_a_statement_has_the_lines_above_its_body(line: int, first: int, last: int) -> None:
    assert statement_lines(CODE, line) == range(first, last + 1)


def test_what_is_executed_on_import_concerns_all_tests_and_the_quickest_come_first() -> None:
    by_line = {"m.py": {1: ["", "b"], 11: ["b", "c"], 14: ["d"]}, "n.py": {1: ["", "a"]}}
    reach = Reach(by_line, {"a": 0.1, "b": 2.0, "c": 1.0, "d": 0.5}, ())
    assert reach.tests_of("m.py", CODE, 1) == ["d", "c", "b", "a"]
    assert reach.tests_of("m.py", CODE, 10) == ["c", "b"]
    assert reach.tests_of("m.py", CODE, 21) == []


def test_a_change_is_noticed_by_a_test_that_executes_it_and_no_file_is_written(
    tmp_path: Path,
) -> None:
    files = {
        "conftest.py": """
            import sys
            from hypothesis import settings
            sys.path.insert(0, "src")
            settings.register_profile("angarium")
            """,
        "pytest.ini": "[pytest]\naddopts = -p no:schemathesis",
        "src/changed.py": """
            def double(x):
                return 2 * x

            def unread():
                return 1
            """,
        "test_changed.py": """
            from pathlib import Path
            import changed

            def test_text(): assert "2 *" in Path(changed.__file__).read_text()

            def test_double(): assert changed.double(2) == 4
            """,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text).lstrip())
    program = f"""
        import importlib
        from pathlib import Path
        runs = importlib.import_module("tests-e2e.mutations.pytest_runs")
        root = Path({str(tmp_path)!r})
        module = root / "src/changed.py"
        code = module.read_text()
        reach = runs.record_reach(root, ["src/changed.py"], ["test_changed.py"], {{}})
        runs.import_libraries(reach.libraries)
        tests = reach.tests_of("src/changed.py", code, 2)
        print(tests, reach.tests_of("src/changed.py", code, 5))
        for text in (code, code.replace("2 *", "3 *")):
            change = runs.Change(module, text)
            for some in (tests, ["test_changed.py::test_text"]):
                run = runs.PytestRun(root, change, ["test_changed.py"], some, reach, {{}})
                print(run.passed())
        print(module.read_text() == code)
        """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    printed = ["['test_changed.py::test_double'] []", *("True", "True"), *("False", "False")]
    assert ran.stdout.splitlines() == [*printed, "True"], ran.stderr
