"""Commits for which nobody waits: each is made again until it succeeds."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from angarium_worker.application.ledger.retrying_commit import RetryingGroupCommit

Commit = RetryingGroupCommit[str, str]


class Store:
    """Fails as often as it is told to; `short` makes it answer for one item less."""

    def __init__(self, *, failures: int = 0, short: bool = False) -> None:
        self.failures = failures
        self.short = short
        self.groups: list[list[str]] = []

    async def commit(self, items: Sequence[str]) -> list[str]:
        self.groups.append(list(items))
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            if not self.short:
                raise OSError("down")
            return []
        return [item.upper() for item in items]


class Results:
    def __init__(self, expected: int) -> None:
        self.values: list[str] = []
        self.all = asyncio.Event()
        self._expected = expected

    def add(self, value: str) -> None:
        self.values.append(value)
        if len(self.values) == self._expected:
            self.all.set()


@asynccontextmanager
async def running(store: Store) -> AsyncIterator[Commit]:
    commits = Commit(
        "test",
        store.commit,
        items_max=10,
        bytes_max=100,
        pause_s=0,
        pause_bytes_max=10,
        long_pause_s=0,
        few_bytes=0,
    )
    task = asyncio.create_task(commits.run())
    await asyncio.sleep(0)  # or it would be cancelled before it has begun
    try:
        yield commits
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_each_item_gets_what_its_commit_gave() -> None:
    store, results = Store(), Results(2)
    async with running(store) as commits:
        commits.submit("a", 1, results.add)
        commits.submit("b", 1, results.add)
        assert commits.open == 2
        await results.all.wait()
    assert results.values == ["A", "B"]
    assert commits.open == 0


async def test_a_group_that_fails_is_committed_again_until_it_succeeds() -> None:
    store, results = Store(failures=2), Results(2)
    async with running(store) as commits:
        commits.submit("a", 1, results.add)
        commits.submit("b", 1, results.add)
        await results.all.wait()
        assert not commits.failing
    assert sorted(results.values) == ["A", "B"]
    assert sorted(item for group in store.groups for item in group) == sorted("ab" * 3)


async def test_a_commit_that_does_not_answer_for_all_counts_as_failed() -> None:
    store, results = Store(failures=1, short=True), Results(1)
    async with running(store) as commits:
        commits.submit("a", 1, results.add)
        await results.all.wait()
    assert results.values == ["A"]
    assert store.groups == [["a"], ["a"]]


async def test_what_is_waiting_is_committed_at_the_end() -> None:
    store, results = Store(), Results(1)
    async with running(store) as commits:
        commits.submit("a", 1, results.add)
    assert results.values == ["A"]


async def test_a_callback_that_raises_takes_no_result_from_the_others() -> None:
    def raising(_: str) -> None:
        raise ValueError("a fault")

    store, results = Store(), Results(1)
    async with running(store) as commits:
        commits.submit("a", 1, raising)
        commits.submit("b", 1, results.add)
        await results.all.wait()
    assert results.values == ["B"]
    assert store.groups == [["a", "b"]]
