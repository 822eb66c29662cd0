"""The capacity of a worker: what is taken is given back once, or it is noticed."""

import asyncio
from collections.abc import Callable

import pytest
from angarium_worker.application.capacity.delivery_slots import (
    DeliverySlots,
    ReleasedTwice,
    Reservation,
    SendingSlot,
    Usage,
)
from hypothesis import given
from hypothesis import strategies as st


def _slots(sending_max: int = 4) -> DeliverySlots:
    return DeliverySlots(sending_max=sending_max, bytes_max=1_000)


def test_each_token_counts_until_it_is_given_back() -> None:
    slots = _slots()
    chunk, waiting = slots.reserve(3, 100), slots.wait()
    first, retry = slots.start(), slots.start(retry=True)
    assert slots.usage() == Usage(2, 0, 1, 1, 3, 100)
    slots.slow_down(retry)
    assert slots.usage() == Usage(1, 1, 0, 1, 3, 100)
    slots.sent(first)
    slots.sent(retry)
    slots.release(waiting)
    slots.release(chunk)
    assert slots.usage() == Usage()


@pytest.mark.parametrize("take", [lambda slots: slots.reserve(1, 10), DeliverySlots.wait])
def test_what_is_released_twice_is_an_error(take: Callable[[DeliverySlots], Reservation]) -> None:
    slots = _slots()
    token = take(slots)
    slots.release(token)
    with pytest.raises(ReleasedTwice):
        slots.release(token)
    assert slots.usage() == Usage()


def test_a_slot_that_was_given_back_can_neither_be_given_back_nor_slow_down() -> None:
    slots = _slots()
    slot = slots.start(retry=True)
    slots.sent(slot)
    with pytest.raises(ReleasedTwice):
        slots.sent(slot)
    with pytest.raises(ReleasedTwice):
        slots.slow_down(slot)
    assert slots.usage() == Usage()


def test_when_too_many_are_slow_an_attempt_keeps_its_slot() -> None:
    slots = _slots(sending_max=1)
    for _ in range(slots.slow_max):
        slots.slow_down(slots.start())
    slot = slots.start(retry=True)
    slots.slow_down(slot)
    assert slots.usage()[:3] == (1, slots.slow_max, 1)
    slots.sent(slot)
    assert slots.usage()[:3] == (0, slots.slow_max, 0)


class _Waiter:
    """Takes a slot as soon as there is one."""

    def __init__(self, slots: DeliverySlots) -> None:
        self.slots = slots
        self.slot: SendingSlot | None = None

    @property
    def waiting(self) -> bool:
        return self.slot is None

    def try_again(self) -> None:
        self.slot = self.slots.start()


@given(st.lists(st.sampled_from(["start", "retry", "slow", "end", "wait"]), max_size=60))
def test_slots_go_to_those_who_wait_and_never_beyond_the_maximum(steps: list[str]) -> None:
    slots = _slots()
    held: list[SendingSlot] = []
    waiters: list[_Waiter] = []
    for step in steps:
        if step in ("start", "retry") and slots.has_slot():
            if step == "start" or slots.free_for_retries():
                held.append(slots.start(retry=step == "retry"))
        elif step == "slow" and held:
            slots.slow_down(held[0])
        elif step == "end" and held:
            slots.sent(held.pop(0))
        elif step == "wait" and not slots.has_slot():
            waiters.append(_Waiter(slots))
            slots.wait_for_slot(waiters[-1], first=False)
        held += [waiter.slot for waiter in waiters if waiter.slot is not None]
        waiters = [waiter for waiter in waiters if waiter.waiting]
        usage = slots.usage()
        assert usage.sending <= slots.sending_max
        assert usage.retries <= min(usage.sending, slots.retries_max)
        assert usage.sending + usage.slow == len(held)
        assert not waiters or not slots.has_slot()
    for slot in held:
        slots.sent(slot)
        held += [waiter.slot for waiter in waiters if waiter.slot is not None]
        waiters = [waiter for waiter in waiters if waiter.waiting]
    assert slots.usage() == Usage()


def test_the_bounds_follow_from_what_may_be_sending() -> None:
    slots = _slots(sending_max=7)
    assert (slots.slow_max, slots.retries_max, slots.in_hand_max) == (28, 3, 70)
    assert _slots(sending_max=1).retries_max == 1


def test_a_chunk_fits_up_to_the_bounds_and_any_fits_alone() -> None:
    slots = _slots()
    assert slots.fits(1_000, 10_000)
    slots.release(slots.reserve(39, 900))
    assert slots.fits(1_000, 10_000)
    chunk = slots.reserve(39, 900)
    assert slots.fits(1, 100)
    assert not slots.fits(2, 100)
    assert not slots.fits(1, 101)
    slots.release(chunk)
    slots.reserve(1, 0)
    assert slots.fits(1, 5_000)


def test_half_is_in_hand_by_deliveries_or_by_bytes() -> None:
    slots = _slots()
    assert not slots.half_in_hand
    for deliveries, payload_bytes, half in ((19, 499, False), (20, 0, True), (1, 500, True)):
        chunk = slots.reserve(deliveries, payload_bytes)
        assert slots.half_in_hand is half
        slots.release(chunk)


def test_nothing_fits_while_as_many_wait_as_may_be_sending() -> None:
    slots = _slots()
    waiting = [slots.wait() for _ in range(4)]
    assert not slots.fits(1, 1)
    slots.release(waiting.pop())
    assert slots.fits(1, 1)


def test_nothing_fits_while_something_waits_for_a_slot() -> None:
    slots = _slots(sending_max=1)
    slot, waiter = slots.start(), _Waiter(slots)
    slots.wait_for_slot(waiter, first=False)
    assert not slots.fits(1, 1)
    slots.sent(slot)
    assert waiter.slot is not None
    assert slots.fits(1, 1)


def test_retries_have_half_of_the_slots_while_there_is_room_in_hand() -> None:
    slots = _slots()
    assert slots.free_for_retries() == 2
    firsts = [slots.start() for _ in range(3)]
    assert slots.free_for_retries() == 1
    slots.start(retry=True)
    assert slots.free_for_retries() == 0
    for slot in firsts:
        slots.sent(slot)
    assert slots.free_for_retries() == 1
    full = slots.reserve(0, 1_000)
    assert slots.free_for_retries() == 0
    slots.release(full)
    almost = slots.reserve(39, 999)
    assert slots.free_for_retries() == 1
    slots.release(almost)
    slots.reserve(40, 0)
    assert slots.free_for_retries() == 0


def test_it_is_crowded_when_half_as_many_wait_as_may_be_sending() -> None:
    slots = _slots()
    slots.wait()
    assert not slots.crowded()
    slots.wait()
    assert slots.crowded()
    slots.wait()
    assert slots.crowded()


def test_who_comes_first_gets_the_slot_and_who_gave_up_gets_none() -> None:
    slots = _slots(sending_max=1)
    held = slots.start()
    waiters = [_Waiter(slots) for _ in range(4)]
    slots.wait_for_slot(waiters[0], first=False)
    slots.wait_for_slot(waiters[1], first=False)
    slots.wait_for_slot(waiters[2], first=True)
    waiters[2].slot = held
    slots.wait_for_slot(waiters[3], first=True)
    slots.sent(held)
    assert [waiter.slot is None for waiter in waiters] == [True, True, False, False]
    assert waiters[3].slot is not None
    slots.sent(waiters[3].slot)
    assert waiters[0].slot is not None
    assert waiters[1].slot is None


def test_those_who_gave_up_are_forgotten_when_twice_as_many_wait_as_may_be_sending() -> None:
    slots = _slots(sending_max=4)
    held = [slots.start() for _ in range(4)]
    for _ in range(8):
        gave_up = _Waiter(slots)
        gave_up.slot = held[0]
        slots.wait_for_slot(gave_up, first=False)
    assert len(slots._for_slot) == 8
    waiters = [_Waiter(slots) for _ in range(2)]
    for waiter in waiters:
        slots.wait_for_slot(waiter, first=False)
    assert list(slots._for_slot) == waiters


async def test_whoever_waits_for_a_change_is_woken_by_each_release() -> None:
    slots = _slots()
    chunk, waiting, slot = slots.reserve(1, 1), slots.wait(), slots.start()

    async def woken_by(release: Callable[[], None]) -> bool:
        waits = asyncio.create_task(slots.changed())
        await asyncio.sleep(0)
        release()
        for _ in range(3):
            await asyncio.sleep(0)
        done = waits.done()
        waits.cancel()
        return done

    assert not await woken_by(lambda: slots.release(waiting))
    assert await woken_by(lambda: slots.release(chunk))
    assert await woken_by(lambda: slots.sent(slot))
    assert await woken_by(slots.wake)
