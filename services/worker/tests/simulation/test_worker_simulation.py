"""Seeded runs of the real worker in a world that fails: whatever happens, the invariants of the
design hold at every step. `make simulate SEED=…` replays one, with its log of events."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .mutations import MUTATIONS, mutated
from .run_seed import run_seed
from .scenario import draw

SEEDS = 600
SEEDS_PER_TEST = 50
SEEDS_TO_CATCH_MAX = 600


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_PER_TEST))
def test_every_invariant_holds_in_every_seed_from(first: int) -> None:
    for seed in range(first, first + SEEDS_PER_TEST):
        found = run_seed(seed)
        assert found is None, f"{found}; make simulate SEED={seed} replays it"


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_simulation_catches_a_worker_that(name: str) -> None:
    mutation = MUTATIONS[name]
    with mutated(mutation):
        for seed in range(SEEDS_TO_CATCH_MAX):
            found = run_seed(seed)
            if found is not None and found.invariant in mutation.breaks:
                return
    pytest.fail(f"no worker that {name} was caught in {SEEDS_TO_CATCH_MAX} seeds")


def test_a_seed_gives_the_same_run_in_every_process() -> None:
    runs = []
    for hash_seed in ("1", "2"):
        replay = subprocess.run(
            [sys.executable, "-m", "simulation.simulate", "7"],
            cwd=Path(__file__).parents[1],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            timeout=60,
        )
        runs.append(replay.stdout)
    assert runs[0] == runs[1]
    assert runs[0].count(b"\n") > 20


def test_seeds_with_and_without_faults_are_drawn() -> None:
    scenarios = [draw(seed) for seed in range(200)]
    kinds = {event.kind for each in scenarios for event in each.events}
    assert {"kill", "freeze", "stop", "storage away", "entries lost", "resend", "delete"} <= kinds
    faultless = [each for each in scenarios if each.faultless]
    assert len(faultless) == 50
    assert not any(event.kind == "kill" for each in faultless for event in each.events)
