"""Running one seed: the scenario happens, then time goes on until everything is done."""

import asyncio
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from angarium_contracts.attempts import AttemptTrigger
from angarium_worker.application.by_hand import ResentRow
from angarium_worker.application.records import Lane, StorageDown, delays_text

from .gateway_model import GatewayModel, Message
from .invariants import BOUNDED, NO_ERROR, NOTHING_FORGOTTEN, Delivery, Invariants
from .processes import Machine, Service
from .scenario import TROUBLE_ENDS_S, Event, Scenario, draw
from .simulated_worker import EPOCH_S, Parts, SimulatedWorker, Surroundings
from .stored_rows import StoredRows
from .surroundings import DirectoryModel, NetworkModel

QUIET_WITHIN_S = 900.0
TICKS_MAX = 400_000
IDLE_S = 4.0
CALLS_PER_IDLE_S_MAX = 12
"""Of one worker that has nothing to do."""
STALLED_S = 5.0
CALLS_PER_STALLED_S_MAX = 250
"""Of one worker while nothing moves on: what is not confirmed is asked for 20 times a second."""
REAL_PARTS = Parts()


@dataclass(frozen=True, slots=True)
class Found:
    """An invariant that did not hold."""

    seed: int
    invariant: str
    text: str
    at_s: float

    def __str__(self) -> str:
        return f"seed {self.seed}, at {self.at_s:.4f} s: {self.invariant}: {self.text}"


def run_seed(seed: int, parts: Parts = REAL_PARTS, trace: list[str] | None = None) -> Found | None:
    """Run a seed; gives the first violation. With `trace`, all events are noted in it."""
    with _silent_logs(silent=True):
        simulation = Simulation(draw(seed), parts, trace)
        try:
            simulation.run()
        finally:
            simulation.machine.bury()
    violation = simulation.machine.violation
    return None if violation is None else Found(seed, *violation)


@contextmanager
def _silent_logs(*, silent: bool) -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)


class Simulation:
    """The world of one seed."""

    def __init__(self, scenario: Scenario, parts: Parts, trace: list[str] | None) -> None:
        self.scenario = scenario
        self.machine = machine = Machine(scenario.seed)
        machine.trace = trace
        self.watch = watch = Invariants(
            machine,
            faultless=scenario.faultless,
            roomy=scenario.roomy,
            default_delays=len(scenario.options.delays_s),
        )
        offset_s = EPOCH_S + machine.random.uniform(-100, 100)
        self.rows = StoredRows(lambda: int((offset_s + machine.now_s) * 1e6), watch)
        watch.rows = self.rows
        self.storage = Service(machine, StorageDown)
        self.storage.slow = scenario.slow_storage
        self.directory = DirectoryModel(machine)
        self.gateway = GatewayModel(machine, self.directory, watch)
        self.gateway.spread = scenario.spread_s
        self.network = NetworkModel(machine, self.directory, watch.begun, watch.ended)
        self._around = Surroundings(
            machine,
            self.storage,
            self.rows,
            self.gateway,
            self.directory,
            self.network,
            watch.confirmed,
            scenario.options,
            parts,
        )
        self.workers: list[SimulatedWorker] = []
        self._started = 0
        self._plan()

    def _plan(self) -> None:
        for endpoint in self.scenario.endpoints:
            self.network.by_host[endpoint.state.url.split("/")[2]] = endpoint
            self.directory.change(endpoint)
        for _ in range(self.scenario.workers):
            self.start_worker()
        for at_s, messages in self.scenario.posts:
            self.machine.later(at_s, self._post, messages)
        for event in self.scenario.events:
            self.machine.later(event.at_s, self._happen, event)

    def _post(self, messages: list[Message]) -> None:
        self.gateway.post(messages)

    def start_worker(self) -> None:
        """A new process, with a new name."""
        self._started += 1
        process = self.machine.start(f"worker-{self._started}")
        self.machine.note(f"{process.name} starts")
        worker = SimulatedWorker(process, self._around)
        worker.task.add_done_callback(lambda task: self._ended(worker, task))
        self.workers.append(worker)

    def _ended(self, worker: SimulatedWorker, task: asyncio.Task[None]) -> None:
        process = worker.process
        if process.muted:
            return
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.machine.note("".join(traceback.format_exception(error)))
        if error is not None or not process.stopping:
            self.machine.violate(NO_ERROR, f"{process.name} ended: {error!r}")
        self._stopped(worker)

    # Events

    def _happen(self, event: Event) -> None:
        self.machine.note(f"{event.kind} ({event.worker}, {event.target}, {event.lasts_s:.2f})")
        match event.kind:
            case "kill" | "freeze" | "stop":
                self._hit_worker(event)
            case "storage away":
                self.storage.down_until_s = self._until(event)
            case "stream away":
                self.gateway.stream.down_until_s = self._until(event)
            case "directory away":
                self.directory.service.down_until_s = self._until(event)
            case "gateway away":
                self.gateway.questions.down_until_s = self._until(event)
            case "storage flaky":
                self.storage.flaky = 0.15
                self.machine.later(event.lasts_s, setattr, self.storage, "flaky", 0.0)
            case "no connections":
                self.network.no_connection = 0.3
                self.machine.later(event.lasts_s, setattr, self.network, "no_connection", 0.0)
            case "entries lost":
                self.gateway.lose(self.machine.random.choice((0.3, 1.0)))
            case "cancel" | "cancel all" | "resend" | "resend missing":
                self._by_hand(event)
            case _:
                self._change(event)

    def _until(self, event: Event) -> float:
        return min(self.machine.now_s + event.lasts_s, TROUBLE_ENDS_S)

    def _hit_worker(self, event: Event) -> None:
        live = [each for each in self.workers if each.process.alive and not each.process.stopping]
        if not live:
            return
        worker = live[event.worker % len(live)]
        process = worker.process
        match event.kind:
            case "kill":
                self.machine.kill(process)
                self.workers.remove(worker)
                self.machine.later(min(event.lasts_s, 3.0), self.start_worker)
            case "freeze" if not process.frozen:
                self.machine.freeze(process)
                self.machine.later(event.lasts_s, self.machine.thaw, process)
            case "stop" if not process.frozen:
                process.stopping = True
                worker.task.cancel()

    def _stopped(self, worker: SimulatedWorker) -> None:
        self.machine.note(f"{worker.process.name} has stopped")
        if worker.process.alive:
            self.machine.kill(worker.process)
            self.workers.remove(worker)
        self.machine.later(0.1, self.start_worker)

    def _change(self, event: Event) -> None:
        endpoint = self.scenario.endpoints[event.target]
        if endpoint.state.deleted:
            return
        match event.kind:
            case "url":
                self.directory.change(endpoint, url=f"{endpoint.state.url}/again")
            case "disable":
                self.directory.change(endpoint, disabled=True)
            case "disable and enable":
                self.directory.change(endpoint, disabled=True)
                self.machine.later(event.lasts_s, self._enable, event.target)
            case "delete":
                self.directory.change(endpoint, deleted=True)
            case "options":
                endpoint.steady = False
                fifo = self.machine.random.random() < 0.5
                self.directory.change(endpoint, fifo=fifo, throttle_rate=None, concurrency_max=None)

    def _enable(self, target: int) -> None:
        endpoint = self.scenario.endpoints[target]
        if endpoint.state.disabled and not endpoint.state.deleted:
            self.directory.change(endpoint, disabled=False)

    def _by_hand(self, event: Event) -> None:
        endpoint = self.scenario.endpoints[event.target]
        deliveries = [each for each in self.watch.of_endpoint[endpoint.state.id] if each.on_record]
        if not deliveries:
            return
        chosen = self.machine.random.sample(deliveries, k=min(3, len(deliveries)))
        if event.kind in ("resend", "resend missing"):
            if not (endpoint.state.disabled or endpoint.state.deleted):
                rows = [_resent(each) for each in chosen]
                missing = event.kind == "resend missing"
                self.rows.resend(rows, missing, self.scenario.options.lease_s)
            return
        self.watch.cancelled_by_hand = True
        message_id = chosen[0].key[0] if event.kind == "cancel" else None
        lease_s = self.scenario.options.lease_s
        self.rows.cancel(message_id, endpoint.state.id, "cancelled", True, 1_000, lease_s)

    # Running

    def run(self) -> None:
        """Until everything is done, or an invariant does not hold."""
        machine = self.machine
        self._run_to(TROUBLE_ENDS_S)
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
            self._check_idle()

    def _run_to(self, until_s: float) -> None:
        machine, scheduler = self.machine, self.machine.scheduler
        stalled = _Stall(self)
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

    def __init__(self, simulation: Simulation) -> None:
        self._machine = simulation.machine
        self.look()

    def look(self) -> None:
        machine = self._machine
        calls = {process: process.calls for process in machine.processes}
        if hasattr(self, "_calls") and self._progress == machine.progress:
            for process, count in calls.items():
                made = count - self._calls.get(process, count)
                if made > CALLS_PER_STALLED_S_MAX * STALLED_S:
                    machine.violate(
                        BOUNDED, f"{process.name}: {made} calls to no effect in {STALLED_S} s"
                    )
        self._calls = calls
        self._progress = machine.progress
        self.until_s = machine.now_s + STALLED_S


def _resent(delivery: Delivery) -> ResentRow:
    message, state = delivery.message, delivery.endpoint.state
    strict = state.fifo or state.throttle_rate or state.concurrency_max
    lane = None if not strict else int(Lane.FIRST if state.fifo else Lane.RETRY)
    return ResentRow(
        message.id,
        state.id,
        message.application_id,
        message.tenant_id,
        "a.b",
        message.payload,
        state.version,
        None,
        None,
        delays_text(message.retry_delays_s),
        message.weight,
        lane,
    )


MANUAL = int(AttemptTrigger.MANUAL)
