"""`angarium migrate --phase`: the migrations of each, and the wait for earlier processes."""

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import angarium_worker
import pytest
from angarium_chassis.database.engine import open_database
from angarium_chassis.streams.process_registry import ProcessHeartbeat
from angarium_cli import databases
from angarium_cli.earlier_processes import await_end_of_earlier
from angarium_cli.failure import CommandFailed
from angarium_cli.main import main
from angarium_worker.adapters.database.schema import SCHEMA
from redis.asyncio import Redis

type Run = Callable[..., tuple[int, str, str]]

REMOVAL = '''
"""A column goes.

Deploy: after the old code.
"""

from alembic import op

revision = "9001"
down_revision = "{head}"
phase = "after"


def upgrade():
    op.drop_column("endpoint_copy", "keep_while_disabled")
'''


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["angarium", "migrate", "worker", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_command


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The worker of a version that removes a column. Gives its database, a file that this version
    has migrated."""
    url = f"sqlite:///{tmp_path / 'worker.db'}"
    asyncio.run(databases.migrate_database("worker", url))
    package = tmp_path / "source/angarium_next_worker"
    migrations = Path(angarium_worker.__file__).parent / "migrations"
    shutil.copytree(migrations, package / "migrations")
    (package / "__init__.py").touch()
    removal = package / "migrations/versions/9001_removal.py"
    removal.write_text(REMOVAL.strip().format(head=SCHEMA.head))
    monkeypatch.syspath_prepend(str(tmp_path / "source"))
    schema = replace(SCHEMA, package="angarium_next_worker")
    monkeypatch.setattr(databases, "examination_of", lambda _: SimpleNamespace(SCHEMA=schema))
    monkeypatch.setenv("ANGARIUM_DATABASE_URL", url)
    monkeypatch.delenv("ANGARIUM_REDIS_URL", raising=False)
    yield tmp_path / "worker.db"
    sys.modules.pop("angarium_next_worker", None)


def revision(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        (found,) = connection.execute("select version_num from alembic_version").fetchone()
    return str(found)


def test_each_phase_runs_its_own(run: Run, next_version: Path) -> None:
    assert run("--phase", "before", "--check")[:2] == (
        0,
        "worker: no migration of the phase before is pending\n",
    )
    checked = run("--phase", "after", "--check")
    assert checked[:2] == (1, "worker: 1 migration of the phase after is pending\n")
    planned = run("--plan")
    assert "\n  9001, phase after\n  A column goes.\n  Deploy: after the old code.\n" in planned[1]

    assert "already at schema version" in run("--phase", "before")[1]
    assert revision(next_version) == SCHEMA.head
    assert f"schema version {SCHEMA.head} -> 9001" in run("--phase", "after")[1]
    assert revision(next_version) == "9001"


async def heartbeat(url: str, tmp_path: Path, schema: str) -> ProcessHeartbeat:
    redis = Redis.from_url(url)
    database = open_database(f"sqlite:///{tmp_path / 'pool.db'}")
    beating = ProcessHeartbeat(
        lambda: redis,
        database,
        service="worker",
        replica="0123456789abcdef",
        version="1.2.3",
        key_ids=("5ea1ed00",),
        schema=schema,
        stream_count=1,
        clock_ms=lambda: 0,
    )
    await beating.beat()
    return beating


async def test_the_phase_after_is_refused_while_an_earlier_process_runs(
    redis_url: str, tmp_path: Path
) -> None:
    beating = await heartbeat(redis_url, tmp_path, "0008")

    # Its code works on a schema that works from 0008, and it uses no other service's database.
    await await_end_of_earlier(redis_url, {"worker": "0008"}, wait_s=0)
    await await_end_of_earlier(redis_url, {"gateway": "0009"}, wait_s=0)
    with pytest.raises(CommandFailed, match=r"the worker 01234567 on .*\(version 1\.2\.3\)"):
        await await_end_of_earlier(redis_url, {"worker": "0009"}, wait_s=0)

    await beating.leave()
    await await_end_of_earlier(redis_url, {"worker": "0009"}, wait_s=0)


async def test_the_phase_after_needs_the_redis_that_it_is_given() -> None:
    with pytest.raises(CommandFailed, match="check ANGARIUM_REDIS_URL, or unset it"):
        await await_end_of_earlier("redis://127.0.0.1:1/0", {"worker": "0009"}, wait_s=0)


def test_the_command_asks_the_redis_of_its_environment(
    run: Run, next_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_REDIS_URL", "redis://127.0.0.1:1/0")

    status, _, err = run("--phase", "after")

    assert (status, revision(next_version)) == (1, SCHEMA.head)
    assert "Redis cannot be asked" in err
