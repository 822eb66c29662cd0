"""Retry schedules in memory: which one a message gets, and what keeping them costs."""

import random

from angarium_dispatcher.application.dispatch.shared_schedules import SharedSchedules
from angarium_dispatcher.domain.schedules import NO_SCHEDULES, Schedules
from hypothesis import given
from hypothesis import strategies as st

delays = st.lists(st.floats(0.1, 100), max_size=3).map(tuple)
schedules = st.builds(
    Schedules, st.none() | delays, st.dictionaries(st.sampled_from("abc"), delays).map(dict.items)
)


def test_a_message_gets_the_schedule_of_its_event_type_else_of_its_tenant() -> None:
    both = Schedules((60.0,), [("a", (1.0, 2.0)), ("never", ())])
    assert both.of("a") == (1.0, 2.0)
    assert both.of("never") == ()
    assert both.of("b") == (60.0,)
    assert Schedules(None, [("a", (1.0,))]).of("b") is None
    assert NO_SCHEDULES.of("a") is None


def test_no_retries_at_all_is_a_schedule_too() -> None:
    assert Schedules(())
    assert Schedules(None, [("a", ())])
    assert not NO_SCHEDULES


@given(st.lists(schedules, max_size=8), st.randoms(use_true_random=False))
def test_what_is_shared_weighs_once_until_nobody_uses_it(
    taken: list[Schedules], order: random.Random
) -> None:
    shared = SharedSchedules()
    for one in taken:
        assert shared.acquire(one) == one
    assert shared.weight == sum(one.weight for one in set(taken) if one)
    order.shuffle(taken)
    while taken:
        shared.release(taken.pop())
        assert shared.weight == sum(one.weight for one in set(taken) if one)


def test_equal_schedules_become_one_object() -> None:
    shared = SharedSchedules()
    first = shared.acquire(Schedules((1.0,)))
    assert shared.acquire(Schedules((1.0,))) is first
