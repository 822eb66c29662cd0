"""Comparing two revisions: what is built, what ends it with an error, and what does not."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

from failure import BenchmarkFailed
from revisions import commit_of, extract, working_tree_commit

HERE = Path(__file__).parent
COMPARE = str(HERE / "compare_revisions.py")
FAKE_PLATFORM = shlex.join([sys.executable, str(HERE / "fake_platform.py")])


def git(repository: Path, *arguments: str) -> str:
    options = ("-c", "user.name=tester", "-c", "user.email=tester@localhost")
    return subprocess.run(
        ["git", *options, *arguments],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With one commit."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for name, text in ((".gitignore", "*.pyc\n"), ("kept", "1"), ("removed", "1")):
        (folder / name).write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "First")
    return folder


def test_the_working_tree_is_compared_as_it_is(repository: Path, tmp_path: Path) -> None:
    (repository / "kept").write_text("2")
    (repository / "removed").unlink()
    (repository / "added").write_text("not committed")
    (repository / "ignored.pyc").write_text("")
    before = git(repository, "status", "--porcelain"), git(repository, "log", "--all")
    extract(repository, working_tree_commit(repository), tmp_path / "tree")
    files = {path.name: path.read_text() for path in (tmp_path / "tree").iterdir()}
    assert files == {".gitignore": "*.pyc\n", "kept": "2", "added": "not committed"}
    assert before == (git(repository, "status", "--porcelain"), git(repository, "log", "--all"))


def test_the_base_is_compared_as_it_was_committed(repository: Path, tmp_path: Path) -> None:
    (repository / "kept").write_text("2")
    extract(repository, commit_of("HEAD", repository), tmp_path / "base")
    files = {path.name: path.read_text() for path in (tmp_path / "base").iterdir()}
    assert files == {".gitignore": "*.pyc\n", "kept": "1", "removed": "1"}


def test_an_unknown_revision_is_named_with_a_remedy(repository: Path) -> None:
    with pytest.raises(BenchmarkFailed, match=r"'nowhere' is no revision .* BASE=main"):
        commit_of("nowhere", repository)


def compare(
    folder: Path, *arguments: str, fault: str = ""
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    out = folder / "compare.json"
    command = [sys.executable, COMPARE, "main", "--commands", FAKE_PLATFORM, FAKE_PLATFORM]
    command += ["--seconds", "0.3", "--json", str(out), *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"FAKE_FAULT": fault, "COLUMNS": "120"},
    )
    return done, json.loads(out.read_text()) if out.exists() else {}


def test_both_run_as_often_and_nothing_is_lost(tmp_path: Path) -> None:
    done, measured = compare(tmp_path, "--rounds", "2", "--only", "rate-300", "--quick")
    assert done.returncode == 0, done.stderr
    runs = measured["rate-300"]
    assert len(runs["base"]) == len(runs["working tree"]) == 2
    for run in (*runs["base"], *runs["working tree"]):
        assert run["accepted"] == run["delivered"] == 90
        assert run["lost"] == run["duplicates"] == 0
    assert "… gateway" in runs["ratios"]
    assert len(measured["cpu_loop_us"]) == 4
    assert "rate-300, 2 rounds" in done.stdout


def test_lost_messages_end_it_with_an_error_and_the_time_is_bounded(tmp_path: Path) -> None:
    arguments = ("--rounds", "50", "--minutes", "0", "--drain-timeout", "0.5")
    done, measured = compare(tmp_path, *arguments, "--only", "full-rate", fault="lose")
    assert done.returncode == 1
    assert measured["full-rate"]["lost"] > 0
    assert "full-rate: time is up after 1 round" in done.stdout
    assert len(measured["full-rate"]["base"]) == 1


def test_an_unknown_workload_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    done, _ = compare(tmp_path, "--only", "fast")
    assert done.returncode == 2
    assert "fast: choose all, or of full-rate, rate-300" in done.stderr
