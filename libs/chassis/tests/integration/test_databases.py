import asyncio
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from angarium_chassis.database.engine import Database, open_database, postgres_of
from angarium_chassis.process import StartRefused
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

CANARY = "canary-of-a-parameter"


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    database = open_database(sqlite_url)
    async with database.engine.begin() as connection:
        await connection.execute(text("create table numbers (number integer primary key)"))
    yield database
    await database.close()


async def pragma(connection: AsyncConnection, name: str) -> object:
    return (await connection.execute(text(f"pragma {name}"))).scalar_one()


async def count(connection: AsyncConnection) -> int:
    value: int = (await connection.execute(text("select count(*) from numbers"))).scalar_one()
    return value


async def test_a_database_that_answers_has_no_problem(database_url: str) -> None:
    database = open_database(database_url)

    assert await database.problem() is None
    assert database.on_postgres == database_url.startswith("postgresql")
    await database.close()


async def test_sqlite_is_durable_and_waits_for_its_lock(sqlite: Database) -> None:
    async with sqlite.engine.connect() as connection:
        assert await pragma(connection, "journal_mode") == "wal"
        assert await pragma(connection, "synchronous") == 2
        assert await pragma(connection, "foreign_keys") == 1
        assert await pragma(connection, "busy_timeout") == 10_000


async def test_a_reader_does_not_block_a_writer_nor_the_other_way_round(sqlite: Database) -> None:
    async with asyncio.timeout(5), sqlite.reading.connect() as reader:
        assert await count(reader) == 0
        async with sqlite.engine.begin() as writer:
            await writer.execute(text("insert into numbers values (1)"))
            assert await count(reader) == 0
            assert await sqlite.problem() is None
        assert await count(reader) == 1


async def test_a_failed_transaction_leaves_nothing(sqlite: Database) -> None:
    async def fail() -> None:
        async with sqlite.engine.begin() as writer:
            await writer.execute(text("insert into numbers values (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    async with sqlite.reading.connect() as reader:
        assert await count(reader) == 0


async def test_writers_take_turns(sqlite: Database) -> None:
    async def write(number: int) -> None:
        async with sqlite.engine.begin() as writer:
            rows = await count(writer)
            await writer.execute(text("insert into numbers values (:n)"), {"n": number})
            assert await count(writer) == rows + 1

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(write(number))

    async with sqlite.reading.connect() as reader:
        assert await count(reader) == 20


async def test_the_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'folder' / 'a.db'}")

    assert await database.problem() is None
    await database.close()


async def test_the_driver_need_not_be_named(postgres_url: str) -> None:
    plain = make_url(postgres_url).set(drivername="postgres")
    database = open_database(plain.render_as_string(hide_password=False))

    async with database.engine.connect() as connection:
        raw = await postgres_of(connection)
        assert await raw.fetchval("select 40 + $1::int", 2) == 42
    await database.close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://u:hunter2@h/d", "postgresql+psycopg://h/d"]
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StartRefused, match="database URL") as refused:
        open_database(url)

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("change", ["password", "database", "port"])
async def test_a_postgres_that_cannot_be_used_is_a_problem(postgres_url: str, change: str) -> None:
    right = make_url(postgres_url)
    wrong = {
        "password": right.set(password="hunter2"),
        "database": right.set(database="nowhere"),
        "port": right.set(port=1),
    }[change]
    database = open_database(wrong.render_as_string(hide_password=False))

    problem = await database.problem()

    assert problem is not None
    assert "does not answer" in problem
    assert "hunter2" not in problem
    await database.close()


async def test_a_pool_without_a_free_connection_is_a_problem(postgres_url: str) -> None:
    database = open_database(postgres_url, connections_max=1)
    database.engine.pool._timeout = 0.1  # type: ignore[attr-defined]

    async with database.engine.connect():
        assert await database.problem() == "the database does not answer: TimeoutError"
    await database.close()


@pytest.mark.parametrize("query", ["sslmode=prefer", "sslmode=disable", "connect_timeout=9"])
async def test_parameters_of_libpq_are_understood(postgres_url: str, query: str) -> None:
    database = open_database(f"{postgres_url}?{query}&application_name=courier")

    async with database.engine.connect() as connection:
        name = await connection.scalar(text("select current_setting('application_name')"))
        assert name == "courier"
    await database.close()


async def test_a_server_without_tls_is_refused_where_the_url_requires_it(postgres_url: str) -> None:
    database = open_database(f"{postgres_url}?sslmode=require")

    assert await database.problem() is not None
    await database.close()


def test_files_of_certificates_that_cannot_be_used_are_named_at_start(tmp_path: Path) -> None:
    url = "postgresql://u@db.example/d?sslmode=verify-full"
    missing = tmp_path / "nowhere.pem"

    for query, told in (
        (f"sslrootcert={missing}", f"sslrootcert: {missing} cannot be read"),
        (f"sslcert={missing}&sslkey={missing}", f"sslcert: {missing} cannot be read"),
        (f"sslkey={missing}", "sslkey and sslpassword need sslcert"),
    ):
        with pytest.raises(StartRefused) as refused:
            open_database(f"{url}&{query}")
        assert f"the database URL: {told}" in str(refused.value)


async def test_an_error_does_not_repeat_the_parameters_of_its_statement(database_url: str) -> None:
    database = open_database(database_url)
    try:
        with pytest.raises(DBAPIError) as refusal:
            async with database.engine.begin() as connection:
                await connection.execute(text("insert into absent values (:a)"), {"a": CANARY})
    finally:
        await database.close()
    assert "absent" in str(refusal.value)
    assert CANARY not in "".join(traceback.format_exception(refusal.value))


async def test_deleted_bytes_leave_the_sqlite_file(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    long = CANARY * 1_000
    database = open_database(f"sqlite+aiosqlite:///{path}")
    try:
        async with database.engine.begin() as connection:
            await connection.execute(text("create table message (id integer, payload text)"))
            for number, payload in enumerate(("kept", CANARY, long, long)):
                row = {"id": number, "payload": payload}
                await connection.execute(text("insert into message values (:id, :payload)"), row)
        async with database.engine.begin() as connection:
            await connection.execute(text("delete from message where id in (1, 2)"))
            await connection.execute(text("update message set payload = '' where id = 3"))
    finally:
        await database.close()
    assert b"kept" in path.read_bytes()
    assert CANARY.encode() not in path.read_bytes()
