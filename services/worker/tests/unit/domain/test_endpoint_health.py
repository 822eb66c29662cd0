"""When a failing endpoint is disabled."""

import pytest
from angarium_worker.domain.endpoint_health import DisableRule, FailureRun, RunOfFailures

S_US = 1_000_000


def test_an_endpoint_is_condemned_after_its_time_and_enough_failures() -> None:
    rule = DisableRule(10.0, failures_min=3)
    assert rule.condemns(FailureRun(5 * S_US, 15 * S_US, 3))
    assert not rule.condemns(FailureRun(5 * S_US, 15 * S_US - 1, 3))
    assert not rule.condemns(FailureRun(5 * S_US, 15 * S_US, 2))
    assert DisableRule(10.0).condemns(FailureRun(0, 10 * S_US, 2))
    assert not DisableRule(10.0).condemns(FailureRun(0, 10 * S_US, 1))
    assert not DisableRule(0).suspects(0, 10**15)
    assert DisableRule(0.5).suspects(0, S_US // 2)


@pytest.mark.parametrize(
    ("after_s", "every_s"), [(0.0, 60.0), (0.4, 0.1), (200.0, 50.0), (1e6, 60.0)]
)
def test_it_is_looked_at_four_times_in_its_time_and_every_minute(
    after_s: float, every_s: float
) -> None:
    assert DisableRule(after_s).look_every_s == every_s


def test_a_run_ends_with_the_success_before_it() -> None:
    run = RunOfFailures()
    run.extend([])
    assert (run.run, run.complete) == (None, False)
    run.extend([(False, 30)])
    assert run.run == FailureRun(30, 30, 1)
    run.extend([(False, 40), (False, 20)])
    assert run.run == FailureRun(20, 40, 3)
    run.extend([(True, 10), (False, 5)])
    assert (run.run, run.complete) == (FailureRun(20, 40, 3), True)
    run.extend([(False, 1)])
    assert run.run == FailureRun(20, 40, 3)
