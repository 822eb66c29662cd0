"""The version from which the rolling upgrades of `make faults` start."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .upgrade import before_first_tolerated_migration, last_release

type Git = Callable[..., str]

MIGRATIONS = "services/parcels/src/angarium_parcels/migrations/versions"


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Runs git in a repository of its own, which has one commit."""

    def run(*arguments: str) -> str:
        settings = ("user.name=t", "user.email=t@example.com", "tag.gpgSign=false")
        options = [option for each in settings for option in ("-c", each)]
        command = ["git", "-C", str(tmp_path), *options, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    commit(run)
    return run


def commit(git: Git) -> str:
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--message=a change")
    return git("rev-parse", "HEAD")


def test_without_a_release_there_is_no_tag(git: Git, tmp_path: Path) -> None:
    git("tag", "nightly")
    commit(git)

    assert last_release(tmp_path) is None


def test_the_last_release_is_the_newest_by_its_version(git: Git, tmp_path: Path) -> None:
    for tag in ("v1.9.0", "v1.10.0rc1", "v1.10.0", "v1.2.0", "vacation", "v2"):
        git("tag", tag)
        commit(git)

    assert last_release(tmp_path) == "v1.10.0"


def test_annotated_tags_count_too(git: Git, tmp_path: Path) -> None:
    git("tag", "v1.0.0")
    commit(git)
    git("tag", "--annotate", "--message=a release", "v1.1.0")
    commit(git)

    assert last_release(tmp_path) == "v1.1.0"


def test_a_release_is_tested_against_the_one_before_it(git: Git, tmp_path: Path) -> None:
    git("tag", "v1.0.0")
    commit(git)
    git("tag", "v1.1.0")

    assert last_release(tmp_path) == "v1.0.0"


def test_a_release_of_another_branch_does_not_count(git: Git, tmp_path: Path) -> None:
    git("tag", "v1.0.0")
    git("switch", "--quiet", "--create", "next")
    commit(git)
    git("tag", "v2.0.0")
    git("switch", "--quiet", "main")
    commit(git)

    assert last_release(tmp_path) == "v1.0.0"


def test_before_the_first_release_it_is_the_oldest_version_on_this_schema(
    git: Git, tmp_path: Path
) -> None:
    versions = tmp_path / MIGRATIONS
    versions.mkdir(parents=True)
    expected = ""
    for number, works_from in enumerate(("", "", 'works_from = "0002"\n', 'works_from = "0002"\n')):
        if number == 2:
            expected = git("rev-parse", "HEAD")
        (versions / f"000{number + 1}_step.py").write_text(works_from)
        commit(git)

    assert before_first_tolerated_migration(tmp_path) == expected
