"""A real PgBouncer in transaction mode, in front of a Postgres of the tests."""

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from ..child_process import start_process  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252

GIVEN_PROGRAM = "ANGARIUM_TEST_PGBOUNCER"
HINT = f"PgBouncer is not installed: apt-get install pgbouncer, or set {GIVEN_PROGRAM} to a program"
KEEPS_PREPARED_SINCE = (1, 21)
NOBODY = 65_534
_STOP_TIMEOUT_S = 10.0


def program() -> str | None:
    """The path of PgBouncer, if there is one."""
    # Debian installs it where the PATH of a user may not lead.
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    return os.environ.get(GIVEN_PROGRAM) or shutil.which("pgbouncer", path=path)


def version_of(path: str) -> tuple[int, int]:
    """The version of a program, such as (1, 24)."""
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"PgBouncer (\d+)\.(\d+)", told)
    assert found is not None, told
    return int(found[1]), int(found[2])


class PgBouncer:
    """Passes every database of the server of `url` on; `with` starts and ends it.

    `pool_size` connections to the server for each database, fewer than the clients', so that
    transactions of one client run on several. `options` go into its configuration.
    """

    def __init__(self, folder: Path, url: str, *, pool_size: int, **options: str) -> None:
        server = urlsplit(url)
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self._settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": str(folder / "users.txt"),
            "pool_mode": "transaction",
            "default_pool_size": str(pool_size),
            "max_client_conn": "500",
            **options,
        }
        self._target = f"host={server.hostname} port={server.port}"
        self._user = f'"{server.username}" "{server.password}"\n'
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        path = program()
        assert path is not None, HINT
        self._folder.mkdir(mode=0o711, parents=True)
        lines = ["[databases]", f"* = {self._target}", "[pgbouncer]"]
        lines += [f"{name} = {value}" for name, value in self._settings.items()]
        command = [path, str(self._folder / "pgbouncer.ini")]
        if os.geteuid() == 0:
            # It refuses to run as root.
            lines.append("user = nobody")
        for name, text in (("pgbouncer.ini", "\n".join(lines)), ("users.txt", self._user)):
            file = self._folder / name
            file.write_text(text)
            file.chmod(0o600)
            if os.geteuid() == 0:
                os.chown(file, NOBODY, NOBODY)
        with (self._folder / "pgbouncer.log").open("ab") as log:
            self._process = start_process(command, os.environ, out=log, errors=log)
        until(self._listens, 10, f"PgBouncer listens: {self.log()}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def url(self, url: str, query: str = "") -> str:
        """The URL of the same database through PgBouncer."""
        parts = urlsplit(url)
        netloc = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{self.port}"
        return urlunsplit(parts._replace(netloc=netloc, query=query))

    def log(self) -> str:
        """Its log so far."""
        return (self._folder / "pgbouncer.log").read_text()

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
