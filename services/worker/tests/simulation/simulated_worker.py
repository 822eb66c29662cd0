"""One simulated worker process: the real worker over models of what surrounds it."""

import asyncio
from contextlib import suppress
from functools import partial
from random import Random

from angarium_contracts.ids import IdMaker
from angarium_worker.adapters.destinations.webhook import WebhookDestination
from angarium_worker.application.destinations.destination import Destinations
from angarium_worker.application.ledger.records import StorageDown
from angarium_worker.build_worker import WorkerPorts, build_worker
from angarium_worker.domain.clocks import Clocks
from angarium_worker.domain.endpoint_health import DisableRule
from angarium_worker.domain.retry_schedule import RetrySchedule
from angarium_worker.domain.worker_settings import WorkerSettings
from angarium_worker.worker import Worker

from .database_model import DatabaseModel, HealthModel
from .gateway_links import OrderLink, SettlementLink
from .messages import Entry
from .processes import Process
from .surroundings import DirectoryLink, SenderModel
from .virtual_time import EPOCH_S
from .worker_parts import Surroundings


class SimulatedWorker:
    """One worker process, from its start until `run()` is cancelled or the process is killed."""

    def __init__(self, process: Process, around: Surroundings) -> None:
        self.process = process
        self._around = around
        self._options = around.options
        self._clock = around.machine.scheduler
        self._random = Random(f"{process.name} {around.machine.random.random()}")
        self._settlement = SettlementLink(process, around.gateway)
        self._tasks = asyncio.TaskGroup()
        self.worker: Worker[Entry] = build_worker(
            self._ports(), self._settings(), self._clocks(), self._tasks
        )
        self.worker.endpoints.guards.share_with(self._options.workers)
        process.is_probing = self._is_probing
        self.task = process.loop.create_task(self.run())

    def _ports(self) -> WorkerPorts[Entry]:
        process, around = self.process, self._around
        database = DatabaseModel(
            process,
            around.storage,
            around.rows,
            lease_s=around.options.lease_s,
            confirmed=around.confirmed,
        )
        return WorkerPorts(
            ledger=database,
            manual_ledger=database,
            lanes=database,
            endpoint_copy=database,
            endpoint_owner=DirectoryLink(process, around.directory),
            health_rows=HealthModel(process, around.storage, around.rows, around.health),
            order=OrderLink(process, around.gateway),
            destinations=Destinations(WebhookDestination(SenderModel(process, around.network))),
            settlement=self._settlement,
            open_sealed=lambda sealed, _: sealed,
            wake_outbox=lambda: None,
        )

    def _settings(self) -> WorkerSettings:
        options = self._options
        return WorkerSettings(
            deliveries_in_flight_max=options.sending_max,
            payload_bytes_in_hand_max=options.bytes_max,
            attempt_timeout_s=options.timeout_s,
            schedule=RetrySchedule(options.delays_s),
            disable_rule=DisableRule(options.disable_after_s),
            chunk_linger_s=options.linger_s,
            retry_lease_s=options.lease_s,
            entry_lease_s=options.lease_s,
            lane_turn_s=options.turn_s,
        )

    def _clocks(self) -> Clocks:
        random = self._random
        return Clocks(
            monotonic_s=self.process.loop.time,
            unix_ns=self._clock_ns,
            random=random.random,
            random_bits=random.getrandbits,
            make_id=IdMaker(self._clock_ns, random.getrandbits),
        )

    def _clock_ns(self) -> int:
        return int((EPOCH_S + self._clock.now_s) * 1e9)

    def _is_probing(self, endpoint_id: bytes) -> bool:
        queue = self.worker.endpoints.guards.known(endpoint_id)
        return queue is not None and queue.guard.state == "probing"

    async def run(self) -> None:
        """Work until cancelled, as `main.run` does."""
        worker = self.worker
        async with self._tasks as tasks:
            background = [
                tasks.create_task(work)
                for work in (*worker.background(), self._settlement.commits.run())
            ]
            try:
                await worker.run(
                    self._read(abandoned=False),
                    self._read(abandoned=True),
                    self._follow(),
                    grace_s=self._options.grace_s,
                )
            finally:
                for task in background:
                    task.cancel()

    async def _read(self, *, abandoned: bool) -> None:
        read = partial(self._around.gateway.read, self.process, abandoned=abandoned)
        take = self.worker.deliver.take
        while True:
            for entry in await read():
                if not await take(entry.value, entry, redelivered=entry.redelivered):
                    return

    async def _follow(self) -> None:
        directory, version, cache = self._around.directory, -1, self.worker.endpoints.cache
        while version < 0:
            with suppress(StorageDown):
                version = await cache.version()
                break
            await asyncio.sleep(0.5)
        while True:
            states = directory.since(version)
            if states:
                await cache.apply(states[-1].version, (), states)
                version = states[-1].version
            else:
                await directory.changed(self.process)

    def counters(self) -> tuple[int, ...]:
        """Counters that must never fall below zero."""
        return self.worker.capacity.slots.usage()

    def leftovers(self) -> dict[str, int]:
        """What must be empty once there is nothing more to do."""
        worker = self.worker
        queues = worker.endpoints.guards._queues.values()
        return {
            "capacity": sum(self.counters()),
            "in flight": len(worker.deliver._in_flight._keys),
            "leased": len(worker.leased._open),
            "records": worker.recorder.open,
            "settlements": self._settlement.commits.open,
            "shares": len(worker.capacity.shares),
            "guarded": sum(queue.guard.in_flight for queue in queues),
            "queued": sum(len(queue.waiters) for queue in queues),
            "lanes": worker.lanes.held,
            "closing": len(worker.endpoints.closed),
        }
