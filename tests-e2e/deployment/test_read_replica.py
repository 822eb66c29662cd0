"""Lists from a streaming replica of Postgres: everything that was committed is on them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.list_reads import AWAY_S, ListReads, open_with_replica
from angarium_chassis.examination.findings import Level
from angarium_chassis.examination.replica_checks import check_replica
from angarium_chassis.process import StartRefused
from angarium_cli.engines import PostgresProcess
from angarium_gateway.adapters.database.message_queries import StoredMessages
from angarium_gateway.adapters.database.postgres_journal import PostgresJournal
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.read.messages import MessageFilter, MessageWindow
from angarium_gateway.domain.messages import NewMessage
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ..streaming_standby import (  # noqa: TID252 - tests are no installed package
    STREAMING,
    StreamingStandby,
    run_on,
)

APPLICATION = b"a" * 16


@pytest.fixture(scope="module")
def primary(new_folder: Callable[[str], Path]) -> Iterator[PostgresProcess]:
    # Otherwise, a replica gets a commit only when the next write of the log is due.
    settings = STREAMING | {"synchronous_commit": "on"}
    running = PostgresProcess(new_folder("primary"), fsync=False, settings=settings)
    running.start()
    try:
        asyncio.run(running.create_database("lists"))
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def standby(
    new_folder: Callable[[str], Path], primary: PostgresProcess
) -> Iterator[StreamingStandby]:
    running = StreamingStandby(new_folder("standby"), primary, fsync=False)
    running.start()
    try:
        running.await_streaming()
        yield running
    finally:
        running.stop()


class Clock:
    """Monotonic seconds, which stand still until they are moved."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(primary: PostgresProcess, standby: StreamingStandby) -> AsyncIterator[Database]:
    opened = open_with_replica(primary.uri("lists"), standby.uri("lists"), connections_max=2)
    yield opened
    await opened.close()


async def port(connection: AsyncConnection) -> int:
    """The server that answers."""
    return int(await connection.scalar(text("select inet_server_port()")) or 0)


async def test_the_replica_answers(
    database: Database, standby: StreamingStandby, clock: Clock
) -> None:
    assert await ListReads(database, clock_s=clock).run(port) == standby.port


async def test_what_was_committed_before_a_list_is_on_it(database: Database) -> None:
    await SCHEMA.migrate(database)
    journal = PostgresJournal(database, clock_us=lambda: 1_000_000, key_life_us=1)
    messages = StoredMessages(database)
    ids = [number.to_bytes(16) for number in range(1, 21)]
    window = MessageWindow(limit=1, past=None, backwards=False)
    try:
        for id_ in ids:
            message = NewMessage(id_, b"t" * 16, APPLICATION, "a.b", b"{}")
            await journal.commit(NewBatch(id_, "o" * 32, 0, False, (message,)))
            page = await messages.page(APPLICATION, window, MessageFilter(), with_content=False)
            assert [each.id for each in page.items] == [id_]
    finally:
        await journal.close()


async def test_the_primary_answers_for_a_replica_that_is_behind(
    database: Database, primary: PostgresProcess, standby: StreamingStandby, clock: Clock
) -> None:
    lists, names = ListReads(database, clock_s=clock), count()
    await run_on(standby, "select pg_wal_replay_pause()")
    try:
        await run_on(primary, f"create table behind_{next(names)} ()", "lists")
        assert await lists.run(port) == primary.port
    finally:
        await run_on(standby, "select pg_wal_replay_resume()")
    assert await lists.run(port) == standby.port


async def test_a_server_that_is_no_copy_is_never_asked(
    primary: PostgresProcess, postgres: PostgresProcess, clock: Clock
) -> None:
    other = open_with_replica(primary.uri("lists"), postgres.uri(), connections_max=2)
    try:
        assert await ListReads(other, clock_s=clock).run(port) == primary.port
    finally:
        await other.close()


async def finding_of(database: Database, url: str) -> tuple[Level, str, str]:
    (found,) = await check_replica("gateway", database, url)
    return found.level, found.sentence, found.remedy or ""


async def test_doctor_says_whether_the_replica_is_used_and_why_not(
    database: Database,
    primary: PostgresProcess,
    standby: StreamingStandby,
    postgres: PostgresProcess,
    sqlite_url: str,
) -> None:
    assert (await finding_of(database, standby.uri("lists")))[0] is Level.OK

    setting = "ANGARIUM_GATEWAY_REPLICA_URL"
    for url, reason in (
        (primary.uri("lists"), "has become a primary"),
        (postgres.uri(), "no replica of this database"),
        ("postgresql://u:secret@127.0.0.1:1/lists", "the replica cannot be read"),
        (standby.uri("missing"), "the replica cannot be read"),
    ):
        level, sentence, remedy = await finding_of(database, url)
        assert (level, setting in remedy) == (Level.WARNING, True)
        assert reason in sentence
        assert "secret" not in sentence
    for url in (sqlite_url, "nonsense"):
        level, _, remedy = await finding_of(database, url)
        assert (level, setting in remedy) == (Level.PROBLEM, True)

    await run_on(standby, "select pg_wal_replay_pause()")
    try:
        await run_on(primary, "create table behind_doctor ()", "lists")
        assert "bytes of the log behind" in (await finding_of(database, standby.uri("lists")))[1]
    finally:
        await run_on(standby, "select pg_wal_replay_resume()")


async def test_of_several_servers_in_a_url_the_primary_is_taken(
    primary: PostgresProcess, standby: StreamingStandby
) -> None:
    login = urlsplit(primary.uri()).netloc.rpartition("@")[0]
    hosts = "&".join(f"host=127.0.0.1:{each.port}" for each in (standby, primary))
    database = open_database(
        f"postgresql://{login}@/lists?{hosts}&target_session_attrs=primary", connections_max=1
    )
    try:
        async with database.reading.connect() as connection:
            assert await port(connection) == primary.port
    finally:
        await database.close()


async def test_the_primary_answers_while_the_replica_is_away_and_after_its_promotion(
    database: Database, primary: PostgresProcess, standby: StreamingStandby, clock: Clock
) -> None:
    lists = ListReads(database, clock_s=clock)
    assert await lists.run(port) == standby.port
    await asyncio.to_thread(standby.stop)
    assert await lists.run(port) == primary.port

    await asyncio.to_thread(standby.start)
    assert await lists.run(port) == primary.port
    clock.now_s += AWAY_S
    assert await lists.run(port) == standby.port

    await asyncio.to_thread(standby.promote)
    assert await lists.run(port) == primary.port


def test_sqlite_has_no_replica(sqlite_url: str) -> None:
    with pytest.raises(StartRefused, match="a replica needs Postgres"):
        open_with_replica(sqlite_url, "postgresql://u:p@h/d", connections_max=2)
