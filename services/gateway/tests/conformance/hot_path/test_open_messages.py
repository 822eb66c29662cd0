"""Which messages are in open batches, on both engines: never an answer that comes too late."""

import random

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.operational import OrderRange
from angarium_gateway.adapters.database.batches import BatchTable
from angarium_gateway.adapters.database.open_messages import OpenMessages
from angarium_gateway.adapters.database.schedule import ScheduleTable
from angarium_gateway.application.publish.message_order import OpenMessageSearch
from angarium_gateway.domain.batch_states import GIVEN_UP
from angarium_gateway.domain.messages import NewMessage

from .conftest import APPLICATION, OWNER, AnyJournal, a_batch, a_message
from .test_schedule_table import ahead, due

FIRST, LAST = bytes(16), b"\xff" * 16
OTHER_APPLICATION, THIRD_APPLICATION = b"b" * 16, b"c" * 16


@pytest.fixture
def search(database: Database) -> OpenMessages:
    return OpenMessages(database)


def after(first: bytes = FIRST, before: bytes = LAST, of: bytes = APPLICATION) -> OrderRange:
    return OrderRange(application_id=of, after=first, before=before)


async def commit(journal: AnyJournal, *messages: NewMessage) -> bytes:
    """A batch as the group commit makes it; its id."""
    batch_id = min(one.id for one in messages)
    await journal.commit(a_batch(*messages, id=batch_id))
    return batch_id


async def test_the_first_open_message_between_the_bounds_is_found(
    journal: AnyJournal, search: OpenMessages
) -> None:
    port: OpenMessageSearch = search
    early = a_message(application_id=OTHER_APPLICATION)
    first, second, third = a_message(), a_message(), a_message()
    await commit(journal, early, first, second)
    await commit(journal, third)
    assert await port.first_open(
        [
            after(),
            after(first.id),
            after(second.id),
            after(third.id),
            after(before=first.id),
            after(before=second.id),
            after(first.id, before=second.id),
            after(of=OTHER_APPLICATION),
            after(of=THIRD_APPLICATION),
        ]
    ) == [first.id, second.id, third.id, None, None, first.id, None, early.id, None]
    assert await port.first_open([]) == []


async def test_the_newest_message_between_the_bounds_is_found_open_or_settled(
    journal: AnyJournal, search: OpenMessages, database: Database
) -> None:
    first, second, third = a_message(), a_message(), a_message()
    ids = [await commit(journal, one) for one in (first, second, third)]
    await BatchTable(database).close(OWNER, [ids[2]])
    assert await search.newest(
        [after(), after(before=third.id), after(third.id), after(of=OTHER_APPLICATION)]
    ) == [third.id, second.id, None, None]
    assert await search.newest([]) == []


async def test_messages_of_settled_batches_and_of_those_set_aside_do_not_count(
    journal: AnyJournal, search: OpenMessages, database: Database
) -> None:
    batches = BatchTable(database)
    first, second, third = a_message(), a_message(), a_message()
    ids = [await commit(journal, one) for one in (first, second, third)]
    assert await search.first_open([after()]) == [first.id]
    await batches.close(OWNER, [ids[0]])
    assert await search.first_open([after()]) == [second.id]
    await batches.change(OWNER, [ids[1]], GIVEN_UP)
    assert await search.first_open([after()]) == [third.id]


async def test_batches_of_every_replica_count_published_or_not(
    journal: AnyJournal, search: OpenMessages
) -> None:
    theirs, mine = a_message(), a_message()
    await journal.commit(a_batch(theirs, id=theirs.id, owner="f" * 32, published=True))
    await journal.commit(a_batch(mine, id=mine.id))
    assert await search.first_open([after(), after(theirs.id)]) == [theirs.id, mine.id]


async def test_scheduled_messages_count_from_when_they_go_out(
    journal: AnyJournal, search: OpenMessages, database: Database
) -> None:
    later, now, ordinary = ahead(), due(), a_message()
    await journal.schedule([later, now])
    await commit(journal, ordinary)
    assert await search.first_open([after()]) == [ordinary.id]
    await ScheduleTable(database).open_due(OWNER, stream_count=1)
    assert await search.first_open([after()]) == [now.id]


async def test_an_application_id_that_lies_across_references_is_no_message(
    journal: AnyJournal, search: OpenMessages
) -> None:
    odd = b"x" * 8 + OTHER_APPLICATION[:8]
    message = a_message(application_id=odd)
    message = a_message(id=OTHER_APPLICATION[8:] + message.id[8:], application_id=odd)
    await commit(journal, message)
    assert await search.first_open([after(of=OTHER_APPLICATION), after(of=odd)]) == [
        None,
        message.id,
    ]


async def test_beyond_what_is_looked_at_the_answer_is_early_and_never_late(
    journal: AnyJournal, database: Database
) -> None:
    search = OpenMessages(database, batches_max=2)
    settled = a_message()
    batch_id = await commit(journal, settled)
    await BatchTable(database).close(OWNER, [batch_id])
    for _ in range(3):
        await commit(journal, a_message(application_id=OTHER_APPLICATION))
    between = a_message()
    batch_id = await commit(journal, between)
    await BatchTable(database).close(OWNER, [batch_id])
    first = a_message()
    await commit(journal, first)
    # `between` is settled, but whether it is was not looked at.
    assert await search.first_open([after(), after(between.id), after(first.id)]) == [
        between.id,
        first.id,
        None,
    ]
    assert await search.first_open([after(before=between.id)]) == [None]


class Life:
    """Two replicas that commit batches late, in any order, and settle some."""

    def __init__(self, journal: AnyJournal, database: Database, seed: int) -> None:
        self.chance = random.Random(seed)
        self.applications = [APPLICATION, OTHER_APPLICATION, THIRD_APPLICATION]
        self.open: dict[bytes, list[NewMessage]] = {}
        self.committed: list[bytes] = []
        self._journal = journal
        self._batches = BatchTable(database)
        self._waiting: list[list[NewMessage]] = [[], []]

    async def step(self) -> None:
        kind, replica = self.chance.random(), self.chance.randrange(2)
        if kind < 0.6:
            application_id = self.chance.choice(self.applications)
            self._waiting[replica].append(a_message(application_id=application_id))
        elif kind < 0.85 and self._waiting[replica]:
            group, self._waiting[replica] = self._waiting[replica], []
            self.open[await commit(self._journal, *group)] = group
            self.committed += [one.id for one in group]
        elif self.open:
            settled = self.chance.choice(list(self.open))
            del self.open[settled]
            await self._batches.close(OWNER, [settled])

    def a_range(self) -> OrderRange:
        lower, upper = sorted(self.chance.choices([FIRST, *self.committed, LAST], k=2))
        return after(lower, upper, of=self.chance.choice(self.applications))

    def first_open(self, wanted: OrderRange) -> bytes | None:
        """The truth."""
        return min(
            (
                one.id
                for group in self.open.values()
                for one in group
                if one.application_id == wanted.application_id
                and wanted.after < one.id < wanted.before
            ),
            default=None,
        )


@pytest.mark.parametrize("seed", range(12))
async def test_while_a_batch_is_open_no_range_passes_over_its_messages(
    journal: AnyJournal, database: Database, seed: int
) -> None:
    life = Life(journal, database, seed)
    for _ in range(120):
        await life.step()
    ranges = [life.a_range() for _ in range(60)]
    truths = [life.first_open(one) for one in ranges]
    assert await OpenMessages(database).first_open(ranges) == truths
    for batches_max in (1, 3, 8):
        answers = await OpenMessages(database, batches_max=batches_max).first_open(ranges)
        for wanted, answer, truth in zip(ranges, answers, truths, strict=True):
            assert truth is None or (answer is not None and answer <= truth)
            assert answer is None or wanted.after < answer < wanted.before
