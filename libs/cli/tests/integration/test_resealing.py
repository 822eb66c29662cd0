"""Rotation of the encryption key in the services' databases, on both engines."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from angarium_chassis.database.columns import Instant
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.resealing import UNREADABLE, Progress, Resealing, Rotated
from angarium_chassis.database.sealed_columns import SealedTable, sealed_tables
from angarium_chassis.sealing import Seal
from angarium_cli.services import SERVICES, ServiceName, examination_of
from angarium_dispatcher.adapters.database.configuration_changes import DatabaseConfiguration
from angarium_dispatcher.adapters.database.tables import JsonText, StoredSecret
from angarium_dispatcher.adapters.database.tables import endpoints as dispatcher_endpoints
from angarium_worker.adapters.database.tables import endpoint_copy
from sqlalchemy import Column, delete, insert, select, text, update

from .platform_rows import APP, EARLIER, Platform

OLD, NEW = Seal(b"o" * 32), Seal(b"n" * 32)
BOTH_BEFORE, BOTH = Seal(b"o" * 32, [b"n" * 32]), Seal(b"n" * 32, [b"o" * 32])
ROWS = 23

SEALED = [
    (service, table)
    for service in SERVICES
    for table in sealed_tables(examination_of(service).SCHEMA.tables)
]


def plain(column: str, number: int) -> bytes:
    return f"{column} of {number}".encode()


def stored(column: Column[Any], key: bytes, number: int, seal: Seal) -> bytes:
    """A value as the service stores it; every second one as an earlier version sealed it."""
    value = (seal if number % 2 else OLD).close(plain(column.name, number), key)
    if column.name == "secrets":
        parts: Any = (value, OLD.close(b"expiring", key))
        if column.table.name == dispatcher_endpoints.name:
            parts = [StoredSecret(parts[0]), StoredSecret(parts[1], 5.5)]
        return msgspec.msgpack.encode(parts)
    return value


def a_row(table: SealedTable, number: int, seal: Seal) -> dict[str, Any]:
    key = number.to_bytes(16)
    row: dict[str, Any] = {
        column.name: _filler(column)
        for column in table.table.columns
        if not column.nullable and column.server_default is None
    }
    sealed = {
        name: stored(table.table.c[name], key, number, seal)
        # Some rows have no such value.
        for name in table.packings
        if number % 5 or not table.table.c[name].nullable
    }
    owner = {"application_id": APP} if "application_id" in row else {}
    return row | sealed | owner | {table.key.name: key}


def _filler(column: Column[Any]) -> Any:
    if isinstance(column.type, Instant):
        return EARLIER
    if isinstance(column.type, JsonText):
        return {}
    return b"x" * 16 if column.type.python_type is bytes else column.type.python_type()


def opened(table: SealedTable, row: Mapping[str, Any], seal: Seal) -> list[bytes]:
    return [seal.open(value, associated) for value, associated in table.values_in(row)]


async def rows_of(database: Database, table: SealedTable) -> list[dict[str, Any]]:
    async with database.reading.connect() as connection:
        found = await connection.execute(select(table.table).order_by(table.key))
        return [dict(row) for row in found.mappings()]


@pytest.fixture
async def filled(platform: Platform) -> Platform:
    """Rows in every table with sealed columns, sealed with the old key."""
    for service in SERVICES:
        for seal in (OLD, BOTH):
            await examination_of(service).SCHEMA.require_key(platform.databases[service], seal)
    for service, table in SEALED:
        async with platform.databases[service].engine.begin() as connection:
            if table.name != "applications":
                await connection.execute(delete(table.table))
            await connection.execute(
                insert(table.table),
                # One statement takes rows with the same columns only.
                [a_row(table, number, BOTH_BEFORE) for number in range(1, ROWS) if number % 5],
            )
            await connection.execute(
                insert(table.table),
                [a_row(table, number, BOTH_BEFORE) for number in range(5, ROWS, 5)],
            )
    return platform


def resealing(
    platform: Platform, service: ServiceName, seal: Seal = BOTH, **options: Any
) -> Resealing:
    schema = examination_of(service).SCHEMA
    return Resealing(schema, platform.databases[service], seal, rows_per_batch=4, **options)


async def test_every_sealed_column_is_under_the_new_key_with_its_value_unchanged(
    filled: Platform,
) -> None:
    before = {
        (service, table.name): await rows_of(filled.databases[service], table)
        for service, table in SEALED
    }
    assert sum(len(table.packings) for _, table in SEALED) == 16
    for service in SERVICES:
        counts = await resealing(filled, service).key_ids()
        assert set(counts) == {OLD.key_id}

        outcome = await resealing(filled, service).run()

        assert (outcome.complete, outcome.left) == (True, {})
        assert await resealing(filled, service).key_ids() == {NEW.key_id: sum(counts.values())}
        schema = examination_of(service).SCHEMA
        assert await schema.keys(filled.databases[service]) == (NEW.key_id,)
        await schema.require_key(filled.databases[service], NEW)
        further = await resealing(filled, service).run()
        assert (further.resealed, further.complete) == (0, True)
    for service, table in SEALED:
        after = await rows_of(filled.databases[service], table)
        for row, earlier in zip(after, before[service, table.name], strict=True):
            assert opened(table, row, NEW) == opened(table, earlier, BOTH)
            others = row.keys() - table.packings.keys()
            assert {name: row[name] for name in others} == {name: earlier[name] for name in others}
            for name in table.packings:
                assert (row[name] is None) == (earlier[name] is None)
    secrets = next(
        row["secrets"]
        for row in await rows_of(filled.databases["dispatcher"], _dispatchers())
        if row["id"] == (7).to_bytes(16)
    )
    kept = msgspec.msgpack.decode(secrets, type=tuple[StoredSecret, ...])
    assert [each.expires_at for each in kept] == [0.0, 5.5]


class Killed(BaseException):
    """Stands for the end of the process."""


async def test_a_run_that_was_killed_is_continued(filled: Platform) -> None:
    def kill(progress: Progress) -> None:
        if progress.table == "endpoints" and progress.rows >= 8:
            raise Killed

    with pytest.raises(Killed):
        await resealing(filled, "dispatcher", show=kill).run()
    counts = await resealing(filled, "dispatcher").key_ids()
    assert counts[OLD.key_id]
    assert counts[NEW.key_id]
    schema = examination_of("dispatcher").SCHEMA
    assert set(await schema.keys(filled.databases["dispatcher"])) == {OLD.key_id, NEW.key_id}

    outcome = await resealing(filled, "dispatcher").run()

    assert 0 < outcome.resealed < sum(counts.values())
    assert (outcome.complete, outcome.left) == (True, {})


async def test_changes_that_are_made_meanwhile_are_kept(filled: Platform) -> None:
    """Every row is changed once, between its reading and its writing or elsewhere."""
    database = filled.databases["worker"]
    changed = {
        number: BOTH.close(b"changed %d" % number, number.to_bytes(16)) for number in range(1, ROWS)
    }

    async def change() -> None:
        for number, headers in changed.items():
            async with database.engine.begin() as connection:
                await connection.execute(
                    update(endpoint_copy)
                    .where(endpoint_copy.c.id == number.to_bytes(16))
                    .values(headers=headers, url=f"https://example.com/{number}")
                )

    outcome, _ = await asyncio.gather(resealing(filled, "worker").run(), change())

    assert outcome.complete
    table = next(table for service, table in SEALED if service == "worker")
    for row in await rows_of(database, table):
        number = int.from_bytes(row["id"])
        assert NEW.open(row["headers"], row["id"]) == b"changed %d" % number
        assert opened(table, row, NEW)[0] == plain("secrets", number)


async def test_a_change_that_was_read_before_does_not_bring_the_old_key_back(
    filled: Platform,
) -> None:
    """The dispatcher reads a row, changes another column, and writes the whole row."""
    database, endpoint_id = filled.databases["dispatcher"], (7).to_bytes(16)
    services = open_database(database.engine.url.render_as_string(hide_password=False))
    async with DatabaseConfiguration(services).change() as change:
        running = asyncio.create_task(resealing(filled, "dispatcher").run())
        application = await change.find_application(b"x" * 16, APP)
        found = await change.find_endpoint(APP, endpoint_id)
        assert found is not None
        assert application is None
        assert OLD.key_id == BOTH.key_id_of(found.sealed_secrets[0], endpoint_id)
        # It waits for this transaction; if it did not, it would end here.
        waiting = asyncio.create_task(a_lock_is_waited_for(services))
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await change._connection.execute(
            update(dispatcher_endpoints)
            .where(dispatcher_endpoints.c.id == endpoint_id)
            .values(description="changed", sealed_headers=found.sealed_headers)
        )

    await services.close()
    assert (await running).complete
    async with database.reading.connect() as connection:
        row = (
            await connection.execute(
                select(dispatcher_endpoints).where(dispatcher_endpoints.c.id == endpoint_id)
            )
        ).one()
    assert row.description == "changed"
    assert NEW.open(bytes(row.sealed_headers), endpoint_id) == plain("sealed_headers", 7)


@pytest.mark.parametrize("new_url", ["sqlite"], indirect=True)
async def test_what_no_key_opens_is_left_and_what_needs_a_missing_key_keeps_the_rotation_open(
    filled: Platform,
) -> None:
    database, endpoint_id = filled.databases["worker"], (1).to_bytes(16)
    other = Seal(b"x" * 32, [b"o" * 32])

    async def with_proxy(sealed: bytes) -> Rotated:
        async with database.engine.begin() as connection:
            row = update(endpoint_copy).where(endpoint_copy.c.id == endpoint_id)
            await connection.execute(row.values(proxy=sealed))
        return await resealing(filled, "worker").run()

    outcome = await with_proxy(other.close(b"proxy", endpoint_id))
    assert (outcome.complete, outcome.left) == (False, {other.key_id: 1})
    keys = await examination_of("worker").SCHEMA.keys(database)
    assert set(keys) == {OLD.key_id, NEW.key_id}

    outcome = await with_proxy(Seal(b"x" * 32).close(b"lost", endpoint_id))
    assert (outcome.complete, outcome.left) == (True, {UNREADABLE: 1})

    outcome = await with_proxy(b"http://of-a-version-that-did-not-encrypt")
    assert (outcome.complete, outcome.left) == (True, {})


@pytest.mark.parametrize("new_url", ["sqlite"], indirect=True)
async def test_a_service_that_starts_with_the_old_key_meanwhile_keeps_the_rotation_open(
    filled: Platform,
) -> None:
    schema, database = examination_of("worker").SCHEMA, filled.databases["worker"]
    seen: list[int] = []

    class Starting(Resealing):
        async def _pass(self, *args: Any) -> Progress:
            if not seen:
                await schema.require_key(database, BOTH_BEFORE)
            seen.append(1)
            return await super()._pass(*args)

    outcome = await Starting(schema, database, BOTH).run()

    assert not outcome.complete
    assert await schema.keys(database) == (OLD.key_id, NEW.key_id)
    assert (await resealing(filled, "worker").run()).complete


async def a_lock_is_waited_for(database: Database) -> None:
    """Returns when a transaction waits for another; on SQLite at once, where all do."""
    if database.on_postgres:
        async with database.reading.connect() as connection:
            while not await connection.scalar(text("select 1 from pg_locks where not granted")):
                await asyncio.sleep(0.01)


def _dispatchers() -> SealedTable:
    return next(table for _, table in SEALED if table.name == dispatcher_endpoints.name)
