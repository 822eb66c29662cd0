"""The costs of a message: what a fit finds again, and what it refuses."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from capacity_costs import Costs, Run, Workload, check, fit

COEFFICIENTS = (0.2, 0.01, 0.1, 0.002, 0.3, 0.004)
WORKLOADS = [
    Workload(1),
    Workload(32),
    Workload(1, fan_out=30),
    Workload(16, fan_out=30),
    Workload(1, failing=0.25),
    Workload(32, failing=0.25),
]


def runs(coefficients: tuple[float, ...] = COEFFICIENTS) -> list[Run]:
    costs = Costs({"cpu": coefficients})
    return [Run(each, 100, {"cpu": costs.of("cpu", each)}) for each in WORKLOADS]


def test_a_fit_finds_the_coefficients_that_the_runs_were_made_of() -> None:
    assert fit(runs()).coefficients["cpu"] == pytest.approx(COEFFICIENTS)


def test_a_workload_is_predicted_from_the_others() -> None:
    other = Workload(64, fan_out=10, failing=0.5)
    measured = Costs({"cpu": COEFFICIENTS}).of("cpu", other)
    twice = [Run(other, 1, {"cpu": measured * factor}) for factor in (1.0, 1.5)]
    checked = next(each for each in check([*runs(), *twice, *runs()]) if each.workload == other)
    assert checked.predicted == pytest.approx(measured)
    assert checked.error == pytest.approx(-0.2)


def test_runs_of_few_messages_count_less_for_cpu_time() -> None:
    costs = Costs({"cpu ms": COEFFICIENTS})
    many = [Run(each, 10_000, {"cpu ms": costs.of("cpu ms", each)}) for each in WORKLOADS]
    few = [Run(each, 10, {"cpu ms": costs.of("cpu ms", each) * 3}) for each in WORKLOADS]
    found = fit([*many, *few])
    for each in WORKLOADS[:2]:
        assert found.of("cpu ms", each) == pytest.approx(costs.of("cpu ms", each), rel=0.02)


def test_no_coefficient_is_below_zero() -> None:
    coefficients = (0.2, 0.01, 0.1, 0.002, -0.05, 0.004)
    found = fit(runs(coefficients)).coefficients["cpu"]
    assert min(found) >= 0
    assert found[0] == pytest.approx(0.2, rel=0.3)


def test_runs_that_are_all_alike_are_refused() -> None:
    run = runs()[0]
    with pytest.raises(ValueError, match="vary each"):
        fit([run] * 6)


def test_a_counter_that_nothing_moved_costs_nothing() -> None:
    still = [Run(each, 100, {"cpu": 0.0}) for each in WORKLOADS]
    assert fit(still).of("cpu", WORKLOADS[3]) == 0.0


@pytest.mark.parametrize(
    ("failing", "attempts", "retries"), [(0.0, 10, 0), (0.5, 15, 5), (1.0, 20, 10)]
)
def test_attempts_follow_from_the_share_that_fails(
    failing: float, attempts: float, retries: float
) -> None:
    workload = Workload(1, fan_out=10, failing=failing)
    assert workload.attempts == pytest.approx(attempts)
    assert workload.retries == pytest.approx(retries)


@pytest.mark.parametrize("wrong", [(0, 1, 0.0), (1, 0, 0.0), (1, 1, 1.1), (1, 1, -0.1)])
def test_what_is_no_workload_is_refused(wrong: tuple[float, int, float]) -> None:
    with pytest.raises(ValueError, match="not a workload"):
        Workload(wrong[0], fan_out=wrong[1], failing=wrong[2])
