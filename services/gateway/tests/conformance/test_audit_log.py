"""The audit log on both engines: on record, listed, kept for its time."""

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.partitions import DAY_MS, PartitionedTable
from angarium_chassis.retention import RetentionLoop
from angarium_chassis.sealing import Seal
from angarium_contracts.ids import lowest_id_at
from angarium_gateway.adapters.database.audit_log import AuditLogTable
from angarium_gateway.adapters.database.retention_tasks import retention_tasks
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.adapters.database.tables import audit_entry
from angarium_gateway.administration.audit_log import AuditAdministration
from angarium_gateway.application.read.id_window import IdWindow
from angarium_gateway.application.tenants.audit_chain import (
    PURPOSE,
    START,
    ChainCheck,
    ChainedEntry,
    ChainEnd,
    chained_hash,
)
from angarium_gateway.application.tenants.audit_log import AuditEntry
from angarium_gateway.application.tenants.record_change import PATH_CHARS_MAX
from angarium_gateway.application.unavailable import JournalUnavailable
from sqlalchemy import Connection, delete, func, inspect, select, update

TENANT, OTHER = b"t" * 16, b"\xffo" * 8
KEY = b"k" * 32
NOW_MS = time.time_ns() // 1_000_000
ENTRY = AuditEntry(
    id=b"1" * 16,
    tenant_id=TENANT,
    key_id=bytes(range(16)),
    operation="v1.operational-webhook.endpoint.update-headers",
    method="DELETE",
    path="/api/v1/app/a%00".ljust(PATH_CHARS_MAX, "x"),
    status=503,
    address="2001:db8::1",
    before='{"headers":{"x-a":"(redacted)"}}',
    after="{}",
)


@pytest.fixture
def audit_log(database: Database) -> AuditLogTable:
    return AuditLogTable(database, KEY)


async def add(
    audit_log: AuditLogTable, days_ago: float, operation: str = "op", tenant_id: bytes = TENANT
) -> bytes:
    at_ms = int(NOW_MS - days_ago * DAY_MS)
    entry_id = lowest_id_at(at_ms)
    await audit_log.add(replace(ENTRY, id=entry_id, operation=operation, tenant_id=tenant_id))
    return entry_id


async def ids_of(
    audit_log: AuditLogTable,
    window: IdWindow | None = None,
    operation: str | None = None,
    tenant_id: bytes = TENANT,
) -> list[bytes]:
    page = await audit_log.page(tenant_id, window or IdWindow(250), operation)
    return [entry.id for entry in page.items]


async def divide(database: Database, days_ago: int) -> None:
    """As if partitions had begun so long ago: ids up to then are in a partition of their own,
    those after it in the next."""
    if not database.on_postgres:
        return
    bound = f"'\\x{lowest_id_at(NOW_MS - days_ago * DAY_MS).hex()}'"
    oldest = (await PartitionedTable(database.engine, "audit_entry").layout()).bounded[0]
    ranges = f"from (minvalue) to ({bound})", f"from ({bound}) to ('\\x{oldest.high.hex()}')"
    async with database.engine.begin() as connection:
        for statement in (
            "alter table audit_entry detach partition audit_entry_before",
            f"alter table audit_entry attach partition audit_entry_before for values {ranges[0]}",
            f"create table audit_entry_2000 partition of audit_entry for values {ranges[1]}",
        ):
            await connection.exec_driver_sql(statement)


async def turn(database: Database, days: int) -> None:
    kept = retention_tasks(database, message_days=90, audit_days=days, key_life_s=86_400)
    assert await RetentionLoop(database, kept).turn()


async def test_an_entry_is_on_record_as_it_was_written(audit_log: AuditLogTable) -> None:
    await audit_log.add(ENTRY)
    page = await audit_log.page(TENANT, IdWindow(1), None)
    digest = chained_hash(KEY, START, 1, ENTRY)
    assert (page.items, page.done) == ([ChainedEntry(ENTRY, 1, START, digest)], True)
    assert await audit_log.end(TENANT) == ChainEnd(1, ENTRY.id, digest)
    assert await audit_log.end(OTHER) is None


async def test_entries_that_are_written_at_once_are_all_there(audit_log: AuditLogTable) -> None:
    await asyncio.gather(*(add(audit_log, days) for days in range(20)))
    page = await audit_log.page(TENANT, IdWindow(250, descending=False), None)
    check = ChainCheck(KEY)
    for chained in page.items:
        check.add(chained, chained.id.hex())
    check.finish(await audit_log.end(TENANT))
    assert (check.verified, check.broken) == (20, [])
    assert [chained.number for chained in page.items] == list(range(1, 21))


@pytest.mark.parametrize("descending", [True, False])
async def test_pages_go_forth_and_back_over_partitions(
    database: Database, audit_log: AuditLogTable, descending: bool
) -> None:
    await divide(database, 35)
    ages = (40, 36, 20, 1, -30)  # the last is of a time that no partition is there for
    oldest_first = [await add(audit_log, days) for days in ages]
    await add(audit_log, 10, tenant_id=OTHER)
    expected = oldest_first[::-1] if descending else oldest_first
    window = IdWindow(2, descending=descending)
    found: list[bytes] = []
    done = []
    for _ in range(3):
        page = await audit_log.page(TENANT, window, None)
        found.extend(entry.id for entry in page.items)
        done.append(page.done)
        window = IdWindow(2, found[-1], descending=descending)
    assert (found, done) == (expected, [False, False, True])
    back = IdWindow(2, found[4], backwards=True, descending=descending)
    assert await ids_of(audit_log, back) == expected[2:4]


async def test_entries_are_of_their_tenant_and_operation(audit_log: AuditLogTable) -> None:
    first, second = await add(audit_log, 3, "a"), await add(audit_log, 2, "b")
    third = await add(audit_log, 1, "a", tenant_id=OTHER)
    assert await ids_of(audit_log) == [second, first]
    assert await ids_of(audit_log, operation="a") == [first]
    assert await ids_of(audit_log, operation="c") == []
    assert await ids_of(audit_log, tenant_id=OTHER) == [third]
    assert await ids_of(audit_log, IdWindow(5, first), "a") == []


async def test_the_same_id_of_two_tenants_is_two_entries(audit_log: AuditLogTable) -> None:
    same = [await add(audit_log, 1, tenant_id=tenant) for tenant in (TENANT, OTHER)]
    assert [await ids_of(audit_log, tenant_id=tenant) for tenant in (TENANT, OTHER)] == [
        same[:1],
        same[1:],
    ]


async def test_what_is_too_old_goes_and_the_rest_stays(
    database: Database, audit_log: AuditLogTable
) -> None:
    await divide(database, 370)
    for hours in reversed(range(150)):
        await add(audit_log, 371 + hours / 24, tenant_id=OTHER if hours % 2 else TENANT)
    kept = [await add(audit_log, days) for days in (364, 90, 0)]

    await turn(database, 365)

    assert await ids_of(audit_log) == kept[::-1]
    assert await ids_of(audit_log, tenant_id=OTHER) == []
    async with database.reading.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(audit_entry)) == 3
    if database.on_postgres:
        layout = await PartitionedTable(database.engine, "audit_entry").layout()
        assert "audit_entry_before" not in [each.name for each in layout.bounded]
        assert layout.bounded[-1].high > lowest_id_at(NOW_MS + 3 * DAY_MS)


async def test_a_new_partition_has_the_indexes_of_the_table(postgres_url: str) -> None:
    def indexed(connection: Connection) -> dict[str, set[tuple[str | None, ...]]]:
        found = inspect(connection)
        names = [name for name in found.get_table_names() if name.startswith("audit_entry")]
        return {
            name: {tuple(index["column_names"]) for index in found.get_indexes(name)}
            | {tuple(found.get_pk_constraint(name)["constrained_columns"])}
            for name in names
        }

    database = open_database(postgres_url)
    await SCHEMA.migrate(database)
    await turn(database, 365)
    async with database.engine.begin() as connection:
        tables = await connection.run_sync(indexed)
    await database.close()
    assert len(tables) >= 4
    for indexes in tables.values():
        assert indexes == {("tenant_id", "id"), ("tenant_id", "operation", "id")}


async def test_every_method_of_the_table_says_so_when_the_database_is_away(
    database_url: str,
) -> None:
    suffix = "-away" if "sqlite" in database_url else "_away"
    away = open_database(f"{database_url}{suffix}")
    audit_log = AuditLogTable(away)
    for call in (audit_log.add(ENTRY), audit_log.page(TENANT, IdWindow(1), None)):
        with pytest.raises(JournalUnavailable):
            await call
    await away.close()


@pytest.mark.parametrize(
    "forged",
    [{"status": 200}, {"before": "{}"}, {"after": None}, {"before": None, "after": None}],
)
async def test_changes_to_the_stored_log_are_noticed(
    database: Database, audit_log: AuditLogTable, forged: dict[str, Any]
) -> None:
    for days in range(5, 0, -1):
        await add(audit_log, days)
    logs = AuditAdministration(database)
    seal = Seal(bytes(32))
    chained = AuditLogTable(database, seal.derived_key(PURPOSE))
    for days in range(5, 0, -1):
        await add(chained, days, tenant_id=OTHER)

    intact = await logs.verify("other", OTHER, seal)
    assert (intact.verified, intact.unchained, intact.broken) == (5, 0, ())
    # Of another key.
    assert len((await logs.verify("tenant", TENANT, seal)).broken) == 5

    mine = audit_entry.c.tenant_id == OTHER
    async with database.engine.begin() as connection:
        await connection.execute(
            update(audit_entry).where(mine, audit_entry.c.number == 2).values(**forged)
        )
        await connection.execute(delete(audit_entry).where(mine, audit_entry.c.number >= 4))
    changed, missing = (await logs.verify("other", OTHER, seal)).broken
    assert changed.endswith("was changed")
    assert missing == "the newest entries are missing: entry 5 is the last"


async def test_the_log_is_exported_as_the_api_lists_it(
    database: Database, audit_log: AuditLogTable
) -> None:
    for days in range(3, 0, -1):
        await add(audit_log, days)
    lines = [json.loads(line) async for line in AuditAdministration(database).exported(TENANT)]
    assert [line["number"] for line in lines] == [1, 2, 3]
    assert {line["address"] for line in lines} == {"2001:db8::1"}
    assert [line["before"] for line in lines] == [{"headers": {"x-a": "(redacted)"}}] * 3
    assert [line["after"] for line in lines] == [{}] * 3


def test_entries_of_earlier_versions_keep_their_hash() -> None:
    earlier = replace(ENTRY, id=bytes(16), path="/", before=None, after=None)
    digest = chained_hash(KEY, START, 1, earlier)
    assert digest.hex() == "b880aee40a97c7a6d62ea3f22498599c9d951e1e3b6c2022c8c7a1eb82bb121a"
    assert digest != chained_hash(KEY, START, 1, replace(earlier, after="{}"))
