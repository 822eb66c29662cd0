"""Many workers and endpoints: `simulate_large` runs the real worker a hundred times in one
process, on virtual time, and prints whether fairness, retry budgets and recovery hold.

A fifth of the endpoints goes down, answers now and then, and comes back; meanwhile one tenant
floods slow endpoints. Nothing here is real but the worker's code: no second that it takes counts.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from angarium_worker.application.ledger.records import StorageDown
from angarium_worker.domain.shared_limits import RETRIES_MAX, RETRIES_PER_S

from .gateway_model import GatewayModel
from .indexed_rows import IndexedRows
from .large_scenario import Population, Size
from .large_watch import Kind, LargeWatch
from .processes import Machine, Service
from .simulated_worker import SimulatedWorker
from .surroundings import DirectoryModel, NetworkModel
from .virtual_time import EPOCH_S
from .worker_parts import Surroundings

POST_EVERY_S = 0.05
DRAIN_S_MAX = 900.0
PEAK_OVER_S = 10
LEARNED_S = 10
"""So long after the beginning of an outage, every worker knows which endpoints are down."""
EARNED_BY_FIRST = 0.25
"""Retries that a first attempt of an overloaded endpoint earns."""


class FastGateway(GatewayModel):
    """Wakes one reader for each entry: a hundred would look for it otherwise."""

    def _wake(self, *, abandoned: bool) -> None:
        for at, (_, of_abandoned, future) in enumerate(self._reading):
            if of_abandoned is abandoned and not future.done():
                del self._reading[at]
                future.set_result(None)
                return


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the result."""

    name: str
    value: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.name:<64} {self.value:>12,.3f} {self.unit}"


class LargeWorld:
    """The world of one size and seed."""

    def __init__(self, size: Size, seed: int) -> None:
        self.size = size
        self.machine = machine = Machine(seed)
        self.population = Population(size, seed)
        self.watch = watch = LargeWatch(self.population)
        self.rows = IndexedRows(lambda: int((EPOCH_S + machine.now_s) * 1e6), watch)
        directory = DirectoryModel(machine)
        self.gateway = FastGateway(machine, directory, watch)
        self.gateway.spread = 0.01
        network = NetworkModel(machine, directory, watch.begun, watch.ended)
        for endpoint in (*self.population.usual, *self.population.flooded):
            network.by_host[endpoint.state.url.split("/")[2]] = endpoint
            directory.version += 1
            directory.endpoints[endpoint.state.id] = endpoint
            self.rows.copy[endpoint.state.id] = endpoint.state
        self.rows.copy_version = directory.version
        around = Surroundings(
            machine,
            Service(machine, StorageDown),
            self.rows,
            self.gateway,
            directory,
            network,
            lambda *_: None,
            size.options,
        )
        self.workers = [
            SimulatedWorker(machine.start(f"worker-{number}"), around)
            for number in range(size.workers)
        ]
        self._posted = self._flooded = 0
        machine.later(0.5, self._post)

    def _post(self) -> None:
        now_s, size = self.machine.now_s, self.size
        if now_s > size.ends_s:
            return
        due = int(size.rate * now_s) - self._posted
        self._posted += due
        if due:
            self.gateway.post(self.population.usual_messages(due))
        if size.down_at_s <= now_s < size.half_at_s:
            flood = int(size.flood_rate * (now_s - size.down_at_s)) - self._flooded
            self._flooded += flood
            if flood:
                self.gateway.post(self.population.flood_messages(flood))
        self.machine.later(POST_EVERY_S, self._post)

    def run(self) -> None:
        """Until everything is delivered, or an error or the time ends it."""
        self._run_to(self.size.ends_s + 1)
        until_s = self.size.ends_s + DRAIN_S_MAX
        while self.watch.missing and self.machine.now_s < until_s and not self.machine.violation:
            self._run_to(self.machine.now_s + 1.0)

    def _run_to(self, until_s: float) -> None:
        scheduler = self.machine.scheduler
        while self.machine.violation is None:
            if scheduler.step(until_s) is False:
                return

    def findings(self) -> list[Finding]:
        """The findings of the run."""
        watch, size = self.watch, self.size
        steady = (int(size.steady_s / 2), int(size.steady_s))
        trouble = (int(size.down_at_s), int(size.half_at_s))
        back = (int(size.up_at_s), int(size.up_at_s) + 60)
        quiet = {
            name: percentile(self._latencies(Kind.QUIET, *between), 0.99) * 1_000
            for name, between in (("steady", steady), ("trouble", trouble), ("back", back))
        }
        usual_per_s = self._requests(Kind.DOWN, *steady) / (steady[1] - steady[0])
        retries = sum(watch.retries[Kind.DOWN, second] for second in range(*trouble))
        requests = self._requests(Kind.DOWN, *trouble)
        down = self._requests(Kind.DOWN, *trouble) / (trouble[1] - trouble[0])
        peak = max(
            self._requests(Kind.DOWN, at, at + PEAK_OVER_S) / PEAK_OVER_S
            for at in range(back[0], int(size.ends_s + 120))
        )
        return [
            Finding("deliveries", watch.accepted_deliveries),
            Finding("not delivered", watch.missing),
            Finding("requested again after a success", watch.duplicates),
            Finding("quiet endpoints: p99 to the first request, steady", quiet["steady"], "ms"),
            Finding("quiet endpoints: p99 beside flood and outage", quiet["trouble"], "ms"),
            Finding("quiet endpoints: p99 while the others come back", quiet["back"], "ms"),
            Finding("flood: requests at a time, at most", watch.in_flight_max[Kind.FLOODED]),
            Finding("slots of all workers", size.workers * size.sending_max),
            Finding("down endpoints: usual requests", usual_per_s, "/s"),
            Finding("down endpoints: requests a second while down, by usual", down / usual_per_s),
            Finding("down endpoints: share of retries", retries / max(1, requests) * 100, "%"),
            Finding("down endpoints: retries by what the budget allows", self.budget_used()),
            Finding(f"down endpoints: peak of {PEAK_OVER_S} s, by usual", peak / usual_per_s),
            self._end(),
        ]

    def budget_used(self) -> float:
        """Retries of the endpoints that are down, by those that their first attempts and the
        limits of one worker allow; above 1: the workers together do not keep to the budget."""
        watch, size = self.watch, self.size
        seconds = range(int(size.down_at_s) + LEARNED_S, int(size.half_at_s))
        firsts = sum(watch.firsts[Kind.DOWN, second] for second in seconds)
        retries = sum(watch.retries[Kind.DOWN, second] for second in seconds)
        unearned = RETRIES_MAX + RETRIES_PER_S * len(seconds)
        return retries / (EARNED_BY_FIRST * firsts + unearned)

    def failed(self) -> bool:
        """True if something does not hold that must."""
        watch = self.watch
        return bool(
            self.machine.violation or watch.missing or watch.duplicates or self.budget_used() > 1
        )

    def _end(self) -> Finding:
        took_s = self.machine.now_s - self.size.up_at_s
        if self.watch.missing:
            return Finding(
                "still not everything delivered after the end of the outage", took_s, "s"
            )
        return Finding("everything delivered after the end of the outage", took_s, "s")

    def _latencies(self, kind: Kind, first: int, end: int) -> Iterable[float]:
        return [
            each for second in range(first, end) for each in self.watch.latencies_s[kind, second]
        ]

    def _requests(self, kind: Kind, first: int, end: int) -> int:
        watch = self.watch
        return sum(
            watch.firsts[kind, second] + watch.retries[kind, second] for second in range(first, end)
        )


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of them does not exceed; 0 without any."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@contextmanager
def silent_logs() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)


def run_large(size: Size, seed: int) -> LargeWorld:
    """Run a world to its end. Its `machine.violation` is an error that nobody handled."""
    with silent_logs():
        world = LargeWorld(size, seed)
        try:
            world.run()
        finally:
            world.machine.bury()
    return world


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="simulate_large", description=__doc__)
    defaults = Size()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--endpoints", type=int, default=defaults.endpoints)
    parser.add_argument("--workers", type=int, default=defaults.workers)
    parser.add_argument("--rate", type=float, default=defaults.rate)
    parser.add_argument("--steady", type=float, default=defaults.steady_s, help="s before (40)")
    parser.add_argument("--down", type=float, default=defaults.down_s, help="s of outage (60)")
    parser.add_argument("--after", type=float, default=defaults.after_s, help="s of load (60)")
    parser.add_argument("--slots", type=int, default=defaults.sending_max, help="of a worker")
    given = parser.parse_args()
    size = Size(
        endpoints=given.endpoints,
        workers=given.workers,
        rate=given.rate,
        flood_rate=given.rate,
        sending_max=given.slots,
        steady_s=given.steady,
        down_s=given.down,
        after_s=given.after,
    )
    began_s = time.monotonic()
    world = run_large(size, given.seed)
    for finding in world.findings():
        print(finding)
    print(f"{world.machine.scheduler.ticks:,} turns in {time.monotonic() - began_s:.0f} s")
    if world.machine.violation is not None:
        print(*world.machine.violation)
    return 1 if world.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
