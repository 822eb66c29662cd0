"""Adoption on both engines: what dead replicas left goes to one of the living."""

import asyncio
from collections import Counter

import pytest
from angarium_chassis.database.engine import Database
from angarium_gateway.adapters.database.batches import BatchTable
from angarium_gateway.adapters.database.tables import batch, replica
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.publish.batch_store import Heartbeat, StoredBatch
from sqlalchemy import insert, select, update

from .conftest import OWNER, AnyJournal, a_batch, a_message, batch_rows, new_id

OTHER = "f" * 32
ALL = 1 << 30
DEAD_AFTER_S = 7.0


@pytest.fixture
def batches(database: Database) -> BatchTable:
    return BatchTable(database)


@pytest.fixture
async def committed(journal: AnyJournal) -> list[NewBatch]:
    """Four unpublished batches of two messages, 416 bytes each."""
    groups = [a_batch(a_message(), a_message()) for _ in range(4)]
    for group in groups:
        await journal.commit(group)
    return groups


def ids(loaded: list[StoredBatch]) -> list[bytes]:
    return [one.id for one in loaded]


async def seen(database: Database, name: str, ago_s: float) -> None:
    """Make a replica that was last seen so long ago."""
    table = BatchTable(database)
    await table.heartbeat(name, dead_after_s=DEAD_AFTER_S)
    async with database.engine.begin() as connection:
        await connection.execute(
            update(replica)
            .where(replica.c.id == name)
            .values(seen_at=replica.c.seen_at - int(ago_s * 1e6))
        )


async def replicas(database: Database) -> set[str]:
    async with database.reading.connect() as connection:
        return set(await connection.scalars(select(replica.c.id)))


async def test_a_heartbeat_tells_whether_this_replica_was_known_and_how_many_are_dead(
    batches: BatchTable, database: Database
) -> None:
    assert await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S) == Heartbeat(False, 0)
    assert await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S) == Heartbeat(True, 0)
    await seen(database, OTHER, DEAD_AFTER_S - 2)
    assert await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S) == Heartbeat(True, 0)
    await seen(database, OTHER, DEAD_AFTER_S + 1)
    assert await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S) == Heartbeat(True, 1)


async def test_a_heartbeat_after_a_long_silence_makes_a_replica_live_again(
    batches: BatchTable, database: Database
) -> None:
    await seen(database, OWNER, 100)
    assert await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S) == Heartbeat(True, 0)


@pytest.mark.usefixtures("committed")
async def test_batches_of_the_living_are_not_adopted(
    batches: BatchTable, database: Database
) -> None:
    await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S)
    assert await batches.adopt(OTHER, dead_after_s=DEAD_AFTER_S) == 0
    assert {row.owner for row in (await batch_rows(database)).values()} == {OWNER}


async def test_batches_of_the_dead_are_adopted_and_only_published_ones_count_up(
    batches: BatchTable, committed: list[NewBatch], database: Database
) -> None:
    await seen(database, OWNER, DEAD_AFTER_S + 1)
    await batches.unpublished(OWNER, bytes_max=416 * 2)
    await batches.heartbeat(OTHER, dead_after_s=DEAD_AFTER_S)
    assert await batches.adopt(OTHER, dead_after_s=DEAD_AFTER_S) == 4
    loaded = await batches.unpublished(OTHER, bytes_max=ALL)
    assert ids(loaded) == [one.id for one in committed]
    assert [one.publication for one in loaded] == [2, 2, 1, 1]
    assert await replicas(database) == {OTHER}


async def test_batches_of_replicas_that_nobody_knows_are_adopted(
    batches: BatchTable, committed: list[NewBatch]
) -> None:
    await batches.heartbeat(OTHER, dead_after_s=DEAD_AFTER_S)
    assert await batches.adopt(OTHER, dead_after_s=DEAD_AFTER_S) == len(committed)


async def test_who_was_taken_for_dead_learns_it_and_no_longer_closes_what_it_lost(
    batches: BatchTable, committed: list[NewBatch], database: Database
) -> None:
    await seen(database, OWNER, DEAD_AFTER_S + 1)
    await batches.adopt(OTHER, dead_after_s=DEAD_AFTER_S)
    await batches.close(OWNER, [one.id for one in committed])
    assert len(await batch_rows(database)) == len(committed)
    assert not (await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S)).known


async def test_what_a_replica_leaves_when_it_retires_can_be_adopted_at_once(
    batches: BatchTable, committed: list[NewBatch]
) -> None:
    await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S)
    await batches.retire(OWNER)
    assert await batches.heartbeat(OTHER, dead_after_s=DEAD_AFTER_S) == Heartbeat(False, 1)
    assert await batches.adopt(OTHER, dead_after_s=DEAD_AFTER_S) == len(committed)


async def test_of_two_replicas_that_adopt_at_once_each_batch_goes_to_one(
    batches: BatchTable, database: Database
) -> None:
    await many_batches(database, 2_000, owner="dead")
    await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S)
    await batches.heartbeat(OTHER, dead_after_s=DEAD_AFTER_S)
    adopted = await asyncio.gather(
        *[batches.adopt(name, dead_after_s=DEAD_AFTER_S) for name in (OWNER, OTHER)]
    )
    assert sum(adopted) == 2_000
    rows = (await batch_rows(database)).values()
    owners = Counter(row.owner for row in rows)
    assert (owners[OWNER], owners[OTHER]) == tuple(adopted)
    assert {row.publication for row in rows} == {2}


async def many_batches(database: Database, number: int, *, owner: str) -> None:
    rows = [
        {
            "id": new_id(),
            "owner": owner,
            "stream_number": 0,
            "publication": 1,
            "published": True,
            "bytes": 1,
            "message_refs": b"",
        }
        for _ in range(number)
    ]
    async with database.engine.begin() as connection:
        await connection.execute(insert(batch), rows)


async def test_more_than_one_adoption_takes_are_left_for_the_next(
    batches: BatchTable, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("angarium_gateway.adapters.database.batches.ADOPTED_MAX", 10)
    await seen(database, "dead", 100)
    await many_batches(database, 25, owner="dead")
    await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S)
    adopted = []
    while (await batches.heartbeat(OWNER, dead_after_s=DEAD_AFTER_S)).dead:
        adopted.append(await batches.adopt(OWNER, dead_after_s=DEAD_AFTER_S))
    assert adopted == [10, 10, 5]


async def test_a_batch_that_is_adopted_while_its_owner_loads_it_is_published_by_one_of_them(
    batches: BatchTable, journal: AnyJournal, database: Database
) -> None:
    """Whoever has it as its own has it marked as it treats it: it cannot get stuck."""
    for _ in range(10):
        new = a_batch()
        await journal.commit(new)
        await batches.retire(OWNER)
        loaded, adopted = await asyncio.gather(
            batches.unpublished(OWNER, bytes_max=ALL),
            batches.adopt(OTHER, dead_after_s=DEAD_AFTER_S),
        )
        row = (await batch_rows(database))[new.id]
        if adopted:
            assert (row.owner, row.published) == (OTHER, False)
        else:
            assert (row.owner, row.published, ids(loaded)) == (OWNER, True, [new.id])
        await batches.close(row.owner, [new.id])
        await batches.heartbeat(OTHER, dead_after_s=DEAD_AFTER_S)
