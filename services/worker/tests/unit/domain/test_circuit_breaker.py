"""The circuit breaker: opens on failures in a row, and never lets more than one probe through."""

import pytest
from angarium_worker.domain.circuit_breaker import BreakerState, CircuitBreaker
from hypothesis import given
from hypothesis import strategies as st


def opened(now_s: float = 0.0) -> CircuitBreaker:
    """A breaker with three failures, open for a second from `now_s`."""
    breaker = CircuitBreaker(failures_to_open=3, open_s=1.0, open_s_max=8.0)
    for _ in range(3):
        breaker.failed(breaker.begin(now_s), now_s, 0.5)
    assert breaker.state is BreakerState.OPEN
    return breaker


def test_a_success_ends_the_row_of_failures() -> None:
    breaker = CircuitBreaker(failures_to_open=3)
    for _ in range(10):
        breaker.failed(breaker.begin(0.0), 0.0, 0.5)
        breaker.failed(breaker.begin(0.0), 0.0, 0.5)
        breaker.succeeded(breaker.begin(0.0))
    assert breaker.closed


def test_while_it_is_open_nothing_begins_and_then_one_probe() -> None:
    breaker = opened()
    assert breaker.begin(0.9) == 0
    assert breaker.wait_s(0.75) == 0.25
    assert breaker.begin(1.0) > 0
    assert breaker.begin(1.0) == 0
    assert breaker.wait_s(1.0) == 0.0
    assert not breaker.may_begin(100.0)


def test_a_successful_probe_closes_it() -> None:
    breaker = opened()
    breaker.succeeded(breaker.begin(1.0))
    assert breaker.closed
    assert breaker.failures == 0


def test_each_failed_probe_doubles_the_time_up_to_the_maximum() -> None:
    breaker = opened()
    now_s, waits_s = 0.0, []
    for _ in range(6):
        waits_s.append(breaker.wait_s(now_s))
        now_s = breaker.open_until_s
        breaker.failed(breaker.begin(now_s), now_s, 0.5)
    assert waits_s == [1, 2, 4, 8, 8, 8]


def test_after_it_closed_the_next_outage_begins_with_a_short_time() -> None:
    breaker = opened()
    breaker.failed(breaker.begin(1.0), 1.0, 0.5)
    breaker.succeeded(breaker.begin(3.0))
    for _ in range(3):
        breaker.failed(breaker.begin(3.0), 3.0, 0.5)
    assert breaker.wait_s(3.0) == 1.0


def test_late_outcomes_of_attempts_from_before_it_opened_count_for_nothing() -> None:
    breaker = CircuitBreaker(failures_to_open=3, open_s=1.0)
    tickets = [breaker.begin(0.0) for _ in range(20)]
    for ticket in tickets[:3]:
        breaker.failed(ticket, 0.0, 0.5)
    breaker.failed(tickets[3], 0.5, 0.5)
    assert breaker.open_until_s == 1.0
    breaker.succeeded(tickets[4])
    assert (breaker.state, breaker.open_until_s) == (BreakerState.OPEN, 1.0)
    probe = breaker.begin(1.0)
    breaker.succeeded(tickets[5])
    breaker.failed(tickets[6], 1.1, 0.5)
    breaker.abandon(tickets[7])
    breaker.refused(tickets[8])
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.succeeded(probe)
    for ticket in tickets[9:]:
        breaker.failed(ticket, 1.2, 0.5)
    assert breaker.closed
    assert breaker.failures == 0


def test_an_abandoned_probe_lets_the_next_begin_at_once() -> None:
    breaker = opened()
    for _ in range(5):
        breaker.abandon(breaker.begin(1.0))
    assert breaker.begin(1.0) > 0


def test_a_refused_probe_lets_the_next_begin_and_enough_of_them_close_it() -> None:
    breaker = opened()
    for _ in range(3):
        assert not breaker.closed
        breaker.refused(breaker.begin(1.0))
    assert breaker.closed


def test_reset_lets_a_probe_begin_at_once() -> None:
    breaker = opened()
    breaker.failed(breaker.begin(1.0), 1.0, 0.5)
    breaker.reset()
    probe = breaker.begin(1.1)
    assert probe > 0
    breaker.failed(probe, 1.2, 0.5)
    assert breaker.wait_s(1.2) == pytest.approx(1.0)


def test_after_a_reset_a_probe_under_way_stays_the_only_one_and_its_failure_costs_no_time() -> None:
    breaker = opened()
    probe = breaker.begin(1.0)
    breaker.reset()
    assert breaker.begin(1.1) == 0
    breaker.failed(probe, 2.0, 0.5)
    assert breaker.begin(2.0) > 0


def test_after_a_reset_failures_of_the_endpoint_as_it_was_do_not_open_it() -> None:
    breaker = CircuitBreaker(failures_to_open=3)
    tickets = [breaker.begin(0.0) for _ in range(10)]
    breaker.reset()
    for ticket in tickets:
        breaker.failed(ticket, 1.0, 0.5)
    assert breaker.closed


@given(st.floats(0, 1), st.integers(0, 12))
def test_the_time_it_stays_open_lies_within_the_jitter(random: float, probes: int) -> None:
    breaker = CircuitBreaker(failures_to_open=1, open_s=1.0, open_s_max=60.0)
    now_s = 0.0
    for _ in range(probes + 1):
        now_s = max(now_s, breaker.open_until_s)
        breaker.failed(breaker.begin(now_s), now_s, random)
    planned_s = min(60.0, 2.0**probes)
    assert 0.8 * planned_s - 1e-6 <= breaker.wait_s(now_s) <= 1.2 * planned_s + 1e-6


def end(breaker: CircuitBreaker, how: str, ticket: int, now_s: float, random: float) -> None:
    match how:
        case "succeed":
            breaker.succeeded(ticket)
        case "fail":
            breaker.failed(ticket, now_s, random)
        case "refuse":
            breaker.refused(ticket)
        case _:
            breaker.abandon(ticket)


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ("begin", "begin", "begin", "reset", "succeed", "fail", "fail", "refuse", "abandon")
        ),
        st.floats(0, 3),
        st.integers(0, 1_000),
        st.floats(0, 1),
    ),
    max_size=200,
)


@given(st.integers(1, 4), steps)
def test_under_any_interleaving_there_is_never_more_than_one_probe(
    failures_to_open: int, steps: list[tuple[str, float, int, float]]
) -> None:
    breaker = CircuitBreaker(failures_to_open, open_s=1.0, open_s_max=4.0)
    under_way: list[int] = []
    probes: set[int] = set()
    now_s = 0.0
    for step, later_s, which, random in steps:
        now_s += later_s
        if step == "begin":
            before, open_until_s = breaker.state, breaker.open_until_s
            ticket = breaker.begin(now_s)
            assert not (ticket and before is BreakerState.OPEN and now_s < open_until_s)
            if ticket:
                under_way.append(ticket)
                probes |= set() if before is BreakerState.CLOSED else {ticket}
        elif step == "reset":
            breaker.reset()
        elif under_way:
            ticket = under_way.pop(which % len(under_way))
            probes.discard(ticket)
            end(breaker, step, ticket, now_s, random)
        assert len(probes) == (breaker.state is BreakerState.HALF_OPEN)
        assert breaker.wait_s(now_s) <= 4.0 * 1.2


def test_refusals_are_counted_anew_after_a_failure_a_reset_and_a_success() -> None:
    breaker = opened()
    now_s = 1.0

    def refuse(times: int) -> None:
        for _ in range(times):
            breaker.refused(breaker.begin(now_s))

    refuse(2)
    breaker.failed(breaker.begin(now_s), now_s, 0.5)
    now_s = breaker.open_until_s
    refuse(2)
    assert not breaker.closed
    breaker.reset()
    refuse(2)
    assert not breaker.closed
    breaker.succeeded(breaker.begin(now_s))
    assert breaker.closed
    for _ in range(3):
        breaker.failed(breaker.begin(now_s), now_s, 0.5)
    now_s = breaker.open_until_s
    refuse(2)
    assert not breaker.closed
    refuse(1)
    assert breaker.closed


def test_failures_are_counted_anew_after_a_reset_and_refusals() -> None:
    breaker = CircuitBreaker(failures_to_open=3)
    for _ in range(2):
        breaker.failed(breaker.begin(0.0), 0.0, 0.5)
    breaker.reset()
    assert breaker.failures == 0
    for _ in range(2):
        breaker.failed(breaker.begin(0.0), 0.0, 0.5)
    assert breaker.closed
    breaker.failed(breaker.begin(0.0), 0.0, 0.5)
    assert not breaker.closed
    for _ in range(3):
        breaker.refused(breaker.begin(2.0))
    assert (breaker.closed, breaker.failures) == (True, 0)


def test_a_failure_that_may_not_open_it_counts() -> None:
    breaker = CircuitBreaker(failures_to_open=3)
    for _ in range(5):
        breaker.failed(breaker.begin(0.0), 0.0, 0.5, may_open=False)
    assert (breaker.closed, breaker.failures) == (True, 5)
    breaker.failed(breaker.begin(0.0), 0.0, 0.5)
    assert not breaker.closed


@pytest.mark.parametrize(("random", "open_s"), [(0.0, 0.8), (0.25, 0.9), (0.5, 1.0), (1.0, 1.2)])
def test_the_jitter_is_a_fifth_in_either_direction(random: float, open_s: float) -> None:
    breaker = CircuitBreaker(failures_to_open=1)
    assert breaker.open_until_s < 0
    breaker.failed(breaker.begin(10.0), 10.0, random)
    assert breaker.open_until_s == pytest.approx(10.0 + open_s)
    assert not breaker.may_begin(10.0)
    assert breaker.wait_s(20.0) == 0.0
