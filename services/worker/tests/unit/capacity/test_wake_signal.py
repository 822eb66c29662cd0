"""Loops that poll are woken for what is due before they would look anyway."""

import asyncio

import pytest
from angarium_worker.application.capacity.wake_signal import SLEEP_S_MAX, WakeSignal


async def is_woken(signal: WakeSignal) -> bool:
    waits = asyncio.create_task(signal.wait(SLEEP_S_MAX))
    for _ in range(5):
        await asyncio.sleep(0)
    done = waits.done()
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)
    return done


@pytest.mark.parametrize(
    ("due_in_s", "woken"), [(-1.0, True), (0.0, True), (0.999, True), (SLEEP_S_MAX, False)]
)
async def test_only_what_is_due_before_the_next_look_wakes(due_in_s: float, woken: bool) -> None:
    signal = WakeSignal()
    signal.notify(due_in_s)
    assert await is_woken(signal) is woken


async def test_a_signal_lasts_until_it_is_reset() -> None:
    signal = WakeSignal()
    signal.notify(0.0)
    assert await is_woken(signal)
    assert await is_woken(signal)
    signal.reset()
    assert not await is_woken(signal)


async def test_a_pause_ends_by_itself() -> None:
    async with asyncio.timeout(5):
        await WakeSignal().wait(0.0)
