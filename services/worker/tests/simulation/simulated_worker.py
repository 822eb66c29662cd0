"""One worker: the real parts, put together as in `main`, over the models."""

import asyncio
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, cast

from angarium_contracts.ids import IdMaker
from angarium_worker.application.capacity.delivery_slots import DeliverySlots
from angarium_worker.application.capacity.wake_signal import WakeSignal
from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.delivery.drain import drain
from angarium_worker.application.delivery.first_attempts import FirstAttempts
from angarium_worker.application.delivery.make_attempt import MakeAttempt
from angarium_worker.application.delivery.retry_scheduler import RetryScheduler
from angarium_worker.application.endpoints.closed_endpoints import ClosedEndpoints
from angarium_worker.application.endpoints.endpoint_cache import EndpointCache
from angarium_worker.application.endpoints.endpoint_changes import EndpointChanges
from angarium_worker.application.endpoints.endpoint_guards import EndpointGuards
from angarium_worker.application.endpoints.endpoint_health import EndpointHealth
from angarium_worker.application.endpoints.gone_endpoints import GoneEndpoints
from angarium_worker.application.endpoints.retry_after_cache import RetryAfterCache
from angarium_worker.application.lanes.lane_context import LaneContext
from angarium_worker.application.ledger.recorder import Recorder
from angarium_worker.application.ledger.records import StorageDown
from angarium_worker.application.operations.operator_commands import OperatorCommands
from angarium_worker.domain.endpoint_health import DisableRule
from angarium_worker.domain.fair_turns import SlotShares
from angarium_worker.domain.retry_schedule import RetrySchedule
from angarium_worker.pipeline import FENCE_BITS

from .database_model import DatabaseModel, HealthModel
from .gateway_links import OrderLink, SettlementLink
from .processes import Process
from .surroundings import DirectoryLink, SenderModel
from .worker_parts import Surroundings

EPOCH_S = 1_700_000_000


class SimulatedWorker:
    """One worker process, from its start to its end. `run()` until cancelled, as `main.run`."""

    def __init__(self, process: Process, around: Surroundings) -> None:
        self.process = process
        self._around = around
        self._options = around.options
        self._clock = around.machine.scheduler
        self._random = Random(f"{process.name} {around.machine.random.random()}")
        options = around.options
        self.tally = WorkerCounters()
        self.room = DeliverySlots(sending_max=options.sending_max, bytes_max=options.bytes_max)
        self.database = DatabaseModel(
            process,
            around.storage,
            around.rows,
            lease_s=options.lease_s,
            confirmed=around.confirmed,
        )
        self.recorder = Recorder(self.database)
        self.settlement = SettlementLink(process, around.gateway)
        owner = DirectoryLink(process, around.directory)
        self.book = EndpointCache(self.database, owner, lambda sealed, _: sealed)
        self._gone = GoneEndpoints(self.book, owner, self.database, lease_s=options.lease_s)
        self._closed = ClosedEndpoints(self.database, self.book, lease_s=options.lease_s)
        self._health = EndpointHealth(
            HealthModel(process, around.storage, around.rows, around.health),
            owner,
            DisableRule(options.disable_after_s),
            clock_ns=self.clock_ns,
        )
        self.gates = EndpointGuards(process.loop.time, self._random.random)
        self.shares = SlotShares(options.sending_max)
        process.is_probing = self._is_probing
        self.task = process.loop.create_task(self.run())

    def clock_ns(self) -> int:
        return int((EPOCH_S + self._clock.now_s) * 1e9)

    def _is_probing(self, endpoint_id: bytes) -> bool:
        gate = self.gates.known(endpoint_id)
        return gate is not None and gate.guard.state == "probing"

    def _build(self, tasks: asyncio.TaskGroup) -> None:
        around, options = self._around, self._options
        make = MakeAttempt(
            SenderModel(self.process, around.network),
            RetrySchedule(options.delays_s),
            self.tally,
            RetryAfterCache(self.clock_ns),
            self._gone,
            self._health,
            timeout_s=options.timeout_s,
            timeout_s_max=options.lease_s - 5.0,
            make_id=IdMaker(self.clock_ns, self._random.getrandbits),
            clock_ns=self.clock_ns,
            random=self._random.random,
        )
        bell, lane_bell = WakeSignal(), WakeSignal()
        self.leased = around.parts.leased(
            make, self.recorder, self.gates, self.shares, self.room, self.tally, bell, lane_bell
        )
        self._retries = RetryScheduler(
            ledger=self.database,
            book=self.book,
            leased=self.leased,
            make=make,
            gates=self.gates,
            room=self.room,
            bell=bell,
            tasks=tasks,
            lease_s=options.lease_s,
        )
        self._build_lanes(make, lane_bell)
        self._build_delivery(make, bell, lane_bell, tasks)

        self.commands = OperatorCommands(
            self.database,
            self.book,
            *[cast("Any", None)] * 3,  # no questions are asked
            notify=partial(_notify, bell, lane_bell),
            lease_s=options.lease_s,
        )

    def _build_lanes(self, make: MakeAttempt, bell: WakeSignal) -> None:
        around, options = self._around, self._options
        parts = LaneContext(
            leased=self.leased,
            make=make,
            gates=self.gates,
            order=OrderLink(self.process, around.gateway),
            close=self._closed.close,
            bell=bell,
        )
        self.lanes = around.parts.lanes(
            lanes=self.database,
            ledger=self.database,
            book=self.book,
            parts=parts,
            room=self.room,
            bell=bell,
            lease_s=options.lease_s,
            turn_s=options.turn_s,
        )
        self.book.on_change = EndpointChanges(
            self.gates, self.lanes, self._closed.changed, self._health.changed
        )

    def _build_delivery(
        self, make: MakeAttempt, bell: WakeSignal, lane_bell: WakeSignal, tasks: asyncio.TaskGroup
    ) -> None:
        options = self._options
        firsts = FirstAttempts(
            book=self.book,
            make=make,
            gates=self.gates,
            shares=self.shares,
            leased=self.leased,
            room=self.room,
        )
        self.deliver = self._around.parts.deliver(
            book=self.book,
            make=make,
            firsts=firsts,
            leased=self.leased,
            ledger=self.database,
            recorder=self.recorder,
            settlement=self.settlement,
            room=self.room,
            tally=self.tally,
            tasks=tasks,
            bell=bell,
            lane_bell=lane_bell,
            linger_s=options.linger_s,
            lease_s=options.lease_s,
            entry_lease_s=options.lease_s,
            first_fence=1 + self._random.getrandbits(FENCE_BITS),
        )

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._build(tasks)
            support = [
                tasks.create_task(work())
                for work in (
                    self.recorder.run,
                    self.settlement.commits.run,
                    self._gone.run,
                    self._closed.run,
                    self._health.run,
                )
            ]
            try:
                await self._work()
            finally:
                for task in support:
                    task.cancel()

    async def _work(self) -> None:
        try:
            async with asyncio.TaskGroup() as intake:
                intake.create_task(self._read(abandoned=False))
                intake.create_task(self._read(abandoned=True))
                intake.create_task(self._follow())
                intake.create_task(self._retries.run())
                intake.create_task(self.lanes.run())
                intake.create_task(self._stop_taking_when_cancelled())
        finally:
            await drain(
                self.deliver,
                self._retries,
                self.lanes,
                self.leased,
                self.database,
                self.room,
                grace_s=self._options.grace_s,
            )

    async def _stop_taking_when_cancelled(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.deliver.stop()

    async def _read(self, *, abandoned: bool) -> None:
        read = partial(self._around.gateway.read, self.process, abandoned=abandoned)
        while True:
            for entry in await read():
                took = await self.deliver.take(entry.value, entry, redelivered=entry.redelivered)
                if not took:
                    return

    async def _follow(self) -> None:
        directory, version = self._around.directory, -1
        while version < 0:
            with suppress(StorageDown):
                version = await self.book.version()
                break
            await asyncio.sleep(0.5)
        while True:
            states = directory.since(version)
            if states:
                await self.book.apply(states[-1].version, (), states)
                version = states[-1].version
            else:
                await directory.changed(self.process)

    def counters(self) -> tuple[int, ...]:
        """What must never be below zero."""
        room = self.room
        return (
            room.sending,
            room.slow,
            room.retries,
            room.waiting,
            room.in_hand,
            room.bytes_in_hand,
        )

    def leftovers(self) -> dict[str, int]:
        """What must be empty when nothing is to be done any more."""
        gates = self.gates._gates.values()
        return {
            "room": sum(self.counters()),
            "in flight": len(self.deliver._in_flight._keys),
            "leased": len(self.leased._open),
            "records": self.recorder.open,
            "settlements": self.settlement.commits.open,
            "shares": len(self.shares),
            "guarded": sum(gate.guard.in_flight for gate in gates),
            "queued": sum(len(gate.queue) for gate in gates),
            "lanes": self.lanes.held,
            "closing": len(self._closed),
        }


def _notify(*bells: WakeSignal) -> None:
    for bell in bells:
        bell.notify(0)
