"""A rolling upgrade under load, from the last release to this version.

Before the first release, it is from the oldest version whose code works on this one's schema.

The old version comes out of the repository's history, the databases are migrated while it works,
then one process after another is replaced.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from .stage import Stage
from .trial import Account, Trial

_ROOT = Path(__file__).parents[2]
_GIT_TIMEOUT_S = 60.0
RELEASE_TAG = re.compile(r"v(\d+\.\d+\.\d+)(?:(a|b|rc)(\d+))?")
"""The tags of `.ci/release.py`."""
UPWARDS = ("worker", "dispatcher", "gateway")
DOWNWARDS = ("gateway", "dispatcher", "worker")


def rolling(stage: Stage, order: Sequence[str]) -> Account:
    """On a stage of its own; `stage` lends only its folder's place."""
    old = old_version(stage.folder.parent / "old-version")
    ours = os.environ.get("PYTHONPATH", "")
    name = f"Rolling upgrade, {' then '.join(order)}"
    folder = stage.folder.parent / f"upgrade-{order[0]}"
    # No restart loops: a version that does not start must show as such.
    # The command of the version before the releases creates the tenant of a key unasked.
    key_options = ("--new-tenant",) if last_release(_ROOT) else ()
    with (
        Stage(folder, key_options=key_options, PYTHONPATH=search_path(old)) as own,
        Trial(own, name) as trial,
    ):
        trial.run_for(1)
        with trial.fault():
            _migrate(own, trial, "before", ours)
            trial.run_for(2)
            for service in order:
                for member in own.of(service):
                    member.stop()
                    member.start(PYTHONPATH=ours)
                    own.await_ready()
                trial.run_for(1)
            _migrate(own, trial, "after", ours)
        trial.run_for(2)
        account = trial.conclude()
        account.expect(not account.duplicated, f"{account.duplicated} webhooks came twice")
        # A process that stops refuses connections; what serves answers.
        answered = {status for status in trial.load.refusals if status}
        account.expect(not answered, f"refused with {sorted(answered)}")
        return account


def _migrate(stage: Stage, trial: Trial, phase: str, search_path: str) -> None:
    settings = stage.settings | {"PYTHONPATH": search_path}
    migrated = run_angarium(["migrate", "all", "--phase", phase], **settings)
    trial.account.expect(migrated.returncode == 0, f"migrate: {migrated.stderr[-300:]}")


def search_path(root: Path) -> str:
    """The packages of a checkout, for PYTHONPATH."""
    return os.pathsep.join(str(path) for path in sorted(root.glob("*/*/src")))


def old_version(folder: Path) -> Path:
    """The packages of the version to upgrade from, unpacked into `folder`."""
    if folder.exists():
        return folder
    commit = last_release(_ROOT) or before_first_tolerated_migration(_ROOT)
    folder.mkdir(parents=True)
    archive = _git(_ROOT, "archive", commit, "libs", "services")
    unpacked = subprocess.run(
        ["tar", "x", "-C", str(folder)], input=archive, check=False, timeout=_GIT_TIMEOUT_S
    )
    assert unpacked.returncode == 0, "the old version cannot be unpacked"
    return folder


def last_release(repository: Path) -> str | None:
    """The newest tag of a release, such as v1.2.0, that HEAD descends from; None if there is none.

    HEAD's own tag does not count: a release is tested against the one before it.
    """
    listed = _git(repository, "tag", "--list", "v*", "--merged", "HEAD", "--no-contains", "HEAD")
    releases = [tag for tag in listed.decode().split() if RELEASE_TAG.fullmatch(tag)]
    return max(releases, key=_version, default=None)


def _version(tag: str) -> tuple[tuple[int, ...], bool, str, int]:
    """Sorts v1.10.0 behind v1.9.0, and v1.2.0rc1 before v1.2.0."""
    match = RELEASE_TAG.fullmatch(tag)
    assert match is not None
    numbers, kind, count = match.groups()
    return tuple(map(int, numbers.split("."))), kind is None, kind or "", int(count or 0)


def before_first_tolerated_migration(repository: Path) -> str:
    """The commit before the first of the migrations that earlier code works with, as all later ones
    have let it (`works_from`)."""
    paths = _tolerated_migrations(repository)
    added = _git(repository, "log", "--diff-filter=A", "--format=%H", "--", *paths).split()
    assert added, "the upgrade needs the repository's history (git clone without --depth)"
    return _git(repository, "rev-parse", f"{added[-1].decode()}^").decode().strip()


def _tolerated_migrations(repository: Path) -> list[str]:
    """Those after the version that the schema of their service works from."""
    found = []
    for versions in sorted(repository.glob("services/*/src/*/migrations/versions")):
        scripts = sorted(versions.glob("*.py"))
        texts = {script: script.read_text() for script in scripts}
        oldest = max(_works_from(script, text) for script, text in texts.items())
        found += [str(script) for script in scripts if script.name.partition("_")[0] > oldest]
    return found


def _works_from(script: Path, text: str) -> str:
    stated = re.search(r'^works_from = "(\w+)"', text, re.MULTILINE)
    return stated.group(1) if stated else script.name.partition("_")[0]


def _git(repository: Path, *arguments: str) -> bytes:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        capture_output=True,
        check=False,
        timeout=_GIT_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
