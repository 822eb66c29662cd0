"""The adaptive window: bounded, grows while it is used, halves at most once for what is in it."""

from math import inf

import pytest
from angarium_worker.domain.adaptive_window import AdaptiveWindow
from hypothesis import given
from hypothesis import strategies as st


def test_before_the_first_overload_every_success_of_a_used_window_adds_one() -> None:
    window = AdaptiveWindow(initial=16)
    for _ in range(10):
        window.succeeded(in_flight=window.limit)
    assert window.limit == 26


def test_after_an_overload_a_window_full_of_successes_adds_one() -> None:
    window = AdaptiveWindow(initial=16)
    window.overloaded(begun_s=1.0, now_s=2.0)
    for _ in range(8):
        assert window.limit == 8
        window.succeeded(in_flight=8)
    assert window.limit == 9


def test_a_window_of_which_less_than_half_is_used_stays() -> None:
    window = AdaptiveWindow(initial=16)
    for _ in range(100):
        window.succeeded(in_flight=7)
    assert window.limit == 16


def test_attempts_that_began_before_the_window_shrank_do_not_shrink_it_again() -> None:
    window = AdaptiveWindow(initial=16)
    for begun_s in (1.0, 1.5, 2.0):
        window.overloaded(begun_s, now_s=2.0)
    assert window.limit == 8
    window.overloaded(begun_s=2.1, now_s=3.0)
    assert window.limit == 4


def test_reset_forgets_what_was_learnt() -> None:
    window = AdaptiveWindow(initial=16)
    window.overloaded(begun_s=1.0, now_s=2.0)
    window.reset()
    window.succeeded(in_flight=16)
    assert window.limit == 17


@pytest.mark.parametrize(("initial", "minimum", "maximum"), [(1, 0, 2), (1, 2, 4), (8, 1, 4)])
def test_bounds_that_contradict_each_other_are_refused(
    initial: int, minimum: int, maximum: int
) -> None:
    with pytest.raises(ValueError, match="minimum <= initial <= maximum"):
        AdaptiveWindow(initial, minimum, maximum)


outcomes = st.lists(
    st.tuples(st.booleans(), st.floats(0, 5), st.floats(0, 10), st.integers(1, 600)), max_size=300
)


@given(
    st.tuples(st.integers(1, 50), st.integers(0, 50), st.integers(0, 500)),
    outcomes,
)
def test_the_limit_stays_in_its_bounds_and_moves_by_the_rules(
    sizes: tuple[int, int, int], outcomes: list[tuple[bool, float, float, int]]
) -> None:
    minimum, initial, maximum = sizes[0], sizes[0] + sizes[1], sum(sizes)
    window = AdaptiveWindow(initial, minimum, maximum)
    now_s, decreased_s = 0.0, -inf
    for success, later_s, age_s, in_flight in outcomes:
        now_s += later_s
        before = window.limit
        if success:
            window.succeeded(in_flight)
            assert window.limit in (before, min(maximum, before + 1))
            if in_flight * 2 < before:
                assert window.limit == before
        else:
            window.overloaded(now_s - age_s, now_s)
            if now_s - age_s <= decreased_s:
                assert window.limit == before
            else:
                assert window.limit == max(minimum, before // 2)
                decreased_s = now_s
        assert minimum <= window.limit <= maximum


def test_a_window_of_which_half_is_used_grows() -> None:
    window = AdaptiveWindow(initial=16)
    window.succeeded(in_flight=8)
    assert window.limit == 17


def test_an_overload_and_a_reset_begin_the_count_of_successes_anew() -> None:
    window = AdaptiveWindow(initial=16)
    window.overloaded(begun_s=1.0, now_s=2.0)
    for _ in range(7):
        window.succeeded(in_flight=8)
    window.overloaded(begun_s=3.0, now_s=4.0)
    for _ in range(3):
        window.succeeded(in_flight=4)
    assert window.limit == 4
    window.reset()
    window.overloaded(begun_s=1.0, now_s=2.0)
    assert (window.limit, window.decreased_s) == (8, 2.0)
    for _ in range(7):
        window.succeeded(in_flight=8)
    assert window.limit == 8
    window.succeeded(in_flight=8)
    for _ in range(8):
        window.succeeded(in_flight=9)
    assert window.limit == 9
    window.succeeded(in_flight=9)
    assert window.limit == 10
