"""A rolling upgrade under load: the oldest version that this one's schema bears, and this one.

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
UPWARDS = ("worker", "dispatcher", "gateway")
DOWNWARDS = ("gateway", "dispatcher", "worker")


def rolling(stage: Stage, order: Sequence[str]) -> Account:
    """On a stage of its own; `stage` lends only its folder's place."""
    old = old_version(stage.folder.parent / "old-version")
    ours = os.environ.get("PYTHONPATH", "")
    name = f"Rolling upgrade, {' then '.join(order)}"
    folder = stage.folder.parent / f"upgrade-{order[0]}"
    # No restart loops: a version that does not start must show as such.
    # The old version's command creates the tenant of a key without being told to.
    with (
        Stage(folder, key_options=(), PYTHONPATH=search_path(old)) as own,
        Trial(own, name) as trial,
    ):
        trial.run_for(1)
        with trial.fault():
            migrated = run_angarium(["migrate", "all"], **own.settings | {"PYTHONPATH": ours})
            trial.account.expect(migrated.returncode == 0, f"migrate: {migrated.stderr[-300:]}")
            trial.run_for(2)
            for service in order:
                for member in own.of(service):
                    member.stop()
                    member.start(PYTHONPATH=ours)
                    own.await_ready()
                trial.run_for(1)
        trial.run_for(2)
        account = trial.conclude()
        account.expect(not account.duplicated, f"{account.duplicated} webhooks came twice")
        # A process that stops refuses connections; what serves answers.
        answered = {status for status in trial.load.refusals if status}
        account.expect(not answered, f"refused with {sorted(answered)}")
        return account


def search_path(root: Path) -> str:
    """The packages of a checkout, for PYTHONPATH."""
    return os.pathsep.join(str(path) for path in sorted(root.glob("*/*/src")))


def old_version(folder: Path) -> Path:
    """The commit before the first migration that the code before it bears, and that all since
    have borne (`works_from`), unpacked into `folder`."""
    if folder.exists():
        return folder
    added = _git("log", "--diff-filter=A", "--format=%H", "--", *_borne_migrations()).split()
    assert added, "the upgrade needs the repository's history (git clone without --depth)"
    commit = _git("rev-parse", f"{added[-1].decode()}^").decode().strip()
    folder.mkdir(parents=True)
    archive = _git("archive", commit, "libs", "services")
    unpacked = subprocess.run(
        ["tar", "x", "-C", str(folder)], input=archive, check=False, timeout=_GIT_TIMEOUT_S
    )
    assert unpacked.returncode == 0, "the old version cannot be unpacked"
    return folder


def _borne_migrations() -> list[str]:
    """Those after the version that the schema of their service works from."""
    found = []
    for versions in sorted(_ROOT.glob("services/*/src/*/migrations/versions")):
        scripts = sorted(versions.glob("*.py"))
        texts = {script: script.read_text() for script in scripts}
        oldest = max(_works_from(script, text) for script, text in texts.items())
        found += [str(script) for script in scripts if script.name.partition("_")[0] > oldest]
    return found


def _works_from(script: Path, text: str) -> str:
    stated = re.search(r'^works_from = "(\w+)"', text, re.MULTILINE)
    return stated.group(1) if stated else script.name.partition("_")[0]


def _git(*arguments: str) -> bytes:
    done = subprocess.run(
        ["git", "-C", str(_ROOT), *arguments],
        capture_output=True,
        check=False,
        timeout=_GIT_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
