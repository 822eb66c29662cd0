"""What the endpoints of a process share while many are in trouble or come back."""

import pytest
from angarium_worker.domain.endpoint_guard import EndpointGuard, Result
from angarium_worker.domain.shared_limits import SharedLimits
from hypothesis import given
from hypothesis import strategies as st


def attempt(guard: EndpointGuard, result: Result, now_s: float, **how: bool) -> bool:
    """Make one attempt of no duration; whether it might begin."""
    how = {"retry": False, "from_lane": False} | how
    ticket = guard.begin(now_s, **how)
    if ticket:
        guard.ended(ticket, result, now_s, now_s, 0.5)
    return ticket > 0


def test_the_few_retries_of_one_endpoint_keep_to_their_schedule() -> None:
    guard = EndpointGuard(SharedLimits())
    for _ in range(5):
        assert attempt(guard, Result.OVERLOADED, 0.0)
    assert all(attempt(guard, Result.OVERLOADED, 1.0, retry=True) for _ in range(10))


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 0.5)), max_size=400))
def test_retries_in_trouble_keep_to_what_first_attempts_earn_and_a_few(
    steps: list[tuple[bool, float]],
) -> None:
    shared = SharedLimits()
    now_s, firsts, retries = 0.0, 0, 0
    for retry, later_s in steps:
        now_s += later_s
        if not retry:
            shared.first_begun()
            firsts += 1
        elif shared.retries_allowed(now_s):
            shared.retry_begun()
            retries += 1
        assert retries <= 0.18 * firsts + 20 + 2 * now_s + 1


def test_of_a_thousand_endpoints_in_trouble_retries_are_a_fifth_of_the_traffic() -> None:
    shared = SharedLimits()
    guards = [EndpointGuard(shared) for _ in range(1_000)]
    firsts, retries, now_s = 0, 0, 0.0
    for turn in range(6_000):  # 300 first attempts a second, and as many retries as they like
        now_s = turn / 300
        guard = guards[turn % 1_000]
        guard.arrived(now_s)
        firsts += attempt(guard, Result.OVERLOADED, now_s)
        retries += sum(attempt(guard, Result.OVERLOADED, now_s, retry=True) for _ in range(3))
    assert firsts == 6_000
    assert 0.1 < retries / (firsts + retries) <= 0.2


def test_a_thousand_endpoints_that_come_back_get_their_backlog_at_what_is_new_of_all() -> None:
    shared = SharedLimits()
    guards = [EndpointGuard(shared) for _ in range(1_000)]
    for turn in range(300 * 30):
        guards[turn % 1_000].arrived(turn / 300)
    for guard in guards:
        for _ in range(9):
            attempt(guard, Result.FAILED, 30.0)
        attempt(guard, Result.FAILED, 41.0)
        assert guard.state == "open"
    sent: list[float] = []
    for turn in range(3_000):  # ten times a second each endpoint asks for what it may have
        now_s = 43.0 + turn / 100
        sent += [
            now_s
            for guard in guards[turn % 10 :: 10]
            if attempt(guard, Result.SUCCESS, now_s, from_lane=True)
        ]
    for start_s in range(44, 73):
        in_second = sum(start_s <= at_s < start_s + 1 for at_s in sent)
        assert 100 <= in_second <= 300


def test_the_handful_of_one_endpoint_follows_at_once() -> None:
    guard = EndpointGuard(SharedLimits())
    for _ in range(6):
        attempt(guard, Result.FAILED, 0.0)
    assert attempt(guard, Result.SUCCESS, 1.0)
    assert guard.state == "recovering"
    now_s = 1.0
    for _ in range(3):
        now_s += guard.wait_s(now_s)
        assert attempt(guard, Result.SUCCESS, now_s, retry=True)
    assert now_s <= 2.5


def test_retries_are_earned_by_first_attempts_and_by_time() -> None:
    shared = SharedLimits()
    assert shared.retries_allowed(0.0) == 20
    assert shared.retry_wait_s(0.0) == 0.0
    for left in reversed(range(20)):
        shared.retry_begun()
        assert shared.retries_allowed(0.0) == left
    assert shared.retry_wait_s(0.0) == 0.5
    for _ in range(5):
        shared.first_begun()
    assert shared.retries_allowed(0.0) == 0
    assert shared.retry_wait_s(0.0) == pytest.approx(0.05)
    shared.first_begun()
    assert shared.retries_allowed(0.0) == 1
    shared.retry_begun()
    assert shared.retry_wait_s(0.0) == pytest.approx(0.46)
    assert shared.retries_allowed(0.461) == 1
    assert shared.retries_allowed(60.0) == 20
    for _ in range(1_000):
        shared.first_begun()
    assert shared.retries_allowed(60.0) == 20


def test_retries_that_nobody_asks_about_are_owed_up_to_twenty() -> None:
    shared = SharedLimits()
    for _ in range(60):
        shared.retry_begun()
    # The first question comes after a pause that counts for as long as it was.
    assert shared.retries_allowed(0.0) == 20
    for _ in range(60):
        shared.retry_begun()
    assert shared.retries_allowed(10.4) == 0
    assert shared.retries_allowed(10.0) == 0
    assert shared.retries_allowed(10.5) == 1


@pytest.mark.parametrize(("arrivals_per_s", "backlog_per_s"), [(0, 20.0), (100, 56.205)])
def test_a_backlog_keeps_to_its_share_of_what_is_new(
    arrivals_per_s: int, backlog_per_s: float
) -> None:
    shared = SharedLimits()
    for n in range(10 * arrivals_per_s):
        shared.arrived(n / arrivals_per_s)
    burst = int(backlog_per_s / 10)
    assert shared.backlog_allowed(10.0) == burst
    assert shared.backlog_wait_s(10.0) == 0.0
    for left in reversed(range(burst)):
        shared.backlog_begun()
        assert shared.backlog_allowed(10.0) == left
    owed = 1.0 - (backlog_per_s / 10 - burst)
    wait_s = owed / backlog_per_s
    assert shared.backlog_wait_s(10.0) == pytest.approx(wait_s, rel=1e-3)
    assert shared.backlog_allowed(10.0 + wait_s * 0.9) == 0
    assert shared.backlog_allowed(10.0) == 0
    assert shared.backlog_allowed(10.0 + wait_s * 1.01) == 1
    for _ in range(4):
        shared.backlog_begun()
    assert shared.backlog_allowed(10.0 + wait_s * 1.01) == 0
    assert shared.backlog_wait_s(10.0 + wait_s * 1.01) == pytest.approx(4 / backlog_per_s, rel=0.02)


def test_a_hundred_workers_together_allow_as_many_unearned_retries_as_one() -> None:
    alone = SharedLimits()
    together = [SharedLimits() for _ in range(100)]
    for each in together:
        each.workers = 100
    counts = []
    for workers in ([alone], together):
        begun = 0
        for now_s in range(300):
            for each in workers:
                for _ in range(each.retries_allowed(float(now_s))):
                    each.retry_begun()
                    begun += 1
        counts.append(begun)
    assert counts == [618, pytest.approx(700, abs=100)]  # each keeps at least one


def test_of_many_workers_none_waits_longer_for_a_retry_than_a_single_one() -> None:
    shared = SharedLimits()
    shared.workers = 100
    assert shared.retries_allowed(0.0) == 1
    shared.retry_begun()
    shared.retry_begun()
    assert shared.retry_wait_s(0.0) == 10.5


def test_an_endpoint_that_failed_elsewhere_is_one_in_trouble() -> None:
    shared = SharedLimits()
    shared.workers = 10
    guard = EndpointGuard(shared)
    guard.fails_elsewhere()
    sent = [attempt(guard, Result.FAILED, 0.0, retry=True) for _ in range(5)]
    assert sent == [True, True, False, False, False]
    assert guard.exceeds_shared(0.0)
    other = EndpointGuard(shared)
    assert attempt(other, Result.FAILED, 0.0, retry=True), "of which nobody saw a failure"


def test_a_success_elsewhere_ends_the_trouble() -> None:
    shared = SharedLimits()
    shared.workers = 2
    guard = EndpointGuard(shared)
    guard.fails_elsewhere()
    for second in range(40):
        attempt(guard, Result.OVERLOADED, float(second))
    assert guard.state == "open"
    guard.succeeded_elsewhere()
    assert guard.wait_s(39.0) == 0.0
    assert attempt(guard, Result.SUCCESS, 39.0)
    assert guard.state == "recovering"


def test_a_success_here_ends_what_was_seen_elsewhere() -> None:
    shared = SharedLimits()
    shared.workers = 50
    guard = EndpointGuard(shared)
    guard.fails_elsewhere()
    assert attempt(guard, Result.SUCCESS, 0.0)
    assert all(attempt(guard, Result.SUCCESS, 1.0, retry=True) for _ in range(5))


def test_a_single_worker_leaves_what_exceeds_the_budget_to_the_lane() -> None:
    shared = SharedLimits()
    guard = EndpointGuard(shared)
    attempt(guard, Result.FAILED, 0.0)
    while attempt(guard, Result.FAILED, 1.0, retry=True):
        pass
    assert not guard.exceeds_shared(1.0)


@pytest.mark.parametrize(("workers", "from_lane", "begins"), [(1, 0, 1), (9, 0, 0), (9, 1, 1)])
def test_an_overloaded_endpoints_own_budget_is_its_lanes_where_others_send_too(
    workers: int, from_lane: int, begins: int
) -> None:
    shared = SharedLimits()
    shared.workers = workers
    guard = EndpointGuard(shared)
    for now_s in (0.0, 6.0, 12.0):
        assert attempt(guard, Result.OVERLOADED, now_s)
    assert shared.retries_allowed(22.0)
    while shared.retries_allowed(22.0):
        shared.retry_begun()
    begun = attempt(guard, Result.OVERLOADED, 22.0, retry=True, from_lane=bool(from_lane))
    assert begun is bool(begins)
