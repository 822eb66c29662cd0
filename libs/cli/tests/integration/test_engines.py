"""The embedded engines: started from their wheels, found again, ended without a trace."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from angarium_chassis.streams.redis_clients import client_at
from angarium_chassis.streams.redis_url import read_redis_url
from angarium_cli.engines import (
    EngineFailed,
    PostgresProcess,
    ValkeyCluster,
    ValkeyProcess,
    unprivileged,
)
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="angarium-engines-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def own_valkey(folder: Path) -> Iterator[ValkeyProcess]:
    server = ValkeyProcess(folder / "valkey")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_postgres(folder: Path) -> Iterator[PostgresProcess]:
    server = PostgresProcess(folder / "postgres")
    server.start()
    yield server
    server.kill()


def runs(pid: int | None) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def version_of(server: PostgresProcess) -> str:
    connection = await asyncpg.connect(server.uri())
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()


def held_port() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


async def test_valkey_keeps_its_data_and_port_over_a_stop(own_valkey: ValkeyProcess) -> None:
    url = own_valkey.url
    async with Redis.from_url(url) as client:
        await client.set("kept", "yes")
    own_valkey.stop()
    assert not own_valkey.alive()

    own_valkey.start()

    assert own_valkey.url == url
    async with Redis.from_url(url) as client:
        assert await client.get("kept") == b"yes"


async def test_valkey_without_append_only_file_forgets(folder: Path) -> None:
    server = ValkeyProcess(folder, append_only=False)
    server.start()
    try:
        async with Redis.from_url(server.url) as client:
            await client.set("kept", "no")
        server.stop()
        server.start()
        async with Redis.from_url(server.url) as client:
            assert await client.dbsize() == 0
    finally:
        server.kill()


async def test_valkey_takes_a_password_a_memory_bound_and_further_settings(folder: Path) -> None:
    server = ValkeyProcess(
        folder,
        password='p"@ss\\word',
        memory_bytes_max=64 * 1024 * 1024,
        config={"stream-node-max-entries": "7"},
    )
    server.start()
    try:
        async with Redis.from_url(server.url) as client:
            settings = await client.config_get("maxmemory", "stream-node-max-entries")
            assert settings == {"maxmemory": "67108864", "stream-node-max-entries": "7"}
        assert "word" not in " ".join(psutil.Process(server.pid).cmdline())
        assert "word" not in repr(server)
        async with Redis(port=server.port) as stranger:
            with pytest.raises(RedisError, match="authenticated"):
                await stranger.ping()
    finally:
        server.kill()


def test_valkey_names_a_taken_port_and_the_remedy(folder: Path) -> None:
    with held_port() as listener:
        port = listener.getsockname()[1]
        server = ValkeyProcess(folder, port=port)
        with pytest.raises(EngineFailed, match=rf"^Valkey: port {port} .* is taken .* 0 for"):
            server.start()
        assert not server.alive()


def test_valkey_names_a_bad_setting_in_one_line(folder: Path) -> None:
    server = ValkeyProcess(folder, config={"no-such-setting": "1"})
    with pytest.raises(EngineFailed, match="ended while starting") as caught:
        server.start()
    assert "\n" not in str(caught.value)


def test_a_data_folder_has_one_owner_at_a_time(own_valkey: ValkeyProcess, folder: Path) -> None:
    with pytest.raises(EngineFailed, match=f"in use by process {os.getpid()}"):
        ValkeyProcess(folder / "valkey").start()
    own_valkey.stop()
    successor = ValkeyProcess(folder / "valkey")
    successor.start()
    successor.stop()


OWNER = """
import sys, signal
from pathlib import Path
from angarium_cli.engines import PostgresProcess, ValkeyProcess
server = {"valkey": ValkeyProcess, "postgres": PostgresProcess}[sys.argv[1]](Path(sys.argv[2]))
server.start()
print(server.pid, flush=True)
if sys.argv[3] == "wait":
    signal.pause()
if sys.argv[3] == "raise":
    raise RuntimeError("owner failed")
"""


def owned_elsewhere(engine: str, folder: Path, then: str) -> tuple[subprocess.Popen[str], int]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, engine, str(folder), then],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert owner.stdout is not None
    with owner.stdout as lines:
        return owner, int(lines.readline())


@pytest.mark.parametrize("engine", ["valkey", "postgres"])
def test_the_server_of_a_killed_owner_is_replaced(engine: str, folder: Path) -> None:
    owner, orphan_pid = owned_elsewhere(engine, folder / engine, "wait")
    owner.kill()
    owner.wait()
    assert runs(orphan_pid)
    kinds = {"valkey": ValkeyProcess, "postgres": PostgresProcess}
    server = kinds[engine](folder / engine)
    try:
        server.start()
        assert server.pid != orphan_pid
        assert not runs(orphan_pid)
    finally:
        server.stop()


@pytest.mark.parametrize("engine", ["valkey", "postgres"])
def test_a_failing_owner_takes_its_server_with_it(engine: str, folder: Path) -> None:
    owner, pid = owned_elsewhere(engine, folder / engine, "raise")
    assert owner.wait(30) == 1
    assert not runs(pid)


def test_ctrl_c_in_the_terminal_reaches_only_the_owner(own_valkey: ValkeyProcess) -> None:
    assert own_valkey.pid is not None
    assert os.getpgid(own_valkey.pid) != os.getpgid(0)


async def test_postgres_starts_with_what_a_killed_server_left(
    own_postgres: PostgresProcess, folder: Path
) -> None:
    await own_postgres.create_database("kept")
    uri = own_postgres.uri("kept")
    own_postgres.kill()
    assert (folder / "postgres" / "data" / "postmaster.pid").exists()

    own_postgres.start()

    assert own_postgres.uri("kept") == uri
    connection = await asyncpg.connect(uri)
    assert await connection.fetchval("SHOW fsync") == "on"
    await connection.close()


async def test_postgres_admits_nobody_without_its_password(own_postgres: PostgresProcess) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://postgres:guess@127.0.0.1:{own_postgres.port}/postgres")
    password = own_postgres.uri().split(":")[2].split("@")[0]
    assert password not in repr(own_postgres)
    assert password not in own_postgres.log_path.read_text()


async def test_postgres_leaves_no_backend_behind(own_postgres: PostgresProcess) -> None:
    connection = await asyncpg.connect(own_postgres.uri())
    family = psutil.Process(own_postgres.pid).children(recursive=True)
    assert len(family) > 3
    own_postgres.stop()
    assert not [process for process in family if runs(process.pid)]
    connection.terminate()


async def test_a_database_is_created_once_and_dropped_under_its_clients(
    postgres: PostgresProcess,
) -> None:
    assert await postgres.create_database("twice")
    assert not await postgres.create_database("twice")
    client = await asyncpg.connect(postgres.uri("twice"))
    await postgres.drop_database("twice")
    await postgres.drop_database("twice")
    client.terminate()


@pytest.mark.parametrize("name", ["", "UPPER", 'a"b', "a;b", "1a", "x" * 64])
async def test_a_name_that_needs_quoting_is_refused(name: str) -> None:
    with pytest.raises(EngineFailed, match="is not a database name"):
        await PostgresProcess(Path("unused")).create_database(name)


def test_postgres_names_a_taken_port_and_the_remedy(folder: Path) -> None:
    with held_port() as listener:
        port = listener.getsockname()[1]
        with pytest.raises(EngineFailed, match=rf"^Postgres: port {port} .* is taken .* 0 for"):
            PostgresProcess(folder, port=port, fsync=False).start()


def test_postgres_refuses_data_of_another_version(
    own_postgres: PostgresProcess, folder: Path
) -> None:
    own_postgres.stop()
    (folder / "postgres" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EngineFailed, match="of version 17, the server of version 18"):
        own_postgres.start()


def test_an_interrupted_beginning_is_begun_again(folder: Path) -> None:
    server = PostgresProcess(folder, fsync=False)
    half = folder / "data"
    half.mkdir()
    (half / "left-over").write_text("of an interrupted creation")
    server.start()
    try:
        assert server.alive()
        assert not (half / "left-over").exists()
    finally:
        server.stop()


async def test_postgres_runs_below_a_folder_that_only_its_owner_may_enter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    expected_user = unprivileged.USER_NAME if os.geteuid() == 0 else psutil.Process().username()
    monkeypatch.setattr(unprivileged, "LASTING_FOLDER", folder)
    server = PostgresProcess(home / "checkout" / "postgres", fsync=False)
    server.start()
    try:
        assert (await version_of(server)).startswith("18")
        assert home.stat().st_mode & 0o777 == 0o700
        assert psutil.Process(server.pid).username() == expected_user
        uri = server.uri()
        server.stop()
        server.start()
        assert server.uri() == uri
    finally:
        server.kill()


def test_programs_below_a_private_folder_are_copied_once_for_another_user(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    private = folder / "private"
    private.mkdir(mode=0o700)
    install = private / "package" / "pginstall"
    for part in ("bin", "lib", "share"):
        (install / part).mkdir(parents=True)
    (install / "bin" / "postgres").write_text("program")

    copy = unprivileged.reachable_binaries(install, folder, nobody)

    assert unprivileged.reachable(copy / "bin", nobody)
    assert (copy / "bin" / "postgres").read_text() == "program"
    assert unprivileged.reachable_binaries(install, folder, nobody) == copy
    assert private.stat().st_mode & 0o777 == 0o700
    private.chmod(0o755)
    assert unprivileged.reachable_binaries(install, folder, nobody) == install


async def test_each_test_gets_an_empty_redis(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("left", "over")


async def test_the_next_test_too(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("left", "over")


async def test_each_test_gets_an_empty_database_on_both_engines(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE thing (id integer)"))
        assert (await connection.execute(text("SELECT count(*) FROM thing"))).scalar() == 0
    await engine.dispose()


async def test_a_test_may_have_several_databases(
    new_postgres_url: Callable[[], Awaitable[str]],
) -> None:
    urls = await asyncio.gather(new_postgres_url(), new_postgres_url())
    assert urls[0] != urls[1]


async def test_a_cluster_finds_its_nodes_at_new_ports_and_has_its_data(folder: Path) -> None:
    first, second = ValkeyCluster(folder), ValkeyCluster(folder)
    try:
        await asyncio.to_thread(first.start)
        async with client_at(read_redis_url(first.url)) as redis:
            for number in range(8):
                await redis.set(f"key {number}", number)
        await asyncio.to_thread(first.stop)
        await asyncio.to_thread(second.start)
        assert second.url != first.url
        async with client_at(read_redis_url(second.url)) as redis:
            found = [await redis.get(f"key {number}") for number in range(8)]
        assert found == [str(number).encode() for number in range(8)]
        assert {node.cluster_info()["cluster_size"] for node in second.nodes} == {"3"}
    finally:
        first.kill()
        second.kill()
