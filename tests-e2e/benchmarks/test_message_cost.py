"""The cost of a message, by yardsticks of the same alternation."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from cpu_loop import ROUNDS
from message_cost import OURS, cost_as_dict, process_costs
from scenarios import Delivery
from tools import Yardstick

NO_TIMES: dict[str, float] = {"p50": 0.0, "p99": 0.0, "max": 0.0}
DELIVERY = Delivery(
    accepted=1_000,
    accepted_rate=0.0,
    refused={},
    without_answer=0,
    accept_ms=NO_TIMES,
    lateness_ms=NO_TIMES,
    received=1_000,
    received_rate=0.0,
    seconds=1.0,
    end_to_end_ms=NO_TIMES,
    lost=0,
    duplicates=0,
    unacknowledged=0,
    cpu_s={"gateway": 0.1, "worker": 0.05, "postgres": 0.02},
    memory_bytes_max={},
)


def test_a_slower_machine_changes_no_ratio() -> None:
    slow = replace(DELIVERY, cpu_s={name: 2 * used for name, used in DELIVERY.cpu_s.items()})
    yardsticks = [Yardstick(rate=9_000, cpu_us=200.0), Yardstick(rate=4_500, cpu_us=400.0)]
    costs = process_costs([DELIVERY, slow], yardsticks, [ROUNDS * 0.5, ROUNDS * 1.0])
    found = {cost.process: cost for cost in costs}
    gateway = found["gateway"]
    assert (gateway.cpu_us.low, gateway.cpu_us.high) == pytest.approx((100, 200))
    assert gateway.posts is not None
    assert (gateway.posts.low, gateway.posts.median, gateway.posts.high) == pytest.approx([0.5] * 3)
    assert gateway.rounds is not None
    assert gateway.rounds.high == pytest.approx(200)
    ours = found[OURS]
    assert ours.posts is not None
    assert ours.posts.median == pytest.approx(0.75)


def test_a_yardstick_that_was_not_measured_is_left_out() -> None:
    costs = cost_as_dict(process_costs([DELIVERY], [], [ROUNDS * 1.0]))
    assert costs["postgres"] == {
        "cpu_us": pytest.approx([20] * 3),
        "loop_rounds": pytest.approx([20] * 3),
    }
    assert process_costs([], [], []) == []
