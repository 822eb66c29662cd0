"""The world of many endpoints, small; and its database with indexes beside the one without."""

from dataclasses import replace

import pytest
from angarium_worker.application.ledger.records import AttemptRow

from . import simulate_large, simulated_world
from .indexed_rows import IndexedRows
from .large_scenario import Population, Size
from .large_watch import Kind
from .ledger_rows import LedgerRows
from .row_shapes import Pending
from .run_seed import run_seed
from .simulate_large import percentile, run_large

SMALL = Size(
    endpoints=50,
    workers=4,
    rate=15.0,
    flood_rate=15.0,
    sending_max=4,
    tenants=5,
    steady_s=4.0,
    down_s=4.0,
    half_s=2.0,
    after_s=4.0,
)
FLOODED = Size(
    endpoints=400,
    workers=1,
    rate=1.0,
    flood_rate=80.0,
    sending_max=2,
    steady_s=1.0,
    down_s=4.0,
    half_s=1.0,
    after_s=1.0,
)
DOWN = Size(
    endpoints=300,
    workers=10,
    rate=30.0,
    flood_rate=0.0,
    sending_max=4,
    steady_s=2.0,
    down_s=30.0,
    half_s=2.0,
    after_s=1.0,
)
SEEDS = 40


class KeepingRows(IndexedRows):
    """With the attempts, which the invariants of small worlds need."""

    def _append(self, process: str, attempt: AttemptRow, held: Pending | None) -> None:
        LedgerRows._append(self, process, attempt, held)


def test_indexes_change_nothing_of_what_calls_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated_world, "StoredRows", KeepingRows)
    for seed in range(SEEDS):
        assert run_seed(seed) is None


def test_everything_is_delivered_once_in_a_large_world() -> None:
    world = run_large(SMALL, seed=3)
    watch = world.watch
    assert world.machine.violation is None
    assert (watch.missing, watch.duplicates) == (0, 0)
    assert watch.accepted_deliveries >= SMALL.rate * SMALL.ends_s - 1
    assert not [key for key in watch.retries if key[0] is Kind.QUIET]
    assert sum(watch.in_flight.values()) == 0
    found = {finding.name: finding.value for finding in world.findings()}
    assert found["deliveries"] == watch.accepted_deliveries
    assert found["flood: requests at a time, at most"] <= found["slots of all workers"] * 5


def test_workers_share_the_lanes_of_a_flood() -> None:
    alone, together = run_large(FLOODED, seed=1), run_large(replace(FLOODED, workers=4), seed=1)
    assert (alone.watch.missing, together.watch.missing) == (0, 0)
    took_s = [world.machine.now_s - FLOODED.ends_s for world in (alone, together)]
    assert took_s[1] <= took_s[0] / 3


def test_workers_keep_to_the_budget_of_retries_together() -> None:
    world = run_large(DOWN, seed=1)
    assert world.watch.missing == 0
    assert world.budget_used() <= 1
    assert not world.failed()


def test_a_run_that_does_not_keep_to_the_budget_fails() -> None:
    world = run_large(replace(DOWN, told_workers=1), seed=1)
    assert world.budget_used() > 1
    assert world.failed()


def test_a_run_that_ends_before_everything_is_delivered_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulate_large, "DRAIN_S_MAX", -20.0)
    world = run_large(DOWN, seed=1)
    assert world.watch.missing
    assert world.failed()
    last = world.findings()[-1]
    assert last.name == "still not everything delivered after the end of the outage"


def test_a_fifth_goes_down_and_busy_endpoints_get_more() -> None:
    population = Population(Size(), seed=1)
    down = [each for each in population.usual if population.goes_down(each)]
    assert len(down) == 2_000
    assert not any(population.goes_down(each) for each in population.flooded)
    counts = [0, 0]
    for message in population.usual_messages(2_000):
        counts[message.endpoints[0].number < 1_000] += 1
    assert counts[1] > counts[0] * 0.6


def test_a_percentile_is_a_value_that_was_there() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([], 0.99) == 0.0
