"""The retry budget: one retry for four first attempts, and a trickle when there are none."""

from angarium_worker.domain.retry_budget import RetryBudget
from hypothesis import given
from hypothesis import strategies as st


def test_four_first_attempts_earn_a_retry() -> None:
    budget = RetryBudget()
    for _ in range(4):
        assert budget.retries_allowed(0.0) == (0 if budget.wait_s(0.0) else 1)
        budget.first_begun(0.0)
    assert budget.retries_allowed(0.0) == 1
    assert budget.wait_s(0.0) == 0.0
    budget.retry_begun(0.0)
    assert budget.retries_allowed(0.0) == 0


def test_at_most_ten_earned_retries_are_kept() -> None:
    budget = RetryBudget()
    for _ in range(1_000):
        budget.first_begun(0.0)
    assert budget.retries_allowed(0.0) == 10


def test_without_first_attempts_a_retry_goes_every_ten_seconds() -> None:
    budget = RetryBudget()
    begun_s = []
    now_s = 100.0
    for _ in range(4):
        now_s += budget.wait_s(now_s)
        assert budget.retries_allowed(now_s) == 1
        budget.retry_begun(now_s)
        begun_s.append(now_s)
    assert begun_s == [100, 110, 120, 130]


def test_while_first_attempts_go_nothing_trickles() -> None:
    budget = RetryBudget()
    budget.first_begun(0.0)
    assert budget.retries_allowed(9.9) == 0
    assert budget.wait_s(9.0) == 1.0
    assert budget.retries_allowed(10.0) == 1


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 15)), max_size=400))
def test_over_any_run_retries_keep_to_what_was_earned_and_the_trickle(
    steps: list[tuple[bool, float]],
) -> None:
    budget = RetryBudget(trickle_s=10.0)
    now_s, firsts, retries = 0.0, 0, 0
    for retry, later_s in steps:
        now_s += later_s
        if not retry:
            budget.first_begun(now_s)
            firsts += 1
        elif budget.retries_allowed(now_s):
            budget.retry_begun(now_s)
            retries += 1
        assert retries <= 0.25 * firsts + 10 + now_s / 10 + 1


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60))
def test_with_steady_first_attempts_retries_are_a_fifth_of_all(groups: list[int]) -> None:
    budget = RetryBudget()
    now_s, firsts, retries = 0.0, 0, 0
    for wanted in groups:
        budget.first_begun(now_s)
        firsts += 1
        for _ in range(wanted):
            if firsts > 1 and budget.retries_allowed(now_s):
                budget.retry_begun(now_s)
                retries += 1
        now_s += 0.01
    assert retries <= 0.2 * (firsts + retries)


@given(st.lists(st.booleans(), max_size=60), st.floats(0, 1e6))
def test_after_the_wait_a_retry_is_allowed(steps: list[bool], now_s: float) -> None:
    budget = RetryBudget()
    for retry in steps:
        if retry and budget.retries_allowed(now_s):
            budget.retry_begun(now_s)
        else:
            budget.first_begun(now_s)
    assert budget.retries_allowed(now_s + budget.wait_s(now_s) + 1e-6) >= 1


def test_retries_that_nobody_asks_about_are_owed_up_to_ten() -> None:
    budget = RetryBudget()
    for _ in range(30):
        budget.retry_begun(0.0)
    for _ in range(43):
        budget.first_begun(0.0)
    assert budget.retries_allowed(0.0) == 0
    budget.first_begun(0.0)
    assert budget.retries_allowed(0.0) == 1
