"""The bounded cache of recipients, kept current by version."""

import asyncio
from collections.abc import Sequence

import pytest
from angarium_dispatcher.application.dispatch.recipients_cache import RecipientsCache
from angarium_dispatcher.domain.matching import EndpointFilter, Recipients
from angarium_dispatcher.domain.schedules import NO_SCHEDULES, Schedules

ONE, TWO, THREE = b"1" * 16, b"2" * 16, b"3" * 16


class FakeTable:
    """Applications with some endpoints and a version; each read can be held up."""

    def __init__(self) -> None:
        self.versions: dict[bytes, int] = {}
        self.endpoints: dict[bytes, int] = {}
        self.schedules: dict[bytes, Schedules] = {}
        self.reads: list[tuple[bytes, ...]] = []
        self.go = asyncio.Event()
        self.go.set()
        self.begun = asyncio.Event()
        self.failure: OSError | None = None

    def put(self, application_id: bytes, version: int, endpoints: int = 1) -> None:
        self.versions[application_id] = version
        self.endpoints[application_id] = endpoints

    async def read(self, application_ids: Sequence[bytes]) -> dict[bytes, Recipients]:
        self.reads.append(tuple(application_ids))
        rows = {each: self._row(each) for each in application_ids if each in self.versions}
        self.begun.set()
        await self.go.wait()
        if self.failure is not None:
            raise self.failure
        return rows

    def _row(self, application_id: bytes) -> Recipients:
        return Recipients(
            self.versions[application_id],
            [EndpointFilter(bytes([n]) * 16, 1) for n in range(self.endpoints[application_id])],
            tenant_id=tenant_of(application_id),
            schedules=self.schedules.get(tenant_of(application_id), NO_SCHEDULES),
        )


def tenant_of(application_id: bytes) -> bytes:
    """The first two belong to one tenant."""
    return b"other" if application_id == THREE else b"tenant"


def cache_of(
    table: FakeTable, *, applications_max: int = 10, weight_max: int = 1_000
) -> RecipientsCache:
    return RecipientsCache(table.read, applications_max=applications_max, weight_max=weight_max)


async def test_all_that_a_batch_misses_is_read_at_once_and_then_kept() -> None:
    table = FakeTable()
    table.put(ONE, 5)
    table.put(TWO, 6)
    cache = cache_of(table)
    first = await cache.get({ONE: 5, TWO: 6})
    again = await cache.get({ONE: 5, TWO: 6})
    assert table.reads == [(ONE, TWO)]
    assert first == again
    assert (cache.misses, cache.hits) == (2, 2)


async def test_a_message_of_a_newer_version_reads_again() -> None:
    table = FakeTable()
    table.put(ONE, 5, endpoints=1)
    cache = cache_of(table)
    await cache.get({ONE: 5})
    table.put(ONE, 7, endpoints=2)
    assert len((await cache.get({ONE: 5}))[ONE].matching("a", ())) == 1
    assert len((await cache.get({ONE: 7}))[ONE].matching("a", ())) == 2


async def test_what_this_process_changed_is_read_again() -> None:
    table = FakeTable()
    table.put(ONE, 5)
    cache = cache_of(table)
    await cache.get({ONE: 5})
    table.put(ONE, 6, endpoints=0)
    cache.forget(ONE)
    assert (await cache.get({ONE: 5}))[ONE].matching("a", ()) == []
    assert cache.weight == 1


async def test_a_read_that_a_change_overtook_is_not_kept() -> None:
    table = FakeTable()
    table.put(ONE, 5)
    table.go.clear()
    cache = cache_of(table)
    reading = asyncio.create_task(cache.get({ONE: 5}))
    await table.begun.wait()
    cache.forget(ONE)
    table.put(ONE, 6, endpoints=3)
    table.go.set()
    await reading
    assert len((await cache.get({ONE: 5}))[ONE].matching("a", ())) == 3


async def test_concurrent_misses_of_an_application_share_one_read() -> None:
    table = FakeTable()
    table.put(ONE, 5)
    table.put(TWO, 5)
    table.go.clear()
    cache = cache_of(table)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(cache.get({ONE: 5}))
        await table.begun.wait()
        second = tasks.create_task(cache.get({ONE: 5}))
        await asyncio.sleep(0)
        table.go.set()
    assert table.reads == [(ONE,)]
    assert first.result() == second.result()


async def test_a_shared_read_that_is_too_old_is_followed_by_another() -> None:
    table = FakeTable()
    table.put(ONE, 5)
    table.go.clear()
    cache = cache_of(table)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(cache.get({ONE: 5}))
        await table.begun.wait()
        table.put(ONE, 8, endpoints=2)
        newer = tasks.create_task(cache.get({ONE: 8}))
        await asyncio.sleep(0)
        table.go.set()
    assert len(newer.result()[ONE].matching("a", ())) == 2
    assert table.reads == [(ONE,), (ONE,)]


async def test_when_a_shared_read_fails_the_others_read_themselves() -> None:
    table = FakeTable()
    table.put(ONE, 5)
    table.go.clear()
    table.failure = OSError("gone")
    cache = cache_of(table)
    reading = asyncio.create_task(cache.get({ONE: 5}))
    await table.begun.wait()
    waiting = asyncio.create_task(cache.get({ONE: 5}))
    await asyncio.sleep(0)
    table.go.set()
    with pytest.raises(OSError, match="gone"):
        await reading
    table.failure = None
    assert len((await waiting)[ONE].matching("a", ())) == 1


async def test_an_unknown_application_has_no_recipients_and_is_not_asked_for_again() -> None:
    table = FakeTable()
    cache = cache_of(table)
    assert (await cache.get({ONE: 9}))[ONE].matching("a", ()) == []
    await cache.get({ONE: 9})
    assert table.reads == [(ONE,)]


async def test_the_least_recently_used_go_first() -> None:
    table = FakeTable()
    for application_id in (ONE, TWO, THREE):
        table.put(application_id, 1)
    cache = cache_of(table, applications_max=2)
    await cache.get({ONE: 1})
    await cache.get({TWO: 1})
    await cache.get({ONE: 1})
    await cache.get({THREE: 1})
    assert len(cache) == 2
    assert cache.cached(ONE, 1) is not None
    assert cache.cached(TWO, 1) is None


async def test_all_together_stay_under_the_weight_but_one_large_application_is_kept() -> None:
    table = FakeTable()
    table.put(ONE, 1, endpoints=4)
    table.put(TWO, 1, endpoints=4)
    table.put(THREE, 1, endpoints=50)
    cache = cache_of(table, weight_max=10)
    await cache.get({ONE: 1, TWO: 1})
    assert (len(cache), cache.weight) == (2, 10)
    await cache.get({THREE: 1})
    assert cache.cached(THREE, 1) is not None
    assert (len(cache), cache.weight) == (1, 51)


async def test_a_changed_schedule_makes_all_of_its_tenants_applications_be_read_again() -> None:
    table = FakeTable()
    for application_id in (ONE, TWO, THREE):
        table.put(application_id, 1)
    cache = cache_of(table)
    versions = {ONE: 1, TWO: 1, THREE: 1}
    await cache.get(versions)
    table.schedules[b"tenant"] = Schedules((5.0,))
    cache.forget_tenants({b"tenant"})
    found = await cache.get(versions)
    assert table.reads == [(ONE, TWO, THREE), (ONE, TWO)]
    assert [found[each].schedules.of("a") for each in versions] == [(5.0,), (5.0,), None]


async def test_a_read_that_a_changed_schedule_overtook_is_not_kept() -> None:
    table = FakeTable()
    table.put(ONE, 1)
    table.go.clear()
    cache = cache_of(table)
    reading = asyncio.create_task(cache.get({ONE: 1}))
    await table.begun.wait()
    table.schedules[b"tenant"] = Schedules((5.0,))
    cache.forget_tenants({b"tenant"})
    table.go.set()
    assert (await reading)[ONE].schedules.of("a") is None
    assert (await cache.get({ONE: 1}))[ONE].schedules.of("a") == (5.0,)


async def test_applications_of_a_tenant_share_its_schedules_and_they_weigh_once() -> None:
    table = FakeTable()
    table.schedules[b"tenant"] = Schedules((5.0,), [("a", (1.0, 2.0))])
    for application_id in (ONE, TWO, THREE):
        table.put(application_id, 1, endpoints=1)
    cache = cache_of(table)
    first = await cache.get({ONE: 1})
    second = await cache.get({TWO: 1, THREE: 1})
    assert second[TWO].schedules is first[ONE].schedules
    assert cache.weight == 3 * 2 + 5
    cache.forget(ONE)
    assert cache.weight == 2 * 2 + 5
    cache.forget_tenants({b"tenant"})
    assert cache.weight == 2


async def test_schedules_count_towards_what_may_be_kept() -> None:
    table = FakeTable()
    table.schedules[b"tenant"] = Schedules((1.0,) * 9)
    for application_id in (ONE, THREE):
        table.put(application_id, 1, endpoints=1)
    cache = cache_of(table, weight_max=12)
    await cache.get({ONE: 1})
    assert cache.weight == 12
    await cache.get({THREE: 1})
    assert cache.cached(ONE, 1) is None
    assert cache.weight == 2
