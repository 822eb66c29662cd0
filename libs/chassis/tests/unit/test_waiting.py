"""Tasks that wait for one change are woken together; a limited wait ends by itself."""

import asyncio

from angarium_chassis.waiting import Waiters, set_within


async def started(waiters: Waiters, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(waiters.wait()) for _ in range(count)]
    await asyncio.sleep(0)
    assert len(waiters.waiting) == count
    return tasks


async def test_one_change_wakes_all_that_wait() -> None:
    waiters = Waiters()
    tasks = await started(waiters, 3)
    waiters.wake()
    await asyncio.gather(*tasks)
    assert not waiters.waiting


async def test_a_waiter_that_was_cancelled_does_not_keep_the_others_waiting() -> None:
    waiters = Waiters()
    cancelled, other = await started(waiters, 2)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    waiters.wake()
    await other


async def test_a_waiter_that_comes_later_waits_for_the_next_change() -> None:
    waiters = Waiters()
    waiters.wake()
    (task,) = await started(waiters, 1)
    assert not task.done()
    waiters.wake()
    await task


async def test_a_limited_wait_says_whether_the_event_is_set() -> None:
    event = asyncio.Event()
    assert not await set_within(event, 0.0)
    event.set()
    assert await set_within(event, 3_600.0)
