import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from angarium_chassis.group_commit import GroupCommit, InOrder, Overloaded, Submitted


class Journal:
    """Records the groups that it was given; each commit waits until it is let through."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.began = asyncio.Semaphore(0)
        self.free = asyncio.Semaphore(0)

    async def commit(self, items: Sequence[str]) -> list[str]:
        self.groups.append(list(items))
        self.began.release()
        await self.free.acquire()
        return [item.upper() for item in items]


async def at_once(items: Sequence[str]) -> list[str]:
    return [item.upper() for item in items]


@asynccontextmanager
async def running(group_commit: GroupCommit[str, str]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(group_commit.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_what_arrives_during_a_commit_goes_into_the_next_one() -> None:
    journal = Journal()
    group_commit = GroupCommit(journal.commit)

    async with running(group_commit):
        results = [group_commit.submit("a", 1)]
        await journal.began.acquire()
        results += [group_commit.submit("b", 1), group_commit.submit("c", 1)]
        assert group_commit.waiting == 2
        journal.free.release()
        await journal.began.acquire()
        journal.free.release()

        assert await asyncio.gather(*results) == ["A", "B", "C"]
    assert journal.groups == [["a"], ["b", "c"]]


async def test_a_group_is_bounded_in_items() -> None:
    groups = await groups_of(["a", "b", "c", "d", "e"], [1] * 5, items_max=2)

    assert groups == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_group_is_bounded_in_bytes_and_one_larger_item_goes_alone() -> None:
    groups = await groups_of(["a", "b", "c", "d"], [6, 4, 50, 1], bytes_max=10)

    assert groups == [["a", "b"], ["c"], ["d"]]


async def groups_of(items: list[str], sizes: list[int], **bounds: Any) -> list[list[str]]:
    groups: list[list[str]] = []

    async def commit(group: Sequence[str]) -> Sequence[str]:
        groups.append(list(group))
        return group

    group_commit = GroupCommit(commit, **bounds)
    results = [group_commit.submit(item, size) for item, size in zip(items, sizes, strict=True)]
    async with running(group_commit):
        assert await asyncio.gather(*results) == items
    return groups


async def refuse(_: Sequence[str]) -> list[str]:
    raise OSError("disk full")


async def lose_one(items: Sequence[str]) -> list[str]:
    return list(items[1:])


@pytest.mark.parametrize(("commit", "error"), [(refuse, OSError), (lose_one, ValueError)])
async def test_an_error_reaches_every_caller_and_later_items_are_committed(
    commit: Callable[[Sequence[str]], Awaitable[list[str]]], error: type[Exception]
) -> None:
    outcome = commit

    async def changing(items: Sequence[str]) -> list[str]:
        return await outcome(items)

    group_commit = GroupCommit(changing)
    async with running(group_commit):
        failed = [group_commit.submit("a", 1), group_commit.submit("b", 1)]
        got = await asyncio.gather(*failed, return_exceptions=True)
        outcome = at_once
        later = await group_commit.submit("c", 1)

    assert [type(one) for one in got] == [error, error]
    assert later == "C"


async def test_a_caller_that_gives_up_does_not_break_its_group() -> None:
    journal = Journal()
    group_commit = GroupCommit(journal.commit)

    async with running(group_commit):
        impatient, patient = group_commit.submit("a", 1), group_commit.submit("b", 1)
        await journal.began.acquire()
        impatient.cancel()
        journal.free.release()

        assert await patient == "B"


async def test_a_cancelled_commit_cancels_its_callers_and_the_next_one_takes_place() -> None:
    commits = 0

    async def commit(items: Sequence[str]) -> list[str]:
        nonlocal commits
        commits += 1
        if commits == 1:
            raise asyncio.CancelledError
        return await at_once(items)

    group_commit = GroupCommit(commit)
    async with running(group_commit):
        first = group_commit.submit("a", 1)
        await asyncio.wait([first])

        assert first.cancelled()
        assert await group_commit.submit("b", 1) == "B"


async def test_a_stopped_group_commit_finishes_what_is_in_flight_and_what_waits() -> None:
    journal = Journal()
    group_commit = GroupCommit(journal.commit, items_max=1)

    async with running(group_commit) as task:
        results = [group_commit.submit("a", 1)]
        await journal.began.acquire()
        results += [group_commit.submit("b", 1), group_commit.submit("c", 1)]
        task.cancel()
        for _ in range(3):
            journal.free.release()

        assert await asyncio.gather(*results) == ["A", "B", "C"]


async def test_after_its_end_nothing_is_taken_that_no_commit_would_take() -> None:
    group_commit = GroupCommit(at_once)
    async with running(group_commit):
        await group_commit.submit("a", 1)

    with pytest.raises(Overloaded):
        group_commit.submit("b", 1)


async def test_too_many_items_are_refused() -> None:
    group_commit = GroupCommit(at_once, waiting_max=2)
    group_commit.submit("a", 1)
    group_commit.submit("b", 1)

    with pytest.raises(Overloaded):
        group_commit.submit("c", 1)


async def test_too_many_bytes_are_refused_until_a_commit_took_some() -> None:
    group_commit = GroupCommit(at_once, waiting_bytes_max=10)
    waiting = group_commit.submit("a", 8)

    with pytest.raises(Overloaded):
        group_commit.submit("b", 3)

    async with running(group_commit):
        await waiting
        assert await group_commit.submit("b", 3) == "B"


async def test_what_arrives_in_the_pause_after_a_commit_is_one_group() -> None:
    groups: list[list[str]] = []

    async def commit(items: Sequence[str]) -> list[str]:
        groups.append(list(items))
        return list(items)

    group_commit = GroupCommit(commit, pause_s=0.02)
    async with running(group_commit):
        await group_commit.submit("a", 1)
        first = group_commit.submit("b", 1)
        await asyncio.sleep(0)
        await asyncio.gather(first, group_commit.submit("c", 1))

    assert groups == [["a"], ["b", "c"]]


async def test_a_pause_ends_once_enough_bytes_wait() -> None:
    group_commit = GroupCommit(at_once, pause_s=3600, pause_bytes_max=10)
    async with running(group_commit):
        await group_commit.submit("a", 1)
        waiting = group_commit.submit("b", 9)
        await asyncio.sleep(0)
        assert group_commit.waiting == 1

        assert await group_commit.submit("c", 1) == "C"
        assert waiting.result() == "B"


async def test_an_item_that_somebody_waits_for_shortens_its_pause_and_no_later_one() -> None:
    group_commit = GroupCommit(at_once, pause_s=3600)
    async with running(group_commit):
        await group_commit.submit("a", 1)
        waiting = group_commit.submit("b", 1)
        await asyncio.sleep(0)
        assert group_commit.waiting == 1

        assert await group_commit.submit("c", 1, pause_s=0) == "C"
        assert waiting.result() == "B"
        group_commit.submit("d", 1)
        await asyncio.sleep(0.001)
        assert group_commit.waiting == 1


async def test_a_pause_is_long_while_few_bytes_wait_and_the_usual_one_afterwards() -> None:
    group_commit = GroupCommit(at_once, pause_s=0.001, long_pause_s=3600, few_bytes=10)
    async with running(group_commit):
        await group_commit.submit("a", 1)
        waiting = group_commit.submit("b", 9)
        await asyncio.sleep(0.01)
        assert group_commit.waiting == 1

        assert await group_commit.submit("c", 1) == "C"
        assert waiting.result() == "B"
        group_commit.submit("d", 9)
        await asyncio.sleep(0.01)
        assert group_commit.waiting == 1


async def test_what_was_submitted_together_ends_a_long_pause_too() -> None:
    group_commit = GroupCommit(at_once, pause_s=0.001, long_pause_s=3600, few_bytes=10)
    async with running(group_commit):
        await group_commit.submit("a", 1)
        waiting = group_commit.submit("b", 1)
        assert await group_commit.submit_all(["c", "d"], 9) == ["C", "D"]
        assert waiting.result() == "B"


async def test_an_item_that_somebody_waits_for_shortens_a_long_pause() -> None:
    group_commit = GroupCommit(at_once, pause_s=1800, long_pause_s=3600, few_bytes=10)
    async with running(group_commit):
        await group_commit.submit("a", 1)
        waiting = group_commit.submit("b", 1)
        assert await group_commit.submit("c", 1, pause_s=0) == "C"
        assert waiting.result() == "B"


async def test_the_end_does_not_wait_for_the_pause() -> None:
    group_commit = GroupCommit(at_once, pause_s=3600)
    async with running(group_commit):
        await group_commit.submit("a", 1)
        last = group_commit.submit("b", 1)

    assert last.result() == "B"


async def test_nothing_is_scheduled_while_nothing_waits() -> None:
    group_commit = GroupCommit(at_once, pause_s=3600)
    async with running(group_commit) as run:
        await group_commit.submit("a", 1)
        await asyncio.sleep(0)

        assert asyncio.all_tasks() == {asyncio.current_task(), run}


class LaterFirst(InOrder[str]):
    """A queue in which items of one letter wait for an hour, and are passed by others."""

    def ready_in_s(self) -> float:
        return 3_600.0 if all(len(items[0]) == 1 for items, _, _, _ in self) else 0.0

    def take(self, items_max: int, bytes_max: int, *, everything: bool) -> list[Submitted[str]]:
        ready = [each for each in self if everything or len(each[0][0]) > 1]
        for each in ready:
            self.remove(each)
        return ready


async def test_an_item_that_is_ready_passes_those_that_have_to_wait() -> None:
    group_commit = GroupCommit(at_once, queue=LaterFirst())
    async with running(group_commit):
        later = group_commit.submit("a", 1)
        await asyncio.sleep(0)
        assert await group_commit.submit("bb", 1) == "BB"
        assert (group_commit.waiting, later.done()) == (1, False)
    # At the end nothing is left waiting.
    assert await later == "A"
    assert group_commit.waiting == 0


async def test_a_queue_may_refuse_an_item() -> None:
    class Full(InOrder[str]):
        def append(self, submitted: Submitted[str]) -> None:
            raise Overloaded

    group_commit = GroupCommit(at_once, queue=Full())
    with pytest.raises(Overloaded):
        group_commit.submit("a", 1)
    assert group_commit.waiting == 0


async def test_what_was_submitted_together_stays_together_and_gets_one_answer() -> None:
    journal = Journal()
    group_commit = GroupCommit(journal.commit, items_max=3)
    single = group_commit.submit("a", 1)
    pair = group_commit.submit_all(["b", "c"], 2)
    other_pair = group_commit.submit_all(["d", "e"], 2)
    later = group_commit.submit("f", 1)
    assert group_commit.waiting == 6

    for _ in range(2):
        journal.free.release()
    async with running(group_commit):
        assert [await single, await later] == ["A", "F"]
        assert [await pair, await other_pair] == [["B", "C"], ["D", "E"]]
    assert journal.groups == [["a", "b", "c"], ["d", "e", "f"]]
    assert group_commit.waiting == 0


async def test_items_together_that_have_too_many_bytes_for_a_group_go_alone() -> None:
    journal = Journal()
    group_commit = GroupCommit(journal.commit, bytes_max=4)
    first = group_commit.submit("a", 1)
    large = group_commit.submit_all(["b", "c"], 10)
    for _ in range(2):
        journal.free.release()
    async with running(group_commit):
        assert (await first, await large) == ("A", ["B", "C"])
    assert journal.groups == [["a"], ["b", "c"]]


async def test_items_together_are_refused_together() -> None:
    group_commit = GroupCommit(at_once, items_max=3, waiting_max=4, waiting_bytes_max=10)
    kept = group_commit.submit_all(["a", "b"], 2)
    for items, size_bytes in ((["c", "d", "e"], 3), (["c"], 9)):
        with pytest.raises(Overloaded):
            group_commit.submit_all(items, size_bytes)
    with pytest.raises(ValueError, match="4 items"):
        group_commit.submit_all(["c", "d", "e", "f"], 4)
    assert group_commit.waiting == 2
    async with running(group_commit):
        assert await kept == ["A", "B"]


async def test_an_error_reaches_items_together_once() -> None:
    async def fail(_: Sequence[str]) -> Sequence[str]:
        raise OSError("no disk")

    group_commit = GroupCommit(fail)
    results = group_commit.submit_all(["a", "b"], 2)
    async with running(group_commit):
        with pytest.raises(OSError, match="no disk"):
            await results


async def test_what_nobody_waits_for_goes_into_the_same_commits() -> None:
    journal = Journal()
    group_commit = GroupCommit(journal.commit)

    async with running(group_commit):
        group_commit.submit_unwatched("a", 1)
        result = group_commit.submit("b", 1)
        await journal.began.acquire()
        journal.free.release()
        assert await result == "B"
    assert journal.groups == [["a", "b"]]


async def test_what_nobody_waits_for_may_fail_and_is_refused_when_too_much_waits() -> None:
    async def failing(_: Sequence[str]) -> list[str]:
        raise OSError("down")

    group_commit = GroupCommit(failing, waiting_max=2)
    group_commit.submit_unwatched("a", 1)
    result = group_commit.submit("b", 1)
    with pytest.raises(Overloaded):
        group_commit.submit_unwatched("c", 1)

    async with running(group_commit):
        with pytest.raises(OSError, match="down"):
            await result
    assert group_commit.failed == 1
