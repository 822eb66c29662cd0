"""A group commit: one batch a stream number, outcomes in the order of the messages."""

import asyncio
from collections.abc import Sequence

import pytest
from angarium_contracts.stream_names import stream_number
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.messages import (
    Committed,
    EventTaken,
    KeyTaken,
    NewMessage,
)
from msgspec.structs import replace

from ...fakes.journal_model import a_message
from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import Running, quiet, simulated


def of_application(number: int) -> NewMessage:
    return a_message(application_id=number.to_bytes(16))


@simulated
async def test_a_group_becomes_one_batch_that_goes_out() -> None:
    rig = Rig()
    messages = [a_message(), a_message()]
    async with Running(rig.relay.run):
        assert await rig.path.commit_messages(messages) == [Committed(1), Committed(1)]
        await quiet()
    (entry,) = rig.streams.entries
    assert [one.id for one in entry.messages] == [one.id for one in messages]
    assert [one.payload for one in entry.messages] == [one.payload for one in messages]


@simulated
async def test_refused_messages_are_not_published() -> None:
    rig = Rig()
    messages = [a_message() for _ in range(4)]
    rig.journal.outcomes = {messages[0].id: KeyTaken(), messages[2].id: EventTaken()}
    async with Running(rig.relay.run):
        outcomes = await rig.path.commit_messages(messages)
        await quiet()
    assert outcomes == [KeyTaken(), Committed(1), EventTaken(), Committed(1)]
    (entry,) = rig.streams.entries
    assert [one.id for one in entry.messages] == [messages[1].id, messages[3].id]


@simulated
async def test_who_waits_for_messages_of_an_application_is_woken_by_a_commit() -> None:
    rig = Rig()
    refused, committed = of_application(1), of_application(2)
    rig.journal.outcomes = {refused.id: KeyTaken()}
    arrivals = rig.path.arrivals
    assert not arrivals.are_awaited
    with (
        arrivals.awaited(refused.application_id) as nothing,
        arrivals.awaited(committed.application_id) as arrived,
    ):
        async with Running(rig.relay.run):
            await rig.path.commit_messages([refused, committed])
            await quiet()
        assert (nothing.is_set(), arrived.is_set()) == (False, True)
    assert not arrivals.are_awaited


@simulated
async def test_a_group_of_which_all_is_refused_is_not_published_and_keeps_no_room() -> None:
    rig = Rig()
    message = a_message()
    rig.journal.outcomes = {message.id: KeyTaken()}
    async with Running(rig.relay.run):
        assert await rig.path.commit_messages([message]) == [KeyTaken()]
        await quiet()
        assert (rig.streams.entries, rig.window.used_bytes) == ([], 0)


@simulated
async def test_each_stream_number_gets_a_batch_and_outcomes_keep_their_order() -> None:
    rig = Rig(stream_count=3)
    messages = [of_application(number) for number in (5, 2, 8, 2, 7, 5, 4)]
    rig.journal.outcomes = {messages[3].id: KeyTaken(), messages[6].id: EventTaken()}
    async with Running(rig.relay.run):
        outcomes = await rig.path.commit_messages(messages)
        await quiet()
    expected = [Committed(1) for _ in messages]
    assert outcomes == [*expected[:3], KeyTaken(), *expected[4:6], EventTaken()]
    for batch in rig.journal.commits:
        numbers = {stream_number(one.application_id, 3) for one in batch.messages}
        assert numbers == {batch.stream_number}
    assert sorted(one.id for entry in rig.streams.entries for one in entry.messages) == sorted(
        one.id for one in (messages[0], messages[1], messages[2], messages[4], messages[5])
    )


@pytest.mark.parametrize(("moment", "published"), [("before", 0), ("after", 1)])
def test_after_an_unanswered_commit_the_batch_goes_out_only_if_it_took_place(
    moment: str, published: int
) -> None:
    @simulated
    async def scenario() -> None:
        rig = Rig()
        async with Running(rig.relay.run):
            rig.journal.trouble.once = moment
            with pytest.raises(JournalUnavailable):
                await rig.path.commit_messages([a_message()])
            await asyncio.sleep(2)
            assert len(rig.streams.entries) == published
            assert rig.window.used_bytes == 300 * published

    scenario()


@simulated
async def test_without_room_the_batch_is_committed_for_later() -> None:
    rig = Rig(window_bytes=300)
    async with Running(rig.relay.run):
        commit = rig.path.commit_messages
        await commit([a_message()])
        await commit([a_message()])
        await quiet()
    assert [batch.published for batch in rig.journal.commits] == [True, False]
    assert len(rig.streams.entries) == 1


@simulated
async def test_messages_that_arrive_during_a_commit_share_the_next() -> None:
    rig = Rig(window_bytes=1_000_000)
    commits = rig.path.commits
    async with Running(rig.relay.run, commits.run):
        results = [commits.submit(one, one.size_bytes) for one in [a_message() for _ in range(50)]]
        await asyncio.gather(*results)
        await quiet()
    assert sum(len(batch.messages) for batch in rig.journal.commits) == 50
    assert len(rig.journal.commits) == 1
    assert len(rig.streams.entries) == 1


@simulated
async def test_a_failed_number_does_not_take_back_what_others_committed() -> None:
    rig = Rig(stream_count=2)
    messages = [of_application(0), of_application(1)]
    commit = rig.journal.commit

    async def second_fails(batch: object) -> Sequence[object]:
        if rig.journal.commits:
            raise JournalUnavailable("away")
        return await commit(batch)  # type: ignore[arg-type]

    rig.journal.commit = second_fails  # type: ignore[method-assign, assignment]
    async with Running(rig.relay.run):
        with pytest.raises(JournalUnavailable):
            await rig.path.commit_messages(messages)
        await asyncio.sleep(2)
    assert [one.id for entry in rig.streams.entries for one in entry.messages] == [messages[0].id]


def test_the_room_of_a_message_counts_its_payload() -> None:
    message = a_message()
    assert replace(message, payload=message.payload + b" " * 50).size_bytes == (
        message.size_bytes + 50
    )
