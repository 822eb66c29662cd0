"""The capacity of a worker: what is taken is given back once, or it is noticed."""

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
