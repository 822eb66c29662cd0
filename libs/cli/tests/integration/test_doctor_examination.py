"""The doctor on engines that are there, missing, empty, silent or behind."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from angarium_chassis.database.engine import open_database
from angarium_chassis.examination.findings import Finding, Level
from angarium_chassis.examination.group_state import SILENT_S, Consumer
from angarium_chassis.examination.stream_checks import (
    _consumers,
    groups_read_by,
    judge_group,
    read_group,
)
from angarium_chassis.sealing import Seal
from angarium_chassis.streams.process_registry import ProcessHeartbeat
from angarium_chassis.streams.reader_heartbeat import ReaderHeartbeat
from angarium_chassis.streams.stream_numbers import StreamNumberAnnouncer
from angarium_cli.doctor.checkup import Checkup
from angarium_cli.failure import CommandFailed
from angarium_cli.installation import Installation, find_installation
from angarium_cli.services import SERVICES, examination_of
from angarium_contracts.stream_names import readers
from redis.asyncio import Redis

KEY = "A" * 43 + "="


def installation(folder: Path, redis_url: str, **changes: str) -> Installation:
    """Three services on SQLite files in the folder."""
    environments = {
        service: {
            "ANGARIUM_DATABASE_URL": f"sqlite+aiosqlite:///{folder / service}.db",
            "ANGARIUM_REDIS_URL": redis_url,
            "ANGARIUM_ENCRYPTION_KEY": KEY,
            **changes,
        }
        for service in SERVICES
    }
    return Installation("a test", environments)


async def examine(found: Installation, **options: float) -> dict[str, Finding]:
    """The findings that are not well, the first of each subject."""
    examination = Checkup(found, older_than_s=300, on_check=lambda _: None, **options)
    findings: dict[str, Finding] = {}
    for finding in await examination.run():
        assert KEY not in repr(finding)
        if finding.level is not Level.OK:
            findings.setdefault(finding.subject, finding)
    return findings


@pytest.fixture
async def migrated(tmp_path: Path) -> Path:
    """A folder with the databases of all services."""
    for service in SERVICES:
        database = open_database(f"sqlite+aiosqlite:///{tmp_path / service}.db")
        await examination_of(service).SCHEMA.migrate(database)
        await database.close()
    return tmp_path


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def silent_url() -> AsyncIterator[str]:
    """A server that takes connections and never answers."""
    ended = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        ended.set()


async def test_without_services_every_group_is_missing_and_databases_are_well(
    migrated: Path, redis_url: str
) -> None:
    found = await examine(installation(migrated, redis_url))

    streams = [f"stream {stream}" for stream, _ in groups_read_by(SERVICES, [0])]
    assert set(found) == {*streams, "gateway"}
    assert all(each.level is Level.PROBLEM for each in found.values())
    assert found["gateway"].sentence.startswith("No gateway runs")


async def test_groups_that_are_read_are_well_and_one_that_nobody_reads_is_not(
    redis: Redis,
) -> None:
    await redis.xgroup_create("read", "workers", id="0", mkstream=True)
    await redis.xgroup_create("left", "workers", id="0", mkstream=True)
    await redis.xadd("read", {"__data__": b"x"})
    await redis.xreadgroup("workers", "alive", {"read": ">"}, count=1)

    read = await read_group(redis, "read", "workers", lease_s=8)
    left = await read_group(redis, "left", "workers", lease_s=8)

    assert (read.length, read.pending, read.abandoned) == (1, 1, 0)
    assert [(each.name, each.pending) for each in read.consumers] == [("alive", 1)]
    assert judge_group(read)[0].sentence == "Read by 1; 0 waiting, 1 in progress."
    assert judge_group(left)[0].sentence == "No worker reads it."
    gone = replace(read, consumers=tuple(replace(each, idle_s=60) for each in read.consumers))
    assert judge_group(gone)[0].level is Level.PROBLEM


async def test_an_idle_reader_lives_by_its_heartbeat_as_on_redis_7_0(redis: Redis) -> None:
    await redis.xgroup_create("idle", "workers", id="0", mkstream=True)
    await redis.xgroup_createconsumer("idle", "workers", "quiet")
    for consumer in ("quiet", "never-got-an-entry"):
        heartbeat = ReaderHeartbeat(
            lambda: redis, stream="idle", group="workers", consumer=consumer, reads=lambda: True
        )
        await heartbeat.beat()
    await redis.zadd(readers("idle", "workers"), {"gone": 1})

    state = await read_group(redis, "idle", "workers", lease_s=8)

    by_name = {each.name: each.idle_s for each in state.consumers}
    assert by_name["quiet"] < SILENT_S
    assert by_name["never-got-an-entry"] < SILENT_S
    assert by_name["gone"] > SILENT_S
    assert judge_group(state)[0].sentence.startswith("Read by 2;")


def test_a_heartbeat_counts_where_redis_counts_the_time_since_the_last_entry() -> None:
    rows = [{"name": b"quiet", "pending": 3, "idle": 600_000}]

    assert _consumers(rows, {"quiet": 4.0}) == [Consumer("quiet", 3, 4.0)]
    assert _consumers(rows, {}) == [Consumer("quiet", 3, 600.0)]


async def test_a_stream_beyond_the_own_count_without_a_reader_is_a_problem(
    migrated: Path, redis: Redis, redis_url: str
) -> None:
    announcer = StreamNumberAnnouncer(lambda: redis, count=2, of_open_batches=lambda: [5])
    await announcer.announce()

    found = await examine(installation(migrated, redis_url))

    assert {f"stream messages.accepted:{{{number}}}" for number in (0, 1, 5)} <= set(found)
    assert found["stream deliveries.requested:{5}"].level is Level.PROBLEM
    assert "stream messages.accepted:{2}" not in found


async def test_processes_with_different_numbers_of_streams_are_a_warning(
    migrated: Path, redis: Redis, redis_url: str
) -> None:
    database = open_database(f"sqlite+aiosqlite:///{migrated / 'worker.db'}")
    for replica, count in ("0123456789", 1), ("abcdefghij", 4):
        await ProcessHeartbeat(
            lambda: redis,
            database,
            service="worker",
            replica=replica,
            version="1",
            key_ids=(),
            schema="0001",
            stream_count=count,
            clock_ms=lambda: 0,
        ).beat()
    await database.close()

    found = (await examine(installation(migrated, redis_url)))["processes"]

    assert found.level is Level.WARNING
    assert "1 in worker 01234567; 4 in worker abcdefgh" in found.sentence


async def test_another_key_is_a_problem_of_every_database(migrated: Path, redis_url: str) -> None:
    for service in SERVICES:
        database = open_database(f"sqlite+aiosqlite:///{migrated / service}.db")
        await examination_of(service).SCHEMA.require_key(database, Seal.from_base64(KEY))
        await database.close()
    other = "B" * 43 + "="

    found = await examine(installation(migrated, redis_url, ANGARIUM_ENCRYPTION_KEY=other))

    for service in SERVICES:
        assert found[f"{service} database"].sentence.startswith(
            f"ANGARIUM_ENCRYPTION_KEY is another key than the one that the {service}'s database"
        )
        assert (found[f"{service} database"].remedy or "").startswith("Set that key again")
        assert other not in repr(found)


async def test_the_database_of_another_service_is_a_problem(migrated: Path, redis_url: str) -> None:
    found = installation(migrated, redis_url)
    swapped = {
        **found.environments,
        "gateway": found.environments["worker"],
        "worker": found.environments["gateway"],
    }

    findings = await examine(replace(found, environments=swapped))

    told = findings["gateway database"]
    assert "names the worker's database" in told.sentence
    assert told.remedy == "Set it to the gateway's own database."
    assert "names the gateway's database" in findings["worker database"].sentence


async def test_an_unknown_setting_is_a_problem_with_the_nearest_name(
    migrated: Path, redis_url: str
) -> None:
    found = await examine(
        installation(migrated, redis_url, ANGARIUM_EGRES_DENIED_NETWORKS="10.0.0.0/8")
    )

    assert "did you mean ANGARIUM_EGRESS_DENIED_NETWORKS?" in found["worker settings"].sentence


async def test_entries_that_nobody_takes_over_are_counted(redis: Redis) -> None:
    await redis.xgroup_create("read", "workers", id="0", mkstream=True)
    entry_id = await redis.xadd("read", {"__data__": b"x"})
    await redis.xreadgroup("workers", "dead", {"read": ">"}, count=1)
    await redis.xclaim("read", "workers", "dead", 0, [entry_id], idle=90_000)

    found = await read_group(redis, "read", "workers", lease_s=8)

    assert found.abandoned == 1
    assert (await read_group(redis, "read", "workers", lease_s=60)).abandoned == 0


async def test_databases_that_are_not_there_are_not_made(tmp_path: Path, redis_url: str) -> None:
    found = await examine(installation(tmp_path / "nowhere", redis_url))

    for service in SERVICES:
        assert found[f"{service} database"].remedy == f"Run `angarium migrate {service}`."
    assert not (tmp_path / "nowhere").exists()


async def test_a_schema_that_is_behind_says_what_to_run(migrated: Path, redis_url: str) -> None:
    (migrated / "worker.db").unlink()
    database = open_database(f"sqlite+aiosqlite:///{migrated / 'worker.db'}")
    await examination_of("worker").SCHEMA.migrate(database, "0001")
    await database.close()

    found = (await examine(installation(migrated, redis_url)))["worker database"]

    assert "schema version 0001" in found.sentence
    assert found.remedy == "Run `angarium migrate worker`."


async def test_a_redis_that_is_silent_ends_with_the_time_limit_of_the_check(
    migrated: Path, silent_url: str
) -> None:
    found = await examine(installation(migrated, silent_url), check_timeout_s=1.0)

    assert found["redis"].sentence == "No answer within 1 s."
    assert not [subject for subject in found if subject.startswith("stream")]


async def test_engines_that_are_not_there_are_problems(migrated: Path) -> None:
    nobody = "127.0.0.1:1"
    down = installation(migrated, f"redis://{nobody}/0")
    environments = dict(down.environments)
    environments["worker"] = {
        **environments["worker"],
        "ANGARIUM_DATABASE_URL": f"postgresql+asyncpg://user:hunter2@{nobody}/worker",
    }

    found = await examine(replace(down, environments=environments))

    assert found["redis"].level is Level.PROBLEM
    assert found["worker database"].level is Level.PROBLEM
    assert "hunter2" not in repr(found)


async def test_settings_are_read_as_each_service_does(migrated: Path, redis_url: str) -> None:
    before = dict(os.environ)
    found = await examine(
        installation(migrated, redis_url, ANGARIUM_ATTEMPT_TIMEOUT_S="90", ANGARIUM_PORT="x")
    )

    assert "ANGARIUM_ATTEMPT_TIMEOUT_S" in found["worker settings"].sentence
    assert "ANGARIUM_PORT" in found["gateway settings"].sentence
    assert "dispatcher settings" not in found
    assert dict(os.environ) == before


async def test_what_services_must_share_and_must_not(migrated: Path, redis_url: str) -> None:
    same = installation(migrated, redis_url, ANGARIUM_DATABASE_URL="sqlite+aiosqlite:///one.db")
    assert (await examine(same))["settings"].sentence == "Two services have the same database."

    found = installation(migrated, redis_url)
    other = {**found.environments["worker"], "ANGARIUM_STREAM_COUNT": "2"}
    differing = replace(found, environments={**found.environments, "worker": other})
    assert "ANGARIUM_STREAM_COUNT" in (await examine(differing))["settings"].sentence

    broken = installation(migrated, redis_url, ANGARIUM_ENCRYPTION_KEY="short")
    assert "ANGARIUM_ENCRYPTION_KEY" in (await examine(broken))["gateway settings"].sentence


def test_the_environments_platform_is_found_before_a_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandFailed, match="no platform found"):
        find_installation({}, None)
    _write_state(tmp_path / ".angarium", pid=os.getpid())
    production = {"ANGARIUM_GATEWAY_DATABASE_URL_FILE": "/run/secrets/url"}

    assert find_installation(production, None).name.startswith("the ANGARIUM_")
    found = find_installation({}, None)
    assert found.name == f"`angarium dev` in {tmp_path / '.angarium'}"
    assert found.problem is None
    assert found.internal_ports == dict.fromkeys(SERVICES, 4)
    folder = find_installation(production, tmp_path / ".angarium")
    assert folder.environments["gateway"]["ANGARIUM_DATABASE_URL"] == "sqlite:///g"


def test_a_folder_whose_platform_was_killed_is_told(tmp_path: Path) -> None:
    _write_state(tmp_path, pid=2**22 + 1)

    assert "was killed" in (find_installation({}, tmp_path).problem or "")


@pytest.mark.parametrize("text", ["", "[]", '{"api_url": 1}', "\x00"])
def test_a_state_file_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dev.json").write_text(text)

    with pytest.raises(CommandFailed, match="cannot be read"):
        find_installation({}, tmp_path)


def _write_state(folder: Path, *, pid: int) -> None:
    folder.mkdir(exist_ok=True)
    state = {
        "api_url": "http://127.0.0.1:3",
        "redis_url": "redis://127.0.0.1:5/0",
        "database_urls": {service: f"sqlite:///{service[0]}" for service in SERVICES},
        "internal_urls": dict.fromkeys(SERVICES, "http://127.0.0.1:4"),
        "pids": {"dev": pid},
    }
    (folder / "dev.json").write_text(json.dumps(state))


async def test_a_replica_of_sqlite_is_a_problem_with_its_setting(
    migrated: Path, redis_url: str
) -> None:
    replica = {"ANGARIUM_WORKER_REPLICA_URL": "postgresql://u:p@127.0.0.1:1/d"}
    found = (await examine(installation(migrated, redis_url, **replica)))["worker replica"]
    assert found.level is Level.PROBLEM
    assert "needs Postgres" in found.sentence
    assert "ANGARIUM_WORKER_REPLICA_URL" in (found.remedy or "")
