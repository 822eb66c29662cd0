"""The worker's database in memory: attempts and pending deliveries.

What each call does, at once and whole, as the docstrings of `Ledger` and the statements say; times
are microseconds.
"""

from collections.abc import Callable, Sequence

from angarium_contracts.directory import EndpointState
from angarium_worker.application.ledger.records import AttemptRow, Record, Settled
from angarium_worker.domain.delivery import Delivery, DeliveryKey, DeliveryState

from .row_shapes import LaneRow, Pending, RowWatch


class LedgerRows:
    """The calls of `Ledger`. `now_us` is the database's clock."""

    def __init__(self, now_us: Callable[[], int], watch: RowWatch) -> None:
        self._now_us = now_us
        self._watch = watch
        self.attempts: dict[bytes, AttemptRow] = {}
        self.attempted: set[DeliveryKey] = set()
        self.pending: dict[DeliveryKey, Pending] = {}
        self.cancelled: dict[DeliveryKey, tuple[str, bool]] = {}
        self.lanes: dict[bytes, LaneRow] = {}
        self.generations: dict[DeliveryKey, int] = {}
        self._lives = 0
        self.copy: dict[bytes, EndpointState] = {}
        self.copy_version = 0

    def record(self, process: str, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        now = self._now_us()
        held = {
            settled.delivery.key
            for record in records
            for settled in record.leased
            if self._settle(process, settled, now)
        }
        for record in records:
            for attempt in record.attempts:
                self._append(process, attempt, None)
            for row in record.pending:
                self._add(process, row, now)
            for cancelled in record.cancelled:
                self._cancel(cancelled.key, str(cancelled.cancelled), False)
        return frozenset(held)

    def _settle(self, process: str, settled: Settled, now: int) -> bool:
        after = settled.delivery
        row = self.pending.get(after.key)
        if row is None or row.fence != after.fence:
            return False
        if settled.attempt is not None:
            self._append(process, settled.attempt, row)
        begins_anew = settled.ends and row.resent_while_held
        if settled.ends:
            del self.pending[after.key]
        else:
            self._watch.moved(row, after.attempts_made)
            waits = row.cancelled is None and not row.resent_while_held
            row.due_at = now + (after.due_in_us if waits else 0)
            row.resent_while_held = False
            row.attempts_made, row.lane = after.attempts_made, after.lane
            row.fence += 1
            if row.lane is not None:
                self._arrive(row, now)
        if begins_anew:
            self._begin_anew(row, now)
        elif settled.state is DeliveryState.CANCELLED:
            self._cancel(after.key, str(after.cancelled), row.by_hand)
        return True

    def _begin_anew(self, row: Pending, now: int) -> None:
        """Make a delivery due that was resent while it was held, as if that had come afterwards."""
        self.generations[row.key] = generation = self.generations.get(row.key, 0) + 1
        anew = Pending(row.row, 0, row.lane, row.fence + 1, now, generation)
        self._insert(None, anew)
        if anew.lane is not None:
            self._arrive(anew, now)

    def _append(self, process: str, attempt: AttemptRow, held: Pending | None) -> None:
        if attempt.id not in self.attempts:
            self.attempts[attempt.id] = attempt
            self.attempted.add((attempt.message_id, attempt.endpoint_id))
            self._watch.attempted(process, attempt, held)

    def _add(self, process: str, row: Delivery, now: int) -> None:
        key = row.message_id, row.endpoint_id
        if key not in self.pending:
            added = Pending(row, row.attempts_made, row.lane, row.fence or 0, now + row.due_in_us)
            self._insert(process, added)
            if row.lane is not None:
                self._arrive(added, now)

    def _insert(self, process: str | None, row: Pending) -> None:
        self._lives += 1
        row.life = self._lives
        self.pending[row.key] = row
        self._watch.pending(process, row)

    def _cancel(self, key: DeliveryKey, reason: str, by_hand: bool) -> None:
        if key not in self.cancelled:
            self.cancelled[key] = reason, by_hand
            self._watch.cancelled(key, reason, by_hand)

    def _arrive(self, row: Pending, now: int) -> None:
        facts = row.row
        lane = self.lanes.get(facts.endpoint_id)
        if lane is None:
            self.lanes[facts.endpoint_id] = LaneRow(
                facts.application_id, facts.tenant_id, facts.weight, row.due_at, now
            )
            return
        lane.due_at = max(lane.waits_until, min(lane.due_at, row.due_at))
        lane.arrivals += 1
        lane.weight = facts.weight

    def _call(self, endpoint_id: bytes, now: int) -> None:
        lane = self.lanes.get(endpoint_id)
        if lane is not None:
            lane.due_at = max(lane.waits_until, min(lane.due_at, now))
            lane.arrivals += 1

    def is_known(self, key: DeliveryKey) -> bool:
        """Whether anything of the delivery is on record."""
        return key in self.attempted or key in self.pending or key in self.cancelled

    def known(self, keys: Sequence[DeliveryKey]) -> frozenset[DeliveryKey]:
        return frozenset(key for key in keys if self.is_known(key))

    def lease_due(self, rows_max: int, bytes_max: int, lease_s: float) -> list[Delivery]:
        now = self._now_us()
        due = [row for row in self.pending.values() if row.lane is None and row.due_at <= now]
        due.sort(key=lambda row: (row.due_at, row.key))
        leased: list[Delivery] = []
        for row in due[:rows_max]:
            if bytes_max <= 0:
                break
            bytes_max -= len(row.row.payload)
            leased.append(self._lease(row, now, lease_s))
        return leased

    def _lease(self, row: Pending, now: int, lease_s: float) -> Delivery:
        row.due_at = now + int(lease_s * 1e6)
        row.fence += 1
        return row.leased()

    def release(self, leased: Sequence[Delivery]) -> None:
        now = self._now_us()
        for due in leased:
            row = self.pending.get((due.message_id, due.endpoint_id))
            if row is not None and row.fence == due.fence:
                row.due_at = now
                row.resent_while_held = False
                row.fence += 1
                if row.lane is not None:
                    self._call(due.endpoint_id, now)

    def expedite(self, endpoint_id: bytes, beyond_s: float) -> None:
        now = self._now_us()
        for row in self.pending.values():
            if row.row.endpoint_id == endpoint_id and row.due_at > now + int(beyond_s * 1e6):
                row.due_at = now
                if row.lane is not None:
                    self._call(endpoint_id, now)

    def next_due_in_s(self) -> float | None:
        due_at = min(
            (row.due_at for row in self.pending.values() if row.lane is None), default=None
        )
        return None if due_at is None else (due_at - self._now_us()) / 1e6
