"""Pauses grow from the first to the longest, and start again after a success."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import pytest
from angarium_chassis.backoff import SPREAD, Backoff, backoff_s, repeat_with_backoff
from hypothesis import given
from hypothesis import strategies as st

bounds = st.tuples(st.floats(0.001, 10), st.floats(0.001, 600)).map(sorted)


@given(bounds, st.integers(0, 10_000))
def test_a_pause_lies_between_the_first_and_the_longest(bounds: list[float], count: int) -> None:
    first_s, longest_s = bounds
    assert first_s <= backoff_s(count, first_s=first_s, longest_s=longest_s) <= longest_s


@given(bounds)
def test_pauses_double_until_they_reach_the_longest(bounds: list[float]) -> None:
    first_s, longest_s = bounds
    pauses = [backoff_s(count, first_s=first_s, longest_s=longest_s) for count in range(80)]
    assert pauses[0] == first_s
    assert pauses[-1] == longest_s
    assert all(after in (2 * before, longest_s) for before, after in pairwise(pauses))


@given(bounds, st.lists(st.floats(0, 1), min_size=1))
def test_a_random_pause_is_longer_or_shorter_by_the_spread_at_most(
    bounds: list[float], randoms: list[float]
) -> None:
    first_s, longest_s = bounds
    values = iter(randoms)
    backoff = Backoff(first_s, longest_s, random=lambda: next(values))
    for failures in range(len(randoms)):
        plain_s = backoff_s(failures, first_s=first_s, longest_s=longest_s)
        assert plain_s * (1 - SPREAD) <= backoff.next_s() <= plain_s * (1 + SPREAD)


def test_pauses_double_up_to_the_longest_with_a_quarter_of_jitter() -> None:
    randoms = iter([0.0, 1.0, *[0.5] * 7])
    backoff = Backoff(0.5, 30.0, random=lambda: next(randoms))
    expected = [0.375, 1.25, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert [backoff.next_s() for _ in range(9)] == expected


def test_a_success_starts_again_from_the_first_pause() -> None:
    backoff = Backoff(0.5, 4.0)
    assert [backoff.next_s() for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, 4.0]
    backoff.reset()
    assert backoff.next_s() == 0.5


class Steps:
    """Returns outcomes one after the other, then waits for ever."""

    def __init__(self, outcomes: Iterator[bool]) -> None:
        self._outcomes = outcomes
        self.exhausted = asyncio.Event()

    async def __call__(self) -> bool:
        for outcome in self._outcomes:
            return outcome
        self.exhausted.set()
        await asyncio.Event().wait()
        raise AssertionError


class RecordingBackoff(Backoff):
    """Notes its pauses instead of making them."""

    def __init__(self) -> None:
        super().__init__(1.0, 8.0)
        self.pauses: list[float] = []

    def next_s(self) -> float:
        self.pauses.append(super().next_s())
        return 0.0


async def test_steps_repeat_with_a_pause_after_each_failure_only() -> None:
    backoff, steps = RecordingBackoff(), Steps(iter([True, False, False, True, False]))
    task = asyncio.create_task(repeat_with_backoff(steps, backoff))
    await steps.exhausted.wait()
    task.cancel()
    assert backoff.pauses == [1.0, 2.0, 1.0]


async def test_an_error_that_a_step_does_not_handle_ends_the_loop() -> None:
    async def step() -> bool:
        raise LookupError

    with pytest.raises(LookupError):
        await repeat_with_backoff(step, Backoff(1.0, 8.0))
