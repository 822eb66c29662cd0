"""What `verify`, `doctor` and `quarantine` read from the services' databases, on both engines."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_cli.doctor.batch_checks import JournalState, read_journal
from angarium_cli.doctor.database_checks import database_clock, schema_of
from angarium_cli.doctor.delivery_checks import read_pending
from angarium_cli.doctor.directory_checks import read_directory
from angarium_cli.quarantine.set_aside import SetAsideBatches
from angarium_cli.service_names import SERVICES, ServiceName
from angarium_cli.verify.audit import Audit, Auditor
from angarium_cli.verify.endpoints import AuditedEndpoints
from angarium_cli.verify.journal import AuditedJournal, IdRange
from angarium_cli.verify.ledgers import Gap
from angarium_cli.verify.traces import DeliveryTraces
from angarium_contracts.ids import IdMaker, lowest_id_at
from angarium_dispatcher.adapters.database.tables import applications, endpoints
from angarium_gateway.adapters.database.batches import SET_ASIDE, BatchTable
from angarium_gateway.adapters.database.tables import (
    application_copy,
    batch,
    message,
    replica,
    scheduled_message,
)
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    lane,
    pending_delivery,
)
from sqlalchemy import Table, insert, select, update

TENANT, APP, ENDPOINT = b"t" * 16, b"a" * 16, b"e" * 16
EARLIER = datetime(2026, 1, 1, tzinfo=UTC)
ALL_TIME = IdRange(bytes(16), b"\xff" * 16)
type NewUrl = Callable[[str], Awaitable[str]]

make_id = IdMaker(time.time_ns, lambda bits: 5)


@dataclass(slots=True)
class Platform:
    """The three databases, with rows as the services write them."""

    databases: dict[ServiceName, Database] = field(default_factory=dict)

    async def add(self, service: ServiceName, table: Table, **values: Any) -> None:
        async with self.databases[service].engine.begin() as connection:
            await connection.execute(insert(table).values(**values))

    async def add_message(self, **members: Any) -> bytes:
        values = {"id": make_id(), "application_id": APP, "tenant_id": TENANT} | members
        values = {"event_type": "invoice.paid", "payload": b"{}"} | values
        await self.add("gateway", message, **values)
        return bytes(values["id"])

    async def add_batch(self, *message_ids: bytes, owner: str = "x", **members: Any) -> bytes:
        values = {
            "id": min(message_ids),
            "owner": owner,
            "stream_number": 0,
            "publication": 1,
            "published": True,
            "bytes": 2,
            "message_refs": b"".join(APP + each for each in message_ids),
        }
        await self.add("gateway", batch, **values | members)
        return min(message_ids)

    async def add_attempt(self, message_id: bytes) -> None:
        await self.add(
            "worker",
            attempt,
            message_id=message_id,
            id=make_id(),
            endpoint_id=ENDPOINT,
            application_id=APP,
            tenant_id=TENANT,
            event_type="invoice.paid",
            url="https://example.com",
            number=1,
            status=0,
            trigger=0,
            response_status=200,
            response=b"",
            duration_ms=1,
            ended_at=1,
        )

    async def add_pending(self, message_id: bytes, *, due_at: int, **members: Any) -> None:
        values = {
            "message_id": message_id,
            "endpoint_id": ENDPOINT,
            "application_id": APP,
            "tenant_id": TENANT,
            "event_type": "invoice.paid",
            "payload": b"{}",
            "endpoint_version": 1,
            "attempts_made": 1,
            "fence": 0,
            "due_at": due_at,
        }
        await self.add("worker", pending_delivery, **values | members)

    async def audit(self, **journal: Any) -> Audit:
        auditor = Auditor(
            AuditedJournal(self.databases["gateway"], **journal),
            AuditedEndpoints(self.databases["dispatcher"]),
            DeliveryTraces(self.databases["worker"]),
            tell=lambda _: None,
        )
        return await auditor.run(ALL_TIME)

    async def journal(self) -> JournalState:
        return await read_journal(self.databases["gateway"], older_than_s=300)


@pytest.fixture(params=["sqlite", "postgres"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Names a database of a service that does not exist yet or is empty."""
    if request.param == "postgres":
        create: Callable[[], Awaitable[str]] = request.getfixturevalue("new_postgres_url")
        return lambda service: create()

    async def sqlite(service: str) -> str:
        return f"sqlite+aiosqlite:///{tmp_path / service}.db"

    return sqlite


@pytest.fixture
async def platform(new_url: NewUrl) -> AsyncIterator[Platform]:
    """Migrated databases, with an application that has one endpoint for everything."""
    found = Platform()
    async with AsyncExitStack() as opened:
        for service in SERVICES:
            database = open_database(await new_url(service), connections_max=2)
            opened.push_async_callback(database.close)
            await schema_of(service).migrate(database)
            found.databases[service] = database
        await found.add("gateway", application_copy, id=APP, tenant_id=TENANT, version=1)
        times = {"created_at": EARLIER, "updated_at": EARLIER}
        owned = {"tenant_id": TENANT, "version": 1, "metadata": {}, **times}
        await found.add("dispatcher", applications, id=APP, name="Customer", **owned)
        settings = {"url": "https://example.com", "description": "", "secrets": b"\x90"}
        await found.add(
            "dispatcher",
            endpoints,
            id=ENDPOINT,
            application_id=APP,
            disabled=False,
            **settings,
            **owned,
        )
        yield found


async def test_an_attempt_a_pending_and_a_cancelled_delivery_are_each_a_trace(
    platform: Platform,
) -> None:
    attempted, pending, cancelled, lost = [await platform.add_message() for _ in range(4)]
    await platform.add_attempt(attempted)
    await platform.add_pending(pending, due_at=1)
    await platform.add(
        "worker",
        cancelled_delivery,
        message_id=cancelled,
        endpoint_id=ENDPOINT,
        application_id=APP,
        tenant_id=TENANT,
        event_type="invoice.paid",
        reason="the endpoint was disabled",
        cancelled_at=1,
    )

    found = await platform.audit()

    assert found.gaps == [Gap(lost, APP, ENDPOINT)]
    assert (found.counts.accepted, found.counts.settled, found.counts.expected) == (4, 4, 4)


async def test_messages_that_are_open_set_aside_scheduled_or_cancelled_are_told_apart(
    platform: Platform,
) -> None:
    opened, aside, waiting, cancelled, targeted = [
        await platform.add_message(**members)
        for members in (
            {},
            {},
            {"deliver_at": datetime.now(UTC)},
            {"deliver_at": EARLIER, "canceled_at": EARLIER},
            {"targeted": True},
        )
    ]
    await platform.add_batch(opened)
    await platform.add_batch(aside, owner=SET_ASIDE)
    row = {"message_id": waiting, "application_id": APP, "deliver_at": 1, "bytes": 2}
    await platform.add("gateway", scheduled_message, **row)

    found = await platform.audit()

    assert found.gaps == [Gap(aside, APP, None)]
    counts = found.counts
    assert (counts.open, counts.set_aside, counts.scheduled) == (1, 1, 1)
    assert (counts.cancelled, counts.targeted, counts.settled) == (1, 1, 0)
    assert {cancelled, targeted}.isdisjoint(gap.message_id for gap in found.gaps)


async def test_more_open_batches_than_are_read_leave_the_newest_messages_unjudged(
    platform: Platform,
) -> None:
    settled = await platform.add_message()
    opened = [await platform.add_message() for _ in range(4)]
    for each in opened:
        await platform.add_batch(each)

    found = await platform.audit(open_messages_max=2)

    assert found.gaps == [Gap(settled, APP, ENDPOINT)]
    assert (found.counts.open, found.counts.settled) == (4, 1)


async def test_only_the_messages_of_the_range_are_read(platform: Platform) -> None:
    first, second, third = [
        await platform.add_message(id=lowest_id_at(at_ms)) for at_ms in (1_000, 2_000, 3_000)
    ]
    journal = AuditedJournal(platform.databases["gateway"])
    within = IdRange(second, third)

    assert await journal.applications(within, b"") == [APP]
    found = await journal.messages(APP, within, b"", limit=10)
    assert [each.id for each in found] == [second]
    assert await journal.applications(IdRange(lowest_id_at(4_000), b"\xff" * 16), b"") == []
    assert await journal.applications(within, APP) == []
    assert first != second


async def test_disabled_and_deleted_endpoints_expect_nothing(platform: Platform) -> None:
    await platform.add_message()
    dispatcher = platform.databases["dispatcher"]
    for change in ({"disabled": True}, {"disabled": False, "deleted": True}):
        async with dispatcher.engine.begin() as connection:
            await connection.execute(update(endpoints).values(**change))

        found = await platform.audit()

        assert (found.gaps_count, found.counts.expected) == (0, 0)


async def test_batches_brought_back_are_adopted_by_a_gateway_and_go_out_again(
    platform: Platform,
) -> None:
    message_ids = [await platform.add_message() for _ in range(2)]
    aside = await platform.add_batch(message_ids[0], owner=SET_ASIDE, publication=6)
    gateway = platform.databases["gateway"]
    living = BatchTable(gateway)
    await living.heartbeat("living", dead_after_s=7)
    opened = await platform.add_batch(message_ids[1], owner="living")
    desk = SetAsideBatches(gateway)

    (listed,) = await desk.list()
    assert (listed.id, listed.publication, listed.message_ids) == (aside, 6, (message_ids[0],))
    assert await desk.open_among([aside, opened, b"z" * 16]) == {aside, opened}

    counts = await asyncio.gather(*[desk.bring_back([aside], owner=f"cli{n}") for n in range(2)])

    assert sorted(counts) == [0, 1]
    assert await desk.list() == []
    assert (await living.heartbeat("living", dead_after_s=7)).dead > 0
    assert await living.adopt("living", dead_after_s=7) == 1
    (stored,) = await living.unpublished("living", bytes_max=1_000)
    assert (stored.id, stored.publication) == (aside, 7)
    assert [each.id for each in stored.messages] == [message_ids[0]]


async def test_the_journal_tells_of_stuck_and_set_aside_batches_and_of_gateways(
    platform: Platform,
) -> None:
    assert await platform.journal() == JournalState(0, 0, 0.0, 0, 0, None)
    now_ms = time.time_ns() // 1_000_000
    old = await platform.add_message(id=lowest_id_at(now_ms - 600_000))
    # Accepted long ago for now: its batch is new.
    due = await platform.add_message(
        id=lowest_id_at(now_ms - 900_000), deliver_at=datetime.now(UTC)
    )
    await platform.add_batch(old)
    await platform.add_batch(due)
    await platform.add_batch(await platform.add_message())
    await platform.add_batch(await platform.add_message(), owner=SET_ASIDE)
    await platform.add("gateway", replica, id="x", seen_at=time.time_ns() // 1_000)
    row = {"message_id": make_id(), "application_id": APP, "bytes": 2}
    await platform.add("gateway", scheduled_message, deliver_at=1, **row)

    found = await platform.journal()

    assert (found.open, found.stuck, found.set_aside, found.gateways) == (3, 1, 1, 1)
    assert 599 < found.oldest_s < 700
    assert found.late_s is not None
    assert found.late_s > 1e9


async def test_the_workers_rows_tell_what_is_overdue(platform: Platform) -> None:
    now_us = time.time_ns() // 1_000
    hour_ago, later = now_us - 3_600_000_000, now_us + 3_600_000_000
    for due_at, members in ((hour_ago, {}), (later, {}), (hour_ago, {"lane": 1})):
        await platform.add_pending(make_id(), due_at=due_at, **members)
    free = {"application_id": APP, "tenant_id": TENANT, "weight": 1, "waits_until": 0, "fence": 0}
    rest = {"arrivals": 0, "burst_at": 0, "confirmed": b"", "state": ""}
    for number, (due_at, held_until) in enumerate(
        ((hour_ago, None), (later, None), (0, later), (hour_ago, hour_ago), (0, None))
    ):
        times = {"due_at": due_at, "held_until": held_until}
        await platform.add(
            "worker", lane, endpoint_id=bytes([number]) * 16, **times, **free, **rest
        )

    found = await read_pending(platform.databases["worker"], older_than_s=300)

    assert (found.retries.count, found.lanes.count) == (1, 2)
    assert 3_600 <= found.retries.longest_s < 3_700


async def test_directories_and_clocks_can_be_read(platform: Platform) -> None:
    for service, database in platform.databases.items():
        assert await read_directory(service, database) == 0
        assert abs((await database_clock(service, database)).apart_s) < 1


async def test_reading_changes_nothing(platform: Platform) -> None:
    await platform.add_batch(await platform.add_message())
    async with platform.databases["gateway"].reading.connect() as connection:
        before = (await connection.execute(select(batch))).all()

    await platform.audit()
    await platform.journal()

    async with platform.databases["gateway"].reading.connect() as connection:
        assert (await connection.execute(select(batch))).all() == before
