"""The guard of one endpoint: its policies together."""

import pytest
from angarium_worker.domain.endpoint_guard import EndpointGuard, Result
from angarium_worker.domain.recovery_pace import STEADY_S


def begin(guard: EndpointGuard, now_s: float, *, retry: bool = False, lane: bool = False) -> int:
    return guard.begin(now_s, retry=retry, from_lane=lane)


def attempt(guard: EndpointGuard, result: Result, now_s: float, **how: bool) -> bool:
    """Make one attempt of no duration; whether it might begin."""
    ticket = begin(guard, now_s, **how)
    if ticket:
        guard.ended(ticket, result, now_s, now_s, 0.5)
    return ticket > 0


def broken(now_s: float = 0.0, *, arrivals_per_s: int = 0) -> EndpointGuard:
    """A guard whose breaker opened at `now_s`, for a second."""
    guard = EndpointGuard()
    for n in range(30 * arrivals_per_s):
        guard.arrived(now_s - 30 + n / arrivals_per_s)
    for failed_s in (now_s - 10, *[now_s] * 9):
        assert attempt(guard, Result.FAILED, failed_s)
    assert guard.state == "open"
    return guard


def test_a_healthy_endpoint_gets_as_many_as_its_window_and_retries_are_free() -> None:
    guard = EndpointGuard()
    assert guard.quota(0.0) == (16, 16)
    assert all(begin(guard, 0.0, retry=n % 2 == 0) for n in range(16))
    assert not begin(guard, 0.0)
    assert guard.quota(0.0) == (0, 0)
    assert guard.wait_s(0.0) == 0.0


def test_successes_of_a_used_window_let_it_grow() -> None:
    guard = EndpointGuard()
    tickets = [begin(guard, 0.0) for _ in range(16)]
    for ticket in tickets:
        guard.ended(ticket, Result.SUCCESS, 0.0, 0.1, 0.5)
    # With 16 in flight, 15, 14 and so on: by one each, until less than half is used.
    assert guard.limit == 22
    assert guard.in_flight == 0


def test_an_overload_halves_the_window_and_puts_retries_on_a_budget() -> None:
    guard = EndpointGuard()
    assert attempt(guard, Result.OVERLOADED, 1.0)
    assert guard.limit == 8
    for _ in range(4):
        assert attempt(guard, Result.SUCCESS, 11.0)
    assert guard.quota(11.0) == (8, 1)
    assert attempt(guard, Result.SUCCESS, 11.0, retry=True)
    assert not attempt(guard, Result.SUCCESS, 11.0, retry=True)


def test_in_the_first_seconds_of_trouble_retries_are_free_and_owed() -> None:
    guard = EndpointGuard()
    attempt(guard, Result.OVERLOADED, 1.0)
    assert all(attempt(guard, Result.SUCCESS, 10.9, retry=True) for _ in range(3))
    for _ in range(16):  # twelve pay what is owed, four earn the next
        assert not attempt(guard, Result.SUCCESS, 11.0, retry=True)
        assert attempt(guard, Result.SUCCESS, 11.0)
    assert attempt(guard, Result.SUCCESS, 11.0, retry=True)


def test_a_handful_of_failures_at_once_does_not_open_the_breaker() -> None:
    guard = EndpointGuard()
    for _ in range(30):
        assert attempt(guard, Result.FAILED, 1.0)
    assert guard.state == "delivering"
    attempt(guard, Result.FAILED, 11.0)
    assert guard.state == "open"


def test_attempts_that_hung_for_long_open_it_at_once() -> None:
    guard = EndpointGuard()
    hanging = [begin(guard, 0.0) for _ in range(10)]
    for ticket in hanging:
        guard.ended(ticket, Result.OVERLOADED, 0.0, 15.0, 0.5)
    assert guard.state == "open"


def test_half_a_minute_after_the_window_shrank_retries_are_free_again() -> None:
    guard = EndpointGuard()
    attempt(guard, Result.OVERLOADED, 1.0)
    attempt(guard, Result.SUCCESS, 1.0)
    assert sum(attempt(guard, Result.SUCCESS, 31.5, retry=True) for _ in range(50)) == 50


def test_an_open_breaker_lets_nothing_begin_then_one() -> None:
    guard = broken()
    assert guard.is_open(0.5)
    assert guard.quota(0.5) == (0, 0)
    assert guard.wait_s(0.5) == 0.5
    assert not begin(guard, 0.5)
    assert not guard.is_open(1.0)
    assert guard.quota(1.0) == (1, 1)
    assert begin(guard, 1.0)
    assert guard.state == "probing"
    assert guard.is_open(1.0)
    assert guard.quota(1.0) == (0, 0)
    assert not begin(guard, 1.0)


@pytest.mark.parametrize("result", [Result.UNCOUNTED, Result.REFUSED])
def test_a_probe_that_tells_nothing_makes_room_for_the_next(result: Result) -> None:
    guard = broken()
    assert attempt(guard, result, 1.0)
    assert attempt(guard, result, 1.0)


def test_a_probe_that_is_cut_off_makes_room_for_the_next() -> None:
    guard = broken()
    guard.abandon(begin(guard, 1.0))
    assert guard.in_flight == 0
    assert begin(guard, 1.0)


def test_refusals_and_own_faults_do_not_open_the_breaker_nor_shrink_the_window() -> None:
    guard = EndpointGuard()
    for _ in range(100):
        assert attempt(guard, Result.REFUSED, 0.0)
        assert attempt(guard, Result.UNCOUNTED, 0.0)
    assert guard.state == "delivering"
    assert guard.limit == 16


def test_back_after_an_outage_the_backlog_is_paced_and_what_is_new_is_not() -> None:
    guard = broken(arrivals_per_s=10)
    guard.backlog = True
    assert attempt(guard, Result.SUCCESS, 1.0, lane=True)
    assert guard.state == "recovering"
    sent = sum(attempt(guard, Result.SUCCESS, 1 + n / 100, lane=True) for n in range(1_000))
    assert 50 <= sent <= 10 * 10 + 5
    assert all(attempt(guard, Result.SUCCESS, 11.0) for _ in range(100))
    assert guard.wait_s(11.0) <= 0.2


def test_retries_that_come_by_themselves_are_part_of_the_backlog() -> None:
    guard = broken(arrivals_per_s=10)
    assert attempt(guard, Result.SUCCESS, 1.0)
    for _ in range(100):
        attempt(guard, Result.SUCCESS, 1.0)
        attempt(guard, Result.SUCCESS, 1.0, lane=True)
    assert not attempt(guard, Result.SUCCESS, 1.0, retry=True)
    assert attempt(guard, Result.SUCCESS, 2.0, retry=True)


def test_an_endpoint_whose_lane_carries_all_recovers_at_twice_its_rate() -> None:
    guard = broken(arrivals_per_s=10)
    guard.lane_only = True
    attempt(guard, Result.SUCCESS, 1.0, lane=True)
    sent = sum(attempt(guard, Result.SUCCESS, 1 + n / 100, lane=True) for n in range(1_000))
    assert 120 <= sent <= 20 * 10 + 10


def test_an_empty_lane_ends_the_recovery_once_retries_had_the_time_to_come() -> None:
    guard = broken()
    guard.backlog = True
    attempt(guard, Result.SUCCESS, 1.0, lane=True)
    guard.lane_empty(1.5)
    # Retries that are due later are backlog too: a burst of them is still held back.
    assert guard.state == "recovering"
    assert sum(attempt(guard, Result.SUCCESS, 1.6, retry=True) for _ in range(100)) <= 2
    guard.lane_empty(1 + STEADY_S)
    assert guard.state == "delivering"
    assert guard.quota(1 + STEADY_S) == (guard.limit, guard.limit)


def test_an_empty_lane_that_carries_all_ends_the_recovery_at_once() -> None:
    guard = broken()
    guard.lane_only = guard.backlog = True
    attempt(guard, Result.SUCCESS, 1.0, lane=True)
    guard.lane_empty(1.5)
    assert guard.state == "delivering"
    assert guard.quota(1.5) == (guard.limit, guard.limit)


def test_unbroken_health_ends_the_recovery() -> None:
    guard = broken()
    guard.backlog = True
    attempt(guard, Result.SUCCESS, 1.0, lane=True)
    assert guard.quota(200.0) == (guard.limit, guard.limit)
    assert guard.state == "waiting"


def test_down_again_while_recovering_stops_everything() -> None:
    guard = broken(arrivals_per_s=50)
    attempt(guard, Result.SUCCESS, 1.0)
    for _ in range(10):
        attempt(guard, Result.FAILED, 2.0)
    assert guard.state == "open"
    assert guard.is_open(2.5)


def test_late_failures_of_the_outage_do_not_count_after_it() -> None:
    guard = EndpointGuard()
    late = [begin(guard, 0.0) for _ in range(6)]
    for failed_s in (-10.0, *[0.0] * 9):
        attempt(guard, Result.FAILED, failed_s)
    attempt(guard, Result.SUCCESS, 1.0)
    limit = guard.limit
    for ticket in late:
        guard.ended(ticket, Result.OVERLOADED, 0.0, 2.0, 0.5)
    assert guard.state == "recovering"
    assert guard.limit == limit
    assert guard.in_flight == 0


def test_a_change_by_its_owner_lets_one_attempt_begin_at_once() -> None:
    guard = broken()
    guard.reset()
    assert guard.wait_s(0.1) == 0.0
    assert begin(guard, 0.1)
    assert not begin(guard, 0.1)


def test_the_open_breaker_tells_until_when() -> None:
    assert broken(5.0).open_until_s == 6.0
    assert EndpointGuard().open_until_s is None


def test_retries_alone_trickle_while_the_endpoint_is_down() -> None:
    guard = broken()
    guard.backlog = True
    now_s, begun_s = 0.0, []
    while now_s < 300:
        wait_s = guard.wait_s(now_s, for_retry=True)
        if wait_s == 0 and attempt(guard, Result.FAILED, now_s, retry=True, lane=True):
            begun_s.append(now_s)
        now_s += max(wait_s, 0.01)
    assert 5 <= len(begun_s) <= 31


def test_one_that_never_failed_or_was_not_used_for_long_may_be_forgotten() -> None:
    guard = EndpointGuard()
    guard.arrived(0.0)
    ticket = begin(guard, 0.0)
    assert not guard.idle(0.0)
    guard.ended(ticket, Result.SUCCESS, 0.0, 0.1, 0.5)
    assert guard.idle(0.1)
    guard.arrived(1.0)
    attempt(guard, Result.FAILED, 1.0)
    assert not guard.idle(2.0)
    guard.arrived(300.0)
    assert not guard.idle(899.0)
    assert guard.idle(901.0)


def test_after_a_change_by_its_owner_retries_are_free_again() -> None:
    guard = EndpointGuard()
    attempt(guard, Result.OVERLOADED, 1.0)
    attempt(guard, Result.SUCCESS, 11.0)
    assert guard.quota(11.0) == (8, 0)
    guard.reset()
    assert all(attempt(guard, Result.SUCCESS, 11.0, retry=True) for _ in range(20))
    assert guard.quota(11.0) == (16, 16)
