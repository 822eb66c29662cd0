"""Which tests reach which lines of a part's modules, and how long each takes."""

import ast
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest

type Reached = Mapping[str, Mapping[int, Sequence[str]]]
"""The tests, by module and line; an empty name stands for the import."""


type _Statement = ast.stmt | ast.match_case | ast.ExceptHandler


@dataclass(frozen=True, slots=True)
class Reach:
    """What one run of a part's tests on unchanged code showed."""

    tests_by_line: Reached
    durations_s: Mapping[str, float]
    libraries: Sequence[str]
    """The modules outside of the repository that the tests imported."""

    def tests_of(self, module: str, code: str, line: int) -> Sequence[str]:
        """The tests that execute the statement of this line, the quickest first. If it is
        executed on import, all tests, after those that execute something else of its module."""
        by_line = self.tests_by_line.get(module, {})
        near = {test for tests in by_line.values() for test in tests}
        tests = {test for each in statement_lines(code, line) for test in by_line.get(each, ())}
        chosen = self.durations_s if "" in tests else tests
        return sorted(chosen, key=lambda test: (test not in near, self.durations_s[test]))


def statement_lines(code: str, line: int) -> range:
    """The lines of the innermost statement that this line is part of; of one that has a body, such
    as `if`, those above its body."""
    found = (
        range(_first_line(node), _last_line(node) + 1)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.stmt | ast.match_case | ast.ExceptHandler)
    )
    return min((each for each in found if line in each), key=len, default=range(line, line + 1))


def _first_line(node: _Statement) -> int:
    if isinstance(node, ast.match_case):
        first: int = node.pattern.lineno
        return first
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min(each.lineno for each in (node, *decorators))


def _last_line(node: _Statement) -> int:
    body: list[_Statement] = getattr(node, "body", None) or getattr(node, "cases", [])
    if body:
        return max(_first_line(node), _first_line(body[0]) - 1)
    assert isinstance(node, ast.stmt)
    return node.end_lineno or node.lineno


class ReachRecorder:
    """A plug-in of pytest that records it."""

    def __init__(self, repository: Path, modules: Iterable[str]) -> None:
        self._repository = repository
        self._modules = tuple(modules)
        self._durations_s: dict[str, float] = {}
        self._coverage = coverage.Coverage(
            data_file=None,
            config_file=False,
            include=[str(repository / module) for module in self._modules],
        )
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Time each test, and record its lines under its name."""
        self._coverage.switch_context(item.nodeid)
        began_s = time.monotonic()
        try:
            return (yield)
        finally:
            self._durations_s[item.nodeid] = time.monotonic() - began_s
            self._coverage.switch_context("")

    def reach(self) -> Reach:
        """What was recorded, at the end."""
        self._coverage.stop()
        data = self._coverage.get_data()
        by_line: dict[str, Mapping[int, Sequence[str]]] = {}
        for module in self._modules:
            by_line[module] = data.contexts_by_lineno(str(self._repository / module))
        return Reach(by_line, self._durations_s, tuple(self._libraries()))

    def _libraries(self) -> Iterator[str]:
        for name, module in sys.modules.items():
            path = str(getattr(module, "__file__", None) or "")
            if "site-packages" in path or not path.startswith(str(self._repository)):
                yield name
