"""Runs of pytest, each in a process of its own that starts as a copy of this one.

So the libraries are imported once. What a run changes of the repository's modules it changes in
memory, when it imports them: no file is written.
"""

import gc
import importlib
import multiprocessing
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType
from typing import Any

import hypothesis
import pytest

from .reach import Reach, ReachRecorder

# What pytest's own process needs is in pyproject.toml; these would only cost time here.
_OPTIONS = ("-q", "-x", *("-p", "no:cacheprovider"), *("-p", "no:xdist"), *("-p", "no:pytest_cov"))
_TIMES_LONGER = 10
_PATIENCE_S = 5.0
_MEMORY_BYTES_MAX = 8 * 1024**3
_forked = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Change:
    """The text that takes the place of a module's, by its path."""

    path: Path
    code: str


def import_libraries(names: Iterable[str]) -> None:
    """Import what the tests will import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            try:
                importlib.import_module(name)
            except Exception:  # noqa: BLE001 - Some can be imported only as a part of others.
                sys.modules.pop(name, None)
    gc.collect()
    gc.freeze()


def record_reach(
    repository: Path, modules: Iterable[str], arguments: Sequence[str], env: Mapping[str, str]
) -> Reach | None:
    """Run all of these tests on unchanged code; None if one fails."""
    ours, theirs = _forked.Pipe(duplex=False)
    process = _forked.Process(
        target=_record_reach, args=(theirs, repository, tuple(modules), arguments, env)
    )
    process.start()
    theirs.close()
    try:
        found: Reach | None = ours.recv()
    except EOFError:
        found = None
    process.join()
    return found


def _record_reach(
    reply: Connection,
    repository: Path,
    modules: Sequence[str],
    arguments: Sequence[str],
    env: Mapping[str, str],
) -> None:
    _enter(repository, env)
    recorder = ReachRecorder(repository, modules)
    status = pytest.main([*_OPTIONS, *arguments], plugins=[recorder])
    reply.send(recorder.reach() if status == 0 else None)
    reply.close()
    os._exit(0)


class PytestRun:
    """One run, of these tests only if any are named, until one fails. `sentinel` becomes ready
    when it ends."""

    def __init__(
        self,
        repository: Path,
        change: Change,
        arguments: Sequence[str],
        tests: Sequence[str],
        reach: Reach,
        env: Mapping[str, str],
    ) -> None:
        chosen = _Chosen(tests, reach)
        self._process = _forked.Process(
            target=_run, args=(repository, change, arguments, chosen, env)
        )
        self._process.start()
        self.sentinel = self._process.sentinel
        self.timeout_s = chosen.timeout_s
        self.tests = len(tests)

    def passed(self) -> bool:
        """True if no test failed, once it has ended."""
        self._process.join()
        return self._process.exitcode == 0

    def kill(self) -> None:
        """End it and all that it started."""
        assert self._process.pid is not None
        os.killpg(self._process.pid, signal.SIGKILL)


def _run(
    repository: Path,
    change: Change,
    arguments: Sequence[str],
    chosen: "_Chosen",
    env: Mapping[str, str],
) -> None:
    import resource

    os.setpgid(0, 0)
    _enter(repository, env)
    # A loop that no longer ends may fill the memory before its time is up.
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES_MAX, _MEMORY_BYTES_MAX))
    _replace(change)
    os._exit(pytest.main([*_OPTIONS, *arguments], plugins=[chosen]))


def _enter(repository: Path, env: Mapping[str, str]) -> None:
    os.chdir(repository)
    os.environ.update(env)
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.gettempdir()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)


def _replace(change: Change) -> None:
    unchanged = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, name: str) -> CodeType | None:
        if Path(self.path) == change.path:
            code: CodeType = compile(change.code, self.path, "exec", dont_inherit=True)
            return code
        return unchanged(self, name)

    read = Path.read_text

    def read_text(self: Path, *given: Any, **named: Any) -> str:
        return change.code if self == change.path else read(self, *given, **named)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]
    # For tests of the code's text.
    Path.read_text = read_text  # type: ignore[method-assign]


class _Chosen:
    """A plug-in of pytest: these tests only, in this order, each with a time of its own."""

    def __init__(self, tests: Sequence[str], reach: Reach) -> None:
        self._order = {name: place for place, name in enumerate(tests)}
        self._durations_s = reach.durations_s
        names = tests or tuple(reach.durations_s)
        self.timeout_s = 60.0 + _TIMES_LONGER * sum(self._durations_s[name] for name in names)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Take the same examples for each change, and look for no smaller ones."""
        hypothesis.settings.register_profile(
            "mutants",
            parent=hypothesis.settings.get_profile("angarium"),
            database=None,
            derandomize=True,
            phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        )
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the chosen ones."""
        if self._order:
            items[:] = [item for item in items if item.nodeid in self._order]
            items.sort(key=lambda item: self._order[item.nodeid])
        for item in items:
            timeout_s = _PATIENCE_S + _TIMES_LONGER * self._durations_s.get(item.nodeid, 1.0)
            item.add_marker(pytest.mark.timeout(timeout_s))
