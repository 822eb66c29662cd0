"""Which messages go with time, and what goes with them, on both engines."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from angarium_chassis.database.engine import Database
from angarium_chassis.database.partitions import DAY_MS, PartitionedTable
from angarium_chassis.retention import RetentionLoop
from angarium_contracts.ids import MESSAGE, format_id, lowest_id_at, operational_application_id
from angarium_contracts.retention import LegalHold as HeldRows
from angarium_contracts.retention import TenantRetention
from angarium_gateway.adapters.database.background_tasks import BackgroundTaskTable
from angarium_gateway.adapters.database.batches import BatchTable
from angarium_gateway.adapters.database.legal_holds import StoredLegalHolds
from angarium_gateway.adapters.database.message_queries import StoredMessages
from angarium_gateway.adapters.database.postgres_journal import PostgresJournal
from angarium_gateway.adapters.database.retention_tasks import retention_tasks
from angarium_gateway.adapters.database.retention_tenants import TenantRetentionColumn
from angarium_gateway.adapters.database.schedule import ScheduleTable
from angarium_gateway.adapters.database.sqlite_journal import SqliteJournal
from angarium_gateway.adapters.database.tables import (
    application_copy,
    background_task,
    event_claim,
    idempotency_key,
    message,
    tenant,
)
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.legal_holds import LegalHold
from angarium_gateway.domain.background_tasks import TaskArguments, TaskKind, TaskProgress
from angarium_gateway.domain.messages import Committed, NewMessage
from sqlalchemy import Table, func, insert, select, update

OWNER = "0123456789abcdef0123456789abcdef"
TENANT, OTHER_TENANT, APPLICATION, OTHER = b"t" * 16, b"u" * 16, b"a" * 16, b"b" * 16
KEY_LIFE_S = 86_400
NOW_MS = time.time_ns() // 1_000_000

type AnyJournal = PostgresJournal | SqliteJournal


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[AnyJournal]:
    kind = PostgresJournal if database.on_postgres else SqliteJournal
    opened = kind(
        database,
        clock_us=lambda: time.time_ns() // 1_000,
        key_life_us=KEY_LIFE_S * 1_000_000,
    )
    yield opened
    await opened.close()


def id_at(days_ago: float) -> bytes:
    return lowest_id_at(int(NOW_MS - days_ago * DAY_MS))[:6] + os.urandom(10)


def a_message(days_ago: float, **more: object) -> NewMessage:
    members: dict[str, object] = {
        "tenant_id": TENANT,
        "application_id": APPLICATION,
        "event_type": "a.b",
        "payload": b"{}",
        **more,
    }
    return NewMessage(id=id_at(days_ago), **members)  # type: ignore[arg-type]


async def commit(journal: AnyJournal, *messages: NewMessage, settled: bool = True) -> bytes:
    """Commit a batch; its id. What is settled has no batch any more."""
    first = min(each.id for each in messages)
    batch = NewBatch(first, OWNER, 0, False, messages)
    assert all(isinstance(each, Committed) for each in await journal.commit(batch))
    return first


async def settle(database: Database, *ids: bytes) -> None:
    await BatchTable(database).close(OWNER, ids)


async def divide(database: Database, days_ago: int) -> None:
    """As if partitions had begun so long ago: ids up to then are in a partition of their own,
    those after it in the next."""
    if not database.on_postgres:
        return
    bound = f"'\\x{lowest_id_at(NOW_MS - days_ago * DAY_MS).hex()}'"
    oldest = (await PartitionedTable(database.engine, "message").layout()).bounded[0]
    async with database.engine.begin() as connection:
        ranges = f"from (minvalue) to ({bound})", f"from ({bound}) to ('\\x{oldest.high.hex()}')"
        for statement in (
            "alter table message detach partition message_before",
            f"alter table message attach partition message_before for values {ranges[0]}",
            f"create table message_from_20000101 partition of message for values {ranges[1]}",
        ):
            await connection.exec_driver_sql(statement)


async def turn(database: Database, days: int = 30) -> None:
    kept = retention_tasks(database, message_days=days, audit_days=365, key_life_s=KEY_LIFE_S)
    loop = RetentionLoop(database, kept)
    assert await loop.turn()


async def ids_of(database: Database) -> set[bytes]:
    async with database.reading.connect() as connection:
        return {bytes(each) for each in await connection.scalars(select(message.c.id))}


async def count(database: Database, table: Table) -> int:
    async with database.reading.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(table)) or 0


async def partitions_of(database: Database) -> list[str]:
    layout = await PartitionedTable(database.engine, "message").layout()
    return [each.name for each in layout.bounded]


async def test_what_is_too_old_goes_with_its_event_ids(
    database: Database, journal: AnyJournal
) -> None:
    await divide(database, 35)
    old = [a_message(40 + n / 10, event_id=f"old-{n}" if n % 2 else None) for n in range(200)]
    young = [a_message(29, event_id="young"), a_message(0, event_id="new")]
    batches = [await commit(journal, *old), await commit(journal, *young)]
    await settle(database, *batches)

    await turn(database)

    assert await ids_of(database) == {each.id for each in young}
    assert await count(database, event_claim) == 2
    if database.on_postgres:
        assert "message_before" not in await partitions_of(database)
    stored = StoredMessages(database)
    for ref in (format_id(MESSAGE, old[1].id), "old-1"):
        assert await stored.find(APPLICATION, ref, with_content=True) is None
    for ref in (format_id(MESSAGE, young[0].id), "young"):
        found = await stored.find(APPLICATION, ref, with_content=True)
        assert found is not None
        assert found.id == young[0].id
    await commit(journal, a_message(0, event_id="old-1"))


async def test_what_is_not_handed_over_yet_stays_however_old_it_is(
    database: Database, journal: AnyJournal
) -> None:
    await divide(database, 35)
    plain = [a_message(50, event_id=f"e{n}") for n in range(300)]
    due = datetime.now(UTC) - timedelta(seconds=1)
    open_ = a_message(45, event_id="open")
    scheduled = a_message(46, event_id="scheduled", deliver_at=due)
    await settle(database, await commit(journal, *plain))
    batch = await commit(journal, open_, settled=False)
    await journal.schedule([scheduled])

    await turn(database)
    assert await ids_of(database) == {open_.id, scheduled.id}
    assert await count(database, event_claim) == 2

    await settle(database, batch)
    await ScheduleTable(database).open_due(OWNER, stream_count=1)
    await turn(database)
    assert await ids_of(database) == {scheduled.id}
    (stored,) = await BatchTable(database).unpublished(OWNER, bytes_max=1_000)
    assert [each.id for each in stored.messages] == [scheduled.id]

    await settle(database, stored.id)
    await turn(database)
    assert await ids_of(database) == set()
    if database.on_postgres:
        assert "message_before" not in await partitions_of(database)


async def test_what_a_running_task_is_to_deliver_again_stays(
    database: Database, journal: AnyJournal
) -> None:
    await divide(database, 35)
    needed, other = a_message(40), a_message(40, application_id=OTHER)
    await settle(database, await commit(journal, needed, other))
    tasks, now = BackgroundTaskTable(database), datetime.now(UTC)
    arguments = TaskArguments(APPLICATION, b"e" * 16, now - timedelta(days=50), now)
    await tasks.start(id_at(0), TENANT, TaskKind.RECOVER, arguments, running_max=5)

    await turn(database)
    assert await ids_of(database) == {needed.id}

    held = await tasks.lease(lease_s=10)
    assert held is not None
    assert await tasks.end(held, TaskProgress(), error=None)
    await turn(database)
    assert await ids_of(database) == set()


@pytest.mark.parametrize("application_id", [APPLICATION, None])
async def test_what_a_legal_hold_keeps_stays(
    database: Database, journal: AnyJournal, application_id: bytes | None
) -> None:
    await divide(database, 35)
    held = [a_message(40 + n / 10, event_id=f"old-{n}") for n in range(5)]
    others = [a_message(40 + n / 10, tenant_id=OTHER_TENANT, application_id=OTHER) for n in (1, 2)]
    await settle(database, await commit(journal, *held, *others))
    holds = StoredLegalHolds(database)
    hold = LegalHold(TENANT, application_id, "case 17", b"k" * 16, datetime.now(UTC))
    await holds.place(replace(hold, reason="case 16"))
    await holds.place(hold)
    await TenantRetentionColumn(database).set(TENANT, 1)

    await turn(database)
    assert await ids_of(database) == {each.id for each in held}
    assert await count(database, event_claim) == len(held)

    assert await holds.page(None) == [HeldRows(TENANT, application_id)]
    assert await holds.page(HeldRows(TENANT, application_id)) == []
    assert await holds.applying(TENANT, OTHER) == (None if application_id else hold)
    assert await holds.applying(TENANT, None) == await holds.applying(TENANT, APPLICATION) == hold
    assert await holds.find(TENANT, application_id) == hold
    await holds.lift(TENANT, application_id)
    assert await holds.applying(TENANT, None) is None
    await turn(database)
    assert await ids_of(database) == set()


async def test_a_tenant_keeps_messages_for_less_long(
    database: Database, journal: AnyJournal
) -> None:
    operational = operational_application_id(TENANT)
    async with database.engine.begin() as connection:
        for tenant_id, name in ((TENANT, "one"), (OTHER_TENANT, "two")):
            values = {"id": tenant_id, "name": name, "created_at": datetime.now(UTC)}
            await connection.execute(insert(tenant).values(values))
        for application_id, owner in ((APPLICATION, TENANT), (OTHER, OTHER_TENANT)):
            values = {"id": application_id, "tenant_id": owner, "version": 1}
            await connection.execute(insert(application_copy).values(values))
    tenants = TenantRetentionColumn(database)
    await tenants.set(TENANT, 5)
    await tenants.set(OTHER_TENANT, 500)
    assert await tenants.find(TENANT) == 5
    assert await tenants.page(None) == [
        TenantRetention(TENANT, 5),
        TenantRetention(OTHER_TENANT, 500),
    ]
    assert await tenants.page(TENANT) == [TenantRetention(OTHER_TENANT, 500)]
    old = [a_message(6 + n / 100, event_id=f"e{n}") for n in range(450)]
    hidden = a_message(7, application_id=operational)
    kept = [a_message(4), a_message(8, application_id=OTHER, tenant_id=OTHER_TENANT)]
    await settle(database, await commit(journal, *old, hidden, *kept))
    open_ = a_message(9)
    await commit(journal, open_, settled=False)

    await turn(database)

    assert await ids_of(database) == {open_.id, *(each.id for each in kept)}
    assert await count(database, event_claim) == 0


async def test_expired_keys_and_ended_tasks_go(database: Database, journal: AnyJournal) -> None:
    now_us = NOW_MS * 1_000
    hour_us = 3_600_000_000
    ages = {b"%016d" % n: 28 * hour_us for n in range(450)} | {b"n" * 16: 26 * hour_us}
    async with database.engine.begin() as connection:
        for digest, age_us in ages.items():
            at = datetime.fromtimestamp((now_us - age_us) / 1e6, UTC)
            values = {"key_digest": digest, "request_digest": b"r" * 16, "created_at": at}
            await connection.execute(insert(idempotency_key).values(values))
    tasks, now = BackgroundTaskTable(database), datetime.now(UTC)
    arguments = TaskArguments(APPLICATION, b"e" * 16, now, now)
    for _ in range(3):
        await tasks.start(id_at(0), TENANT, TaskKind.RECOVER, arguments, running_max=5)
    ended: list[bytes] = []
    for _ in range(2):
        held = await tasks.lease(lease_s=10)
        assert held is not None
        await tasks.end(held, TaskProgress(), error=None)
        ended.append(held.task.id)
    async with database.engine.begin() as connection:
        long_ago = now - timedelta(days=91)
        await connection.execute(
            update(background_task)
            .where(background_task.c.id != ended[-1])
            .values(updated_at=long_ago)
        )

    await turn(database)

    assert await count(database, idempotency_key) == 1
    assert await count(database, background_task) == 2


async def test_nothing_in_force_is_lost_while_messages_come_in(
    database: Database, journal: AnyJournal
) -> None:
    await divide(database, 35)
    await settle(
        database, *[await commit(journal, *[a_message(40) for _ in range(100)]) for _ in range(5)]
    )
    accepted: set[bytes] = set()
    stopped = asyncio.Event()

    async def accept() -> None:
        while not stopped.is_set():
            fresh = [a_message(0, key_digest=os.urandom(16), request_digest=bytes(16))] * 1
            await commit(journal, *fresh)
            accepted.update(each.id for each in fresh)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as running:
        running.create_task(accept())
        for _ in range(3):
            await turn(database)
        stopped.set()
    assert await ids_of(database) == accepted
    assert accepted
