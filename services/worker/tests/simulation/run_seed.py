"""Running one seed: the scenario happens, then time goes on until everything is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from .deliveries import BOUNDED, NOTHING_FORGOTTEN
from .processes import Machine, Process
from .scenario import Scenario, draw
from .simulated_world import SimulatedWorld

QUIET_WITHIN_S = 900.0
TICKS_MAX = 400_000
IDLE_S = 4.0
CALLS_PER_IDLE_S_MAX = 12
"""Of one worker that has nothing to do."""
STALLED_S = 5.0
CALLS_PER_STALLED_S_MAX = 400
"""Of one worker while nothing moves on: what is not confirmed is asked for 50 times a second."""


@dataclass(frozen=True, slots=True)
class Found:
    """An invariant that did not hold."""

    seed: int
    invariant: str
    text: str
    at_s: float

    def __str__(self) -> str:
        return f"seed {self.seed}, at {self.at_s:.4f} s: {self.invariant}: {self.text}"


def run_seed(seed: int, trace: list[str] | None = None) -> Found | None:
    """Run a seed; gives the first violation. With `trace`, all events are noted in it."""
    with _silent_logs():
        simulation = Simulation(draw(seed), trace)
        try:
            simulation.run()
        finally:
            simulation.machine.bury()
    violation = simulation.machine.violation
    return None if violation is None else Found(seed, *violation)


@contextmanager
def _silent_logs() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)


class Simulation(SimulatedWorld):
    """A world that runs until all is done."""

    def __init__(self, scenario: Scenario, trace: list[str] | None) -> None:
        super().__init__(scenario, trace)
        self._stalled = _Stall(self.machine)

    def run(self) -> None:
        """Until everything is done, or an invariant does not hold."""
        machine = self.machine
        self._run_to(self.scenario.ends_s)
        self.calm_down()
        for process in machine.processes:
            machine.thaw(process)
        while machine.violation is None and not self._is_quiet():
            if machine.now_s > QUIET_WITHIN_S:
                machine.violate(NOTHING_FORGOTTEN, self._why_not_quiet())
                return
            self._run_to(machine.now_s + 0.5)
        if machine.violation is None:
            self._run_to(machine.now_s + 0.5)
            self.watch.check_end()
            if self.scenario.faultless:
                self._check_idle()

    def _run_to(self, until_s: float) -> None:
        machine, scheduler, stalled = self.machine, self.machine.scheduler, self._stalled
        while machine.violation is None:
            ran = scheduler.step(until_s)
            if ran is False:
                return
            if scheduler.now_s >= stalled.until_s:
                stalled.look()
            if ran is not None:
                self._check_counters(ran)
            if scheduler.ticks > TICKS_MAX:
                machine.violate(BOUNDED, "it does not come to an end")

    def _check_counters(self, loop: object) -> None:
        for worker in self.workers:
            if worker.process.loop is loop and min(worker.counters()) < 0:
                self.machine.violate(BOUNDED, f"{worker.process.name}: {worker.counters()}")

    def _is_quiet(self) -> bool:
        return (
            self.gateway.idle
            and not self.rows.pending
            and not self.rows.lanes
            and not any(self.watch.in_flight.values())
            and any(not each.process.stopping for each in self.workers)
            and not any(each.process.stopping for each in self.workers)
            and not any(sum(each.leftovers().values()) for each in self.workers)
        )

    def _why_not_quiet(self) -> str:
        left = {each.process.name: each.leftovers() for each in self.workers}
        busy = {name: {k: v for k, v in found.items() if v} for name, found in left.items()}
        return (
            f"{len(self.rows.pending)} pending, {len(self.rows.lanes)} lanes,"
            f" {len(self.gateway.batches)} open batches, in memory: {busy}"
        )

    def _check_idle(self) -> None:
        calls = {worker.process: worker.process.calls for worker in self.workers}
        self._run_to(self.machine.now_s + IDLE_S)
        for process, before in calls.items():
            if process.calls - before > CALLS_PER_IDLE_S_MAX * IDLE_S:
                self.machine.violate(
                    BOUNDED, f"{process.name}, idle: {process.calls - before} calls in {IDLE_S} s"
                )


class _Stall:
    """Looks now and then whether workers call the database again and again to no effect."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._calls: dict[Process, int] = {}
        self._progress = -1
        self.until_s = 0.0

    def look(self) -> None:
        machine = self._machine
        calls = {process: process.calls for process in machine.processes}
        if self._progress == machine.progress:
            for process, count in calls.items():
                made = count - self._calls.get(process, count)
                if made > CALLS_PER_STALLED_S_MAX * STALLED_S:
                    machine.violate(
                        BOUNDED, f"{process.name}: {made} calls to no effect in {STALLED_S} s"
                    )
        self._calls = calls
        self._progress = machine.progress
        self.until_s = machine.now_s + STALLED_S
