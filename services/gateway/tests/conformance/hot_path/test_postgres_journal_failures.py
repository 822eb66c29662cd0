"""The journal on a Postgres that breaks connections in the middle of a commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from angarium_chassis.database.engine import STATEMENT_TIMEOUT_MS, Database, open_database
from angarium_gateway.adapters.database import postgres_journal
from angarium_gateway.adapters.database.postgres_journal import PostgresJournal
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.messages import Committed
from sqlalchemy import make_url, text

from .conftest import KEY_LIFE_US, Clock, a_batch, a_message, batch_rows, open_journal


class BreakingProxy:
    """Forwards TCP to a Postgres. `swallow_next` loses the next answer and the connections with
    it; `silent` loses all answers and keeps the connections."""

    def __init__(self, port: int) -> None:
        self._target_port = port
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.swallow_next = False
        self.silent = False

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.break_all()
        await self._server.wait_closed()

    def break_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._writers += [writer, up_writer]
        with suppress(OSError):
            await asyncio.gather(
                self._pass(reader, up_writer), self._pass(up_reader, writer, answers=True)
            )

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        while data := await reader.read(1 << 16):
            if answers and self.swallow_next:
                self.swallow_next = False
                self.break_all()
                return
            if not (answers and self.silent):
                writer.write(data)
        writer.close()


@pytest.fixture
async def direct(postgres_url: str) -> AsyncIterator[Database]:
    opened = open_database(postgres_url)
    await SCHEMA.migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def proxy(postgres_url: str) -> AsyncIterator[BreakingProxy]:
    proxy = BreakingProxy(make_url(postgres_url).port or 0)
    yield proxy
    await proxy.stop()


@pytest.fixture
async def through_proxy(
    postgres_url: str, proxy: BreakingProxy, direct: Database
) -> AsyncIterator[Database]:
    url = make_url(postgres_url).set(port=await proxy.start())
    opened = open_database(url.render_as_string(hide_password=False))
    yield opened
    await opened.close()


async def test_a_lost_answer_is_told_as_unavailable_and_the_commit_may_have_taken_place(
    through_proxy: Database, proxy: BreakingProxy, direct: Database, clock: Clock
) -> None:
    journal = open_journal(through_proxy, clock)
    await journal.commit(a_batch())
    proxy.swallow_next = True
    doubtful = a_batch()
    with pytest.raises(JournalUnavailable):
        await journal.commit(doubtful)
    assert doubtful.id in await batch_rows(direct)
    assert await journal.commit(a_batch()) == [Committed(0)]
    await journal.close()


async def test_a_broken_connection_is_replaced_by_the_next_commit(
    through_proxy: Database, proxy: BreakingProxy, clock: Clock
) -> None:
    journal = open_journal(through_proxy, clock)
    await journal.commit(a_batch())
    proxy.break_all()
    await asyncio.sleep(0)
    with suppress(JournalUnavailable):
        await journal.commit(a_batch())
    assert await journal.commit(a_batch()) == [Committed(0)]
    await journal.close()


async def test_a_backend_that_was_terminated_is_replaced_by_the_next_commit(
    direct: Database, clock: Clock
) -> None:
    journal = open_journal(direct, clock)
    await journal.commit(a_batch())
    async with direct.engine.connect() as connection:
        await connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where pid <> pg_backend_pid() and datname = current_database()"
            )
        )
    with suppress(JournalUnavailable):
        await journal.commit(a_batch())
    assert await journal.commit(a_batch()) == [Committed(0)]
    await journal.close()


async def test_a_database_that_falls_silent_does_not_hold_a_commit_for_ever(
    through_proxy: Database, proxy: BreakingProxy, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(through_proxy, clock)
    await journal.commit(a_batch())
    proxy.silent = True
    with monkeypatch.context() as impatient:
        impatient.setattr(f"{postgres_journal.__name__}.COMMIT_TIMEOUT_S", 0.2)
        async with asyncio.timeout(STATEMENT_TIMEOUT_MS / 1000):
            with pytest.raises(JournalUnavailable):
                await journal.commit(a_batch())
    proxy.silent = False
    assert await journal.commit(a_batch()) == [Committed(0)]
    await journal.close()


async def test_after_its_preparation_a_journal_has_its_statements_and_nothing_stored(
    through_proxy: Database, proxy: BreakingProxy, direct: Database, clock: Clock
) -> None:
    journal = PostgresJournal(through_proxy, clock_us=clock, key_life_us=KEY_LIFE_US)
    proxy.swallow_next = True
    with pytest.raises(JournalUnavailable):
        await journal.prepare()
    await journal.prepare()
    rows = await journal._connection.fetch("select statement from pg_prepared_statements")
    begun = {row["statement"].split("\n", 1)[0] for row in rows}
    for statement in (postgres_journal._COMMIT, postgres_journal._COMMIT_PLAIN):
        assert statement.split("\n", 1)[0] in begun
    assert await batch_rows(direct) == {}
    keyed = a_message(key_digest=b"k" * 32, request_digest=b"r" * 32)
    assert await journal.commit(a_batch()) == [Committed(0)]
    assert await journal.commit(a_batch(keyed)) == [Committed(0)]
    await journal.close()
