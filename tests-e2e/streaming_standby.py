"""A streaming standby of a Postgres of the tests, made by pg_basebackup from its wheel."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import override
from urllib.parse import urlsplit

import asyncpg
from angarium_cli.engines import PostgresProcess
from angarium_cli.engines.postgres_data import find_place
from angarium_cli.engines.server_process import bare_environment

NAME = "standby"
"""Its name in `synchronous_standby_names`."""
STREAMING = {"wal_level": "replica", "max_wal_senders": "4", "wal_keep_size": "256MB"}
"""The settings of its primary."""
_BACKUP_TIMEOUT_S = 120.0
_PROMOTION_TIMEOUT_S = 30
_STANDBY_TIMEOUT_S = 30.0


class StreamingStandby(PostgresProcess):
    """A copy of `primary`, which must run with `STREAMING`, that follows it through `port` of
    loopback, the primary's own unless given. `settings` are as for the primary."""

    def __init__(
        self,
        folder: Path,
        primary: PostgresProcess,
        *,
        port: int | None = None,
        fsync: bool = True,
        settings: dict[str, str] | None = None,
    ) -> None:
        super().__init__(folder, fsync=fsync, settings=STREAMING | (settings or {}))
        self._primary = primary
        self._through = port

    @override
    def _prepare(self) -> None:
        place = find_place(self._folder)
        if not (place.data / "PG_VERSION").exists():
            primary = urlsplit(self._primary.uri())
            following = {
                "host": primary.hostname,
                "port": self._through or primary.port,
                "user": primary.username,
                "password": primary.password,
                "application_name": NAME,
            }
            command = [
                str(place.programs / "bin" / "pg_basebackup"),
                *("--pgdata", str(place.data), "--checkpoint=fast", "--write-recovery-conf"),
                *("--no-sync", "--dbname", " ".join(f"{k}={v}" for k, v in following.items())),
            ]
            place.data.mkdir(mode=0o700)
            if place.user is not None:
                os.chown(place.data, place.user.pw_uid, place.user.pw_gid)
            done = subprocess.run(
                command,
                check=False,
                cwd=place.home,
                capture_output=True,
                text=True,
                timeout=_BACKUP_TIMEOUT_S,
                env=bare_environment(),
                user=place.user_id,
                group=place.group_id,
                extra_groups=None if place.user is None else [],
            )
            assert done.returncode == 0, done.stderr
            (place.home / "password").write_text(primary.password or "")
        super()._prepare()

    def await_streaming(self, *, synchronous: bool = False) -> None:
        """Wait until the primary streams to it, and counts on it if it is `synchronous`."""
        query = "select sync_state from pg_stat_replication where state = 'streaming'"
        wanted = {"sync", "quorum"} if synchronous else {"async", "sync", "quorum", "potential"}

        async def wait() -> None:
            connection = await asyncpg.connect(self._primary.uri(), ssl=False)
            try:
                async with asyncio.timeout(_STANDBY_TIMEOUT_S):
                    while await connection.fetchval(query) not in wanted:
                        await asyncio.sleep(0.05)
            finally:
                await connection.close()

        asyncio.run(wait())

    def promote(self) -> None:
        """Make it a primary of its own."""
        done = asyncio.run(run_on(self, f"select pg_promote(true, {_PROMOTION_TIMEOUT_S})"))
        assert done, "the standby was not promoted"


async def run_on(server: PostgresProcess, query: str, database: str = "postgres") -> object:
    """Run a statement past the services; gives the first value."""
    connection = await asyncpg.connect(server.uri(database), ssl=False)
    try:
        found: object = await connection.fetchval(query)
        return found
    finally:
        await connection.close()


def make_synchronous(primary: PostgresProcess, commit: str = "on") -> None:
    """Let commits of the primary wait for the standby, as `synchronous_commit` says."""
    for statement in (
        f"alter system set synchronous_standby_names = '{NAME}'",
        f"alter system set synchronous_commit = '{commit}'",
        "select pg_reload_conf()",
    ):
        asyncio.run(run_on(primary, statement))
