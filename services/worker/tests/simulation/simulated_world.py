"""The world of one seed: what stands in it, and what happens to it."""

import asyncio
import traceback

from angarium_contracts.deliveries import CancelDeliveries, ResendDeliveries, ResentMessage
from angarium_worker.application.ledger.records import StorageDown
from angarium_worker.application.operations.operator_commands import OperatorCommand

from .deliveries import NO_ERROR, Delivery
from .gateway_model import GatewayModel
from .invariants import Invariants
from .messages import Message
from .processes import Machine, Service
from .scenario import TROUBLE_ENDS_S, Event, Scenario
from .simulated_worker import SimulatedWorker
from .stored_rows import StoredRows
from .surroundings import DirectoryModel, NetworkModel
from .virtual_time import EPOCH_S
from .worker_parts import Surroundings

TRIES_TO_HURT = 200


class SimulatedWorld:
    """The world of one seed."""

    def __init__(self, scenario: Scenario, trace: list[str] | None) -> None:
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

    def calm_down(self) -> None:
        """Nothing is wrong any more."""
        self.storage.flaky = self.network.no_connection = 0.0

    def _until(self, event: Event) -> float:
        return min(self.machine.now_s + event.lasts_s, TROUBLE_ENDS_S)

    def _hit_worker(self, event: Event, tries_left: int = TRIES_TO_HURT) -> None:
        """Every other time when it hurts: while attempts under a lease are under way."""
        live = [each for each in self.workers if each.process.runs and not each.process.stopping]
        if event.target % 2 and tries_left and not any(each.worker.leased._open for each in live):
            self.machine.later(0.01, self._hit_worker, event, tries_left - 1)
            return
        if not live:
            return
        busy = [each for each in live if each.worker.leased._open]
        chosen = busy if busy and event.target % 2 else live
        worker = chosen[event.worker % len(chosen)]
        process = worker.process
        self.machine.note(f"{process.name}: {event.kind}")
        match event.kind:
            case "kill":
                self.machine.kill(process)
                self.workers.remove(worker)
                self.machine.later(min(event.lasts_s, 3.0), self.start_worker)
            case "freeze":
                self.machine.freeze(process)
                self.machine.later(event.lasts_s, self.machine.thaw, process)
            case _:
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
        live = [each for each in self.workers if each.process.runs and not each.process.stopping]
        if not live:
            return
        if event.kind.startswith("resend"):
            command: OperatorCommand = _resending(
                chosen, only_missing=event.kind == "resend missing"
            )
        else:
            self.watch.cancelled_by_hand = True
            command = CancelDeliveries(
                reason="not wanted",
                message_id=chosen[0].key[0] if event.kind == "cancel" else None,
                endpoint_id=endpoint.state.id,
            )
        worker = self.machine.random.choice(live)
        worker.process.loop.create_task(worker.worker.commands.answer(command))


def _resending(deliveries: list[Delivery], *, only_missing: bool) -> ResendDeliveries:
    endpoint = deliveries[0].endpoint.state
    return ResendDeliveries(
        tenant_id=endpoint.tenant_id,
        application_id=endpoint.application_id,
        endpoint_id=endpoint.id,
        endpoint_version=endpoint.version,
        messages=tuple(
            ResentMessage(
                id=each.message.id,
                event_type="a.b",
                payload=each.message.payload,
                retry_delays_s=each.message.retry_delays_s,
            )
            for each in deliveries
        ),
        weight=deliveries[0].message.weight,
        only_missing=only_missing,
    )
