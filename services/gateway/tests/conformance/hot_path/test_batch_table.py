"""The open batches on both engines: who owns them, what is published, what goes next."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_contracts.directory import ApplicationState
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.batches import SET_ASIDE, BatchTable
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.publish.batch_store import LOADED_MAX, BatchStore, StoredBatch
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.batch_states import GIVEN_UP, LOST, NEVER_SENT

from .conftest import OWNER, TENANT, AnyJournal, a_batch, a_message, batch_rows, new_id

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


async def test_unpublished_batches_come_oldest_first_with_their_messages(
    batches: BatchTable, committed: list[NewBatch], database: Database
) -> None:
    port: BatchStore = batches
    loaded = await port.unpublished(OWNER, bytes_max=ALL)
    assert ids(loaded) == [one.id for one in committed]
    for group, stored in zip(committed, loaded, strict=True):
        assert [one.id for one in stored.messages] == [one.id for one in group.messages]
        assert (stored.publication, stored.stream_number, stored.size_bytes) == (1, 0, 416)
    assert all(row.published for row in (await batch_rows(database)).values())
    assert await port.unpublished(OWNER, bytes_max=ALL) == []


async def test_a_message_is_loaded_with_the_version_of_its_own_application(
    batches: BatchTable, journal: AnyJournal, database: Database
) -> None:
    copy = ApplicationCopyTable(database)
    applications = [bytes([number]) * 16 for number in (3, 1, 2, 4)]
    for number, application_id in enumerate(applications[:3], start=1):
        await copy.learn(ApplicationState(application_id, TENANT, version=10 * number))
    await journal.commit(a_batch(*(a_message(application_id=each) for each in applications)))
    (loaded,) = await batches.unpublished(OWNER, bytes_max=ALL)
    assert [one.application_version for one in loaded.messages] == [10, 20, 30, 0]


async def test_only_as_many_are_loaded_as_fit_but_one_at_least(
    batches: BatchTable, committed: list[NewBatch]
) -> None:
    sizes = [len(await batches.unpublished(OWNER, bytes_max=most)) for most in (416 * 2, 1, 415)]
    assert sizes == [2, 1, 1]


@pytest.mark.usefixtures("committed")
async def test_other_owners_batches_are_not_loaded(batches: BatchTable) -> None:
    assert await batches.unpublished(OTHER, bytes_max=ALL) == []


async def test_at_most_so_many_batches_are_loaded_at_once(
    batches: BatchTable, journal: AnyJournal
) -> None:
    for _ in range(LOADED_MAX + 3):
        await journal.commit(a_batch())
    assert len(await batches.unpublished(OWNER, bytes_max=ALL)) == LOADED_MAX
    assert len(await batches.unpublished(OWNER, bytes_max=ALL)) == 3


async def test_two_megabytes_of_small_messages_are_loaded_in_good_time(
    batches: BatchTable, journal: AnyJournal
) -> None:
    """What the relay loads at once at most, in the smallest messages that there are."""
    groups = [
        a_batch(*[a_message(payload=b"{}", application_id=new_id()) for _ in range(200)])
        for _ in range(50)
    ]
    for group in groups:
        await journal.commit(group)
    began_s = time.process_time()
    async with asyncio.timeout(60):
        loaded = await batches.unpublished(OWNER, bytes_max=2 * 1024 * 1024)
    # Of this process's own time, whatever else the machine does.
    assert time.process_time() - began_s < 3
    assert [one.id for stored in loaded for one in stored.messages] == [
        one.id for group in groups for one in group.messages
    ]


async def test_published_batches_are_listed_by_owner(
    batches: BatchTable, committed: list[NewBatch]
) -> None:
    await batches.unpublished(OWNER, bytes_max=416 * 2)
    assert await batches.published(OWNER) == [one.id for one in committed[:2]]
    assert await batches.published(OTHER) == []


async def test_a_batch_marked_unpublished_is_loaded_again_as_the_same_publication(
    batches: BatchTable, committed: list[NewBatch]
) -> None:
    await batches.unpublished(OWNER, bytes_max=ALL)
    await batches.change(OWNER, [committed[1].id], NEVER_SENT)
    (again,) = await batches.unpublished(OWNER, bytes_max=ALL)
    assert (again.id, again.publication) == (committed[1].id, 1)


async def test_a_batch_to_redeliver_is_loaded_as_the_next_publication(
    batches: BatchTable, committed: list[NewBatch]
) -> None:
    await batches.unpublished(OWNER, bytes_max=ALL)
    for publication in (2, 3):
        await batches.change(OWNER, [committed[0].id, new_id()], LOST)
        (again,) = await batches.unpublished(OWNER, bytes_max=ALL)
        assert (again.id, again.publication) == (committed[0].id, publication)


async def test_closed_batches_are_gone(
    batches: BatchTable, committed: list[NewBatch], database: Database
) -> None:
    await batches.close(OWNER, [committed[0].id, committed[2].id, new_id()])
    assert list(await batch_rows(database)) == [committed[1].id, committed[3].id]


async def test_five_thousand_ids_fit_one_statement(
    batches: BatchTable, committed: list[NewBatch], database: Database
) -> None:
    many = [*(new_id() for _ in range(4_999)), committed[0].id]
    await batches.change(OWNER, many, LOST)
    await batches.close(OWNER, many)
    assert len(await batch_rows(database)) == 3


async def test_who_does_not_own_a_batch_changes_nothing(
    batches: BatchTable, committed: list[NewBatch], database: Database
) -> None:
    await batches.unpublished(OWNER, bytes_max=ALL)
    before = await batch_rows(database)
    all_ids = [one.id for one in committed]
    await batches.close(OTHER, all_ids)
    await batches.change(OTHER, all_ids, LOST)
    await batches.change(OTHER, [all_ids[0]], GIVEN_UP)
    assert await batch_rows(database) == before


async def test_a_batch_set_aside_is_kept_and_nobody_publishes_it(
    batches: BatchTable, committed: list[NewBatch], database: Database
) -> None:
    await batches.change(OWNER, [committed[0].id], GIVEN_UP)
    loaded = await batches.unpublished(OWNER, bytes_max=ALL)
    assert ids(loaded) == [one.id for one in committed[1:]]
    await batches.adopt(OTHER, dead_after_s=DEAD_AFTER_S)
    row = (await batch_rows(database))[committed[0].id]
    assert (row.owner, row.published, row.publication) == (SET_ASIDE, True, 1)


@pytest.fixture
async def away(database_url: str) -> AsyncIterator[BatchTable]:
    """A table in a database that is not there, or was never migrated."""
    opened = open_database(
        f"{database_url}-away" if "sqlite" in database_url else f"{database_url}_away"
    )
    yield BatchTable(opened)
    await opened.close()


async def test_every_method_says_so_when_the_database_is_away(away: BatchTable) -> None:
    some = [new_id()]
    calls = [
        away.unpublished(OWNER, bytes_max=1),
        away.published(OWNER),
        away.change(OWNER, some, LOST),
        away.change(OWNER, [some[0]], GIVEN_UP),
        away.close(OWNER, some),
        away.heartbeat(OWNER, dead_after_s=1),
        away.adopt(OWNER, dead_after_s=1),
        away.retire(OWNER),
    ]
    for call in calls:
        with pytest.raises(JournalUnavailable):
            await call
