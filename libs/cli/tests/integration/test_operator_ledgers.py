"""The examinations that `doctor` and `quarantine` use, on both engines."""

import asyncio
import time
from datetime import UTC, datetime

from angarium_chassis.examination.database_checks import database_clock
from angarium_cli.services import examination_of
from angarium_contracts.ids import lowest_id_at
from angarium_gateway.adapters.database.batches import SET_ASIDE, BatchTable
from angarium_gateway.adapters.database.set_aside_batches import SetAsideBatches
from angarium_gateway.adapters.database.tables import batch, replica, scheduled_message
from angarium_gateway.examination.journal_state import JournalState
from angarium_worker.adapters.database.tables import lane
from angarium_worker.examination.deliveries import read_pending
from sqlalchemy import select

from .platform_rows import APP, TENANT, Platform, make_id


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
        assert await examination_of(service).directory_version(database) == 0
        assert abs((await database_clock(service, database)).apart_s) < 1


async def test_reading_changes_nothing(platform: Platform) -> None:
    await platform.add_batch(await platform.add_message())
    async with platform.databases["gateway"].reading.connect() as connection:
        before = (await connection.execute(select(batch))).all()

    await platform.audit()
    await platform.journal()

    async with platform.databases["gateway"].reading.connect() as connection:
        assert (await connection.execute(select(batch))).all() == before
