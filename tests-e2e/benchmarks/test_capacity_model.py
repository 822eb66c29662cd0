"""The needs of a rate, from costs that are easy to reckon with."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from capacity_costs import Costs, Workload
from capacity_model import Limits, cpu_ms, needs

LIMITS = Limits(
    use=0.5, postgres_cores=10, postgres_wal_mb_per_s=100, postgres_tb=1, retention_days=10
)


def costs(**changed: tuple[float, ...]) -> Costs:
    """A message costs 0.1 ms of each service, each delivery 1 kB of the worker's database."""
    nothing = (0.0,) * 6
    a_message = (0.1, 0.0, 0.0, 0.0, 0.0, 0.0)
    a_delivery_kb = (0.0, 0.0, 1_000.0, 0.0, 0.0, 0.0)
    a_message_kb = (1_000.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Costs(
        {
            "cpu ms gateway": a_message,
            "cpu ms dispatcher": a_message,
            "cpu ms worker": a_message,
            "cpu ms valkey": (0.02, 0.0, 0.0, 0.0, 0.0, 0.0),
            "cpu ms postgres": (0.2, 0.0, 0.0, 0.0, 0.0, 0.0),
            "cpu ms gateway's postgres": (0.05, 0.0, 0.0, 0.0, 0.0, 0.0),
            "cpu ms worker's postgres": (0.05, 0.0, 0.0, 0.0, 0.0, 0.0),
            "gateway stored bytes": a_message_kb,
            "worker stored bytes": a_delivery_kb,
            "gateway wal bytes": a_message_kb,
            "worker wal bytes": a_delivery_kb,
            "redis bytes in": a_message_kb,
            "redis bytes out": nothing,
            **{name.replace("_", " "): value for name, value in changed.items()},
        }
    )


def test_processes_follow_from_the_cpu_that_is_planned_for() -> None:
    # 0.1 ms × 100,000/s = 10 cores, half of each is used.
    assert needs(costs(), Workload(1), 100_000, LIMITS).processes == {
        "gateway": 20,
        "dispatcher": 20,
        "worker": 20,
    }
    assert set(needs(costs(), Workload(1), 1, LIMITS).processes.values()) == {2}


def test_what_postgres_does_besides_is_divided_by_what_is_logged() -> None:
    used = cpu_ms(costs(), Workload(1, fan_out=3))
    # 0.1 ms besides, of which the worker's database logs three quarters.
    assert used["gateway's Postgres"] == pytest.approx(0.075)
    assert used["worker's Postgres"] == pytest.approx(0.125)


def test_what_is_used_up_first_is_what_the_lowest_rate_uses_up() -> None:
    first = needs(costs(), Workload(1), 1_000, LIMITS).first
    # 1 kB × 1,000/s × 10 days = 864 GB of 1 TB.
    assert first.name == "gateway's Postgres: disk"
    assert first.used == pytest.approx(0.864)
    assert first.exhausted_per_s == pytest.approx(1_000 / 0.864)
    kept_briefly = replace(LIMITS, retention_days=1, postgres_wal_mb_per_s=1)
    assert needs(costs(), Workload(1), 1_000, kept_briefly).first.name == "gateway's Postgres: log"


def test_fan_out_uses_up_the_database_of_the_worker() -> None:
    first = needs(costs(), Workload(1, fan_out=10), 1_000, LIMITS).first
    assert first.name == "worker's Postgres: disk"


def test_a_month_is_the_sum_of_its_seconds() -> None:
    month = needs(costs(), Workload(1, fan_out=2, failing=0.5), 1_000, LIMITS)
    assert month.stored_tb_per_month == pytest.approx(2_592_000 * 3e6 / 1e12)
    # Three attempts of 1,474 bytes.
    assert month.sent_tb_per_month == pytest.approx(2_592_000 * 1_000 * 3 * 1_474 / 1e12)


def test_what_costs_nothing_is_never_used_up() -> None:
    nothing = (0.0,) * 6
    made = costs(redis_bytes_in=nothing)
    network = [
        each for each in needs(made, Workload(1), 1, LIMITS).shared if "network" in each.name
    ]
    assert network[0].exhausted_per_s == float("inf")
