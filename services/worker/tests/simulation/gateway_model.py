"""The gateway, the dispatcher and the stream between them and the workers."""

import asyncio
from collections.abc import Sequence
from itertools import count

from angarium_contracts.hot_path import DeliveriesRequested, RequestedMessage

from .messages import Batch, Entry, GatewayWatch, Message, keys_of, requested_of
from .processes import Machine, Process, Service
from .surroundings import DirectoryModel
from .virtual_time import EPOCH_S

ENTRY_LEASE_S = 2.0
READ_MAX = 16


class GatewayModel:
    """Accepts, dispatches and settles. `spread` makes chunks late by so many seconds on average,
    so that they come in another order."""

    def __init__(
        self,
        machine: Machine,
        directory: DirectoryModel,
        told: GatewayWatch,
    ) -> None:
        self._machine = machine
        self._directory = directory
        self._told = told
        self._numbers = count(1)
        self.stream = Service(machine, ConnectionError)
        self.questions = Service(machine, ConnectionError)
        self.spread = 0.05
        self.batches: dict[bytes, Batch] = {}
        self.posting = 0
        self._newest: dict[bytes, bytes] = {}
        self._entries: list[Entry] = []
        self._fresh: list[Entry] = []
        self._abandoned: list[Entry] = []
        self._reading: list[tuple[Process, bool, asyncio.Future[None]]] = []

    @property
    def idle(self) -> bool:
        """Whether everything that was posted is settled."""
        return not self.posting and not self.batches and not self._entries

    def new_id(self) -> bytes:
        """Ids are in the order of time, across gateways; their first bytes are milliseconds of
        Unix time, as in real ones."""
        at_ms, us = divmod(int((EPOCH_S + self._machine.now_s) * 1e6), 1_000)
        return (at_ms << 80 | us << 64 | next(self._numbers)).to_bytes(16)

    def post(self, messages: list[Message]) -> None:
        """Clients post; each gets its answer with the commit."""
        now_s = self._machine.now_s
        self.posting += 1
        for message in messages:
            message.id, message.posted_s = self.new_id(), now_s
        self._machine.later(self._machine.random.uniform(0.002, 0.04), self._commit, messages)

    def _commit(self, messages: list[Message]) -> None:
        self.posting -= 1
        for message in messages:
            message.answered_s = self._machine.now_s
            newest = self._newest.get(message.application_id, b"")
            self._newest[message.application_id] = max(newest, message.id)
        batch = Batch(self.new_id(), messages)
        self.batches[batch.id] = batch
        ids = " ".join(message.id.hex()[-6:] for message in messages)
        self._machine.note(f"batch {batch.id.hex()[-6:]} is committed: {ids}")
        self._machine.later(self._late_s(), self._dispatch, batch)

    def _late_s(self) -> float:
        return self._machine.random.uniform(0.001, 0.02) + (
            self._machine.random.expovariate(1 / self.spread) if self.spread else 0.0
        )

    def _dispatch(self, batch: Batch) -> None:
        random = self._machine.random
        requested: list[RequestedMessage] = []
        for message in batch.messages:
            open_ones = [
                each
                for each in message.endpoints
                if not (each.state.disabled or each.state.deleted)
            ]
            random.shuffle(open_ones)
            cut = random.randint(0, len(open_ones))
            parts = (open_ones[:cut], open_ones[cut:])
            requested.extend(requested_of(message, part) for part in parts if part)
            for endpoint in open_ones:
                self._told.accepted(message, endpoint)
        random.shuffle(requested)
        while requested:
            size = random.randint(1, len(requested))
            batch.chunks.append(tuple(requested[:size]))
            del requested[:size]
        if not batch.chunks:
            del self.batches[batch.id]
        self._publish(batch)

    def _publish(self, batch: Batch) -> None:
        batch.settled.clear()
        for number, messages in enumerate(batch.chunks):
            value = DeliveriesRequested(
                batch_id=batch.id,
                publication=batch.publication,
                settle_to="gateway",
                chunk=number,
                chunks=len(batch.chunks),
                redelivered=batch.publication > 1,
                messages=messages,
            )
            self._machine.later(self._late_s(), self._add, Entry(value))

    def _add(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._fresh.append(entry)
        self._told.arrived(keys_of(entry.value))
        self._wake(abandoned=False)

    def _wake(self, *, abandoned: bool) -> None:
        """Blocked readers look; who comes first is served."""
        waiting = [each for each in self._reading if each[1] is abandoned]
        self._reading = [each for each in self._reading if each[1] is not abandoned]
        self._machine.random.shuffle(waiting)
        for _, _, future in waiting:
            if not future.done():
                future.set_result(None)

    async def read(self, process: Process, *, abandoned: bool) -> list[Entry]:
        """New entries, or one that its holder left; waits for them."""
        while True:
            if process.muted:
                await asyncio.Event().wait()
            await self._down()
            entries = self._abandoned[:1] if abandoned else self._fresh[:READ_MAX]
            if entries:
                del (self._abandoned if abandoned else self._fresh)[: len(entries)]
                for entry in entries:
                    self._hold(entry, process)
                self._tell_read(process, entries)
                return entries
            future: asyncio.Future[None] = process.loop.create_future()
            self._reading.append((process, abandoned, future))
            await future

    def _tell_read(self, process: Process, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._told.read(keys_of(entry.value), process)
            if self._machine.trace is not None:
                keys = " ".join(f"{m.hex()[-6:]}:{e[-1]}" for m, e in keys_of(entry.value))
                again = "redelivered " if entry.redelivered or entry.value.redelivered else ""
                self._machine.note(f"{process.name} reads {again}{keys}")

    async def _down(self) -> None:
        while self._machine.now_s < self.stream.down_until_s:
            await asyncio.sleep(0.2)

    def _hold(self, entry: Entry, process: Process) -> None:
        entry.holder = process
        self._machine.later(ENTRY_LEASE_S, self._look_at, entry, process)

    def _look_at(self, entry: Entry, holder: Process) -> None:
        """Holders that live renew; what others hold is there for the taking."""
        if entry not in self._entries or entry.holder is not holder:
            return
        idle_s = self._machine.now_s - holder.last_seen_s if not holder.runs else 0.0
        if idle_s < ENTRY_LEASE_S:
            self._machine.later(max(0.01, ENTRY_LEASE_S - idle_s), self._look_at, entry, holder)
            return
        entry.redelivered, entry.holder = True, None
        self._abandoned.append(entry)
        self._wake(abandoned=True)

    def lose(self, share: float) -> None:
        """Redis forgets entries; the gateway notices, and publishes their batches again."""
        lost = [each for each in self._entries if self._machine.random.random() < share]
        for process in self._machine.processes:
            process.faults_s.append(self._machine.now_s)
        for entries in (self._entries, self._fresh, self._abandoned):
            entries[:] = [each for each in entries if each not in lost]
        ids = dict.fromkeys(entry.value.batch_id for entry in lost)
        for batch_id in ids:
            self._machine.later(self._machine.random.uniform(0.5, 4), self._republish, batch_id)

    def _republish(self, batch_id: bytes) -> None:
        batch = self.batches.get(batch_id)
        if batch is not None:
            batch.publication += 1
            self._machine.note(f"batch {batch_id.hex()[-6:]} is published again")
            for process in self._machine.processes:
                process.faults_s.append(self._machine.now_s)
            self._publish(batch)

    def settle(self, entries: Sequence[Entry]) -> None:
        """Acknowledged, and told to the gateway."""
        for entry in entries:
            if entry in self._entries:
                self._entries.remove(entry)
            if entry in self._abandoned:
                self._abandoned.remove(entry)
            value = entry.value
            self._told.settled(keys_of(value))
            batch = self.batches.get(value.batch_id)
            if batch is not None and batch.publication == value.publication:
                batch.settled.add(value.chunk)
                if len(batch.settled) == value.chunks:
                    self._machine.later(0.01, self._close, batch)

    def _close(self, batch: Batch) -> None:
        if len(batch.settled) == len(batch.chunks) and batch.id in self.batches:
            del self.batches[batch.id]
            self._machine.note(f"batch {batch.id.hex()[-6:]} is closed")

    def first_open(self, application_id: bytes, after: bytes) -> tuple[bytes | None, bytes | None]:
        """The answer to `FirstOpenMessages`: the first open message, and the newest."""
        first = min(
            (
                message.id
                for batch in self.batches.values()
                for message in batch.messages
                if message.application_id == application_id and after < message.id
            ),
            default=None,
        )
        newest = self._newest.get(application_id)
        return first, newest if newest is not None and newest > after else None
