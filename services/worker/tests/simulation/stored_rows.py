"""The worker's database in memory: what each call does, at once and whole.

Written from the docstrings of `Ledger`, `Lanes` and `HandLedger`; times are microseconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from angarium_contracts.directory import EndpointState
from angarium_worker.application.by_hand import ResentRow
from angarium_worker.application.lanes import HeldLane, LaneRelease, LaneTake
from angarium_worker.application.records import (
    AttemptRow,
    DeliveryKey,
    DueDelivery,
    Lane,
    LeasedOutcome,
    PendingRow,
    Record,
)

MANUAL = 1
UNCONFIRMED = bytes(16)


@dataclass(slots=True)
class Pending:
    """A row of `pending_delivery`. `generation` counts how often it was resent by hand,
    `life` how often there was a row of the delivery: one that ended may be written again, by
    somebody who does not know."""

    row: PendingRow
    attempts_made: int
    lane: int | None
    fence: int
    due_at: int
    generation: int = 0
    life: int = 0
    cancelled: str | None = None
    by_hand: bool = False

    @property
    def key(self) -> DeliveryKey:
        return self.row.message_id, self.row.endpoint_id

    def leased(self) -> DueDelivery:
        """As its holder sees it."""
        row = self.row
        return DueDelivery(
            row.message_id,
            row.endpoint_id,
            row.application_id,
            row.tenant_id,
            row.event_type,
            row.payload,
            row.endpoint_version,
            self.attempts_made,
            row.channels,
            row.trace,
            row.trigger,
            row.retry_delays,
            row.weight,
            self.lane,
            self.cancelled,
            self.fence,
        )


@dataclass(slots=True)
class LaneRow:
    """A row of `lane`."""

    application_id: bytes
    tenant_id: bytes
    weight: int
    due_at: int
    fence: int
    waits_until: int = 0
    held_until: int | None = None
    arrivals: int = 1
    burst_at: int = 0
    confirmed: bytes = UNCONFIRMED
    state: str = "waiting"


class RowWatch(Protocol):
    """Who is told what is written. `held`: the row under whose fence an attempt was made."""

    def attempted(self, process: str, row: AttemptRow, held: Pending | None) -> None: ...
    def pending(self, row: Pending) -> None: ...
    def cancelled(self, key: DeliveryKey, reason: str, by_hand: bool) -> None: ...
    def moved(self, before: Pending, attempts_made: int) -> None: ...
    def lane_ended(self, endpoint_id: bytes) -> None: ...


class StoredRows:
    """All tables, and the calls on them. `now_us` is the database's clock."""

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

    # Ledger

    def record(self, process: str, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        now = self._now_us()
        held = {
            (outcome.message_id, outcome.endpoint_id)
            for record in records
            for outcome in record.leased
            if self._settle(process, outcome, now)
        }
        for record in records:
            for attempt in record.attempts:
                self._append(process, attempt, None)
            for row in record.pending:
                self._add(row, now)
            for cancelled in record.cancelled:
                self._cancel((cancelled.message_id, cancelled.endpoint_id), cancelled.reason, False)
        return frozenset(held)

    def _settle(self, process: str, outcome: LeasedOutcome, now: int) -> bool:
        key = outcome.message_id, outcome.endpoint_id
        row = self.pending.get(key)
        if row is None or row.fence != outcome.fence:
            return False
        if outcome.due_in_us is None:
            del self.pending[key]
        else:
            self._watch.moved(row, outcome.attempts_made)
            row.due_at = now + (outcome.due_in_us if row.cancelled is None else 0)
            row.attempts_made, row.lane = outcome.attempts_made, outcome.lane
            row.fence += 1
            if row.lane is not None:
                self._arrive(row, now)
        if outcome.attempt is not None:
            self._append(process, outcome.attempt, row)
        if outcome.cancelled is not None:
            self._cancel(key, outcome.cancelled.reason, row.by_hand)
        return True

    def _append(self, process: str, attempt: AttemptRow, held: Pending | None) -> None:
        if attempt.id not in self.attempts:
            self.attempts[attempt.id] = attempt
            self.attempted.add((attempt.message_id, attempt.endpoint_id))
            self._watch.attempted(process, attempt, held)

    def _add(self, row: PendingRow, now: int) -> None:
        key = row.message_id, row.endpoint_id
        if key not in self.pending:
            added = Pending(row, row.attempts_made, row.lane, row.fence, now + row.due_in_us)
            self._insert(added)
            if row.lane is not None:
                self._arrive(added, now)

    def _insert(self, row: Pending) -> None:
        self._lives += 1
        row.life = self._lives
        self.pending[row.key] = row
        self._watch.pending(row)

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

    def lease_due(self, rows_max: int, bytes_max: int, lease_s: float) -> list[DueDelivery]:
        now = self._now_us()
        due = [row for row in self.pending.values() if row.lane is None and row.due_at <= now]
        due.sort(key=lambda row: (row.due_at, row.key))
        leased: list[DueDelivery] = []
        for row in due[:rows_max]:
            if bytes_max <= 0:
                break
            bytes_max -= len(row.row.payload)
            leased.append(self._lease(row, now, lease_s))
        return leased

    def _lease(self, row: Pending, now: int, lease_s: float) -> DueDelivery:
        row.due_at = now + int(lease_s * 1e6)
        row.fence += 1
        return row.leased()

    def release(self, leased: Sequence[DueDelivery]) -> None:
        now = self._now_us()
        for due in leased:
            row = self.pending.get((due.id, due.endpoint_id))
            if row is not None and row.fence == due.fence:
                row.due_at = now
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
        due_at = min((row.due_at for row in self.pending.values() if row.lane is None), default=None)
        return None if due_at is None else (due_at - self._now_us()) / 1e6

    # Lanes

    def lease_lanes(self, lanes_max: int, lease_s: float) -> list[HeldLane]:
        now = self._now_us()
        free = [
            (lane.due_at, endpoint_id)
            for endpoint_id, lane in self.lanes.items()
            if lane.due_at <= now and (lane.held_until is None or lane.held_until <= now)
        ]
        return [self._hold(endpoint_id, now, lease_s) for _, endpoint_id in sorted(free)[:lanes_max]]

    def _hold(self, endpoint_id: bytes, now: int, lease_s: float) -> HeldLane:
        lane = self.lanes[endpoint_id]
        abandoned = lane.held_until is not None
        lane.held_until = lane.due_at = now + int(lease_s * 1e6)
        lane.waits_until = 0
        lane.fence += 1
        return HeldLane(
            endpoint_id,
            lane.application_id,
            lane.tenant_id,
            lane.weight,
            lane.fence,
            lane.arrivals,
            max(0, lane.burst_at - now),
            lane.confirmed,
            abandoned,
        )

    def take_from_lanes(
        self, takes: Sequence[LaneTake], bytes_max: int, lease_s: float
    ) -> list[DueDelivery]:
        now = self._now_us()
        taken: list[DueDelivery] = []
        for take in takes:
            lane = self.lanes.get(take.endpoint_id)
            if lane is None or lane.fence != take.fence or (lane.held_until or 0) <= now:
                continue
            for row in self._candidates(take, now):
                size = len(row.row.payload)
                if taken and size > bytes_max:
                    return taken
                bytes_max -= size
                taken.append(self._lease(row, now, lease_s))
        return taken

    def _candidates(self, take: LaneTake, now: int) -> list[Pending]:
        rows = [row for row in self._in_lane(take.endpoint_id) if row.row.message_id <= take.upto]
        if take.ordered:
            in_order: list[Pending] = []
            for row in rows[: take.firsts_max]:
                if row.due_at > now:
                    break
                in_order.append(row)
            return in_order
        due = [row for row in rows if row.due_at <= now]
        firsts = [row for row in due if row.lane == Lane.FIRST]
        retries = [row for row in due if row.lane == Lane.RETRY]
        return firsts[: take.firsts_max] + retries[: take.retries_max]

    def _in_lane(self, endpoint_id: bytes) -> list[Pending]:
        """In the order of messages."""
        rows = [
            row
            for row in self.pending.values()
            if row.lane is not None and row.row.endpoint_id == endpoint_id
        ]
        return sorted(rows, key=lambda row: row.key)

    def release_lanes(self, releases: Sequence[LaneRelease]) -> None:
        now = self._now_us()
        for release in releases:
            lane = self.lanes.get(release.endpoint_id)
            if lane is not None and lane.fence == release.fence and lane.held_until is not None:
                self._give_back(release, lane, now)

    def _give_back(self, release: LaneRelease, lane: LaneRow, now: int) -> None:
        rows = self._in_lane(release.endpoint_id)
        arrived = lane.arrivals != release.arrivals
        if not rows and not arrived and not release.burst_us:
            del self.lanes[release.endpoint_id]
            self._watch.lane_ended(release.endpoint_id)
            return
        woken = lane.due_at == 0 and not release.burst_us
        lane.waits_until = 0 if woken else now + release.wait_us
        if woken:
            lane.due_at = now
        elif not rows and not arrived:
            lane.due_at = now + max(release.wait_us, release.burst_us)
        else:
            turns = [lane.due_at] if arrived else []
            if rows:
                turns.append(rows[0].due_at if release.ordered else min(r.due_at for r in rows))
            lane.due_at = max(lane.waits_until, *turns) if len(turns) == 1 else max(
                lane.waits_until, min(turns)
            )
        lane.held_until = None
        lane.burst_at = now + release.burst_us
        lane.confirmed, lane.state = release.confirmed, release.state

    def wake_lanes(self, endpoint_ids: Sequence[bytes]) -> None:
        now = self._now_us()
        for endpoint_id in endpoint_ids:
            lane = self.lanes.get(endpoint_id)
            if lane is not None:
                is_held = lane.held_until is not None and lane.held_until > now
                lane.due_at = 0 if is_held else min(lane.due_at, now)
                lane.waits_until = 0
                lane.arrivals += 1

    def without_lane(self) -> set[bytes]:
        """Endpoints with deliveries that stand in a lane that does not exist."""
        return {
            row.row.endpoint_id for row in self.pending.values() if row.lane is not None
        } - self.lanes.keys()

    def next_lane_in_s(self) -> float | None:
        turns = [
            lane.due_at if lane.held_until is None else max(lane.due_at, lane.held_until)
            for lane in self.lanes.values()
        ]
        return (min(turns) - self._now_us()) / 1e6 if turns else None

    # HandLedger

    def resend(self, rows: Sequence[ResentRow], only_missing: bool, lease_s: float) -> int:
        now = self._now_us()
        resent = 0
        for row in rows:
            key = row.message_id, row.endpoint_id
            if only_missing and (
                key in self.attempted
                or key in self.pending
                or self.cancelled.get(key, ("", False))[1]
            ):
                continue
            resent += 1
            self.cancelled.pop(key, None)
            there = self.pending.get(key)
            if there is None:
                there = self._resent(row, now)
            else:
                there.cancelled, there.by_hand = None, False
                if not now < there.due_at <= now + int(lease_s * 1e6):
                    there.due_at = now
            if there.lane is not None:
                self._arrive(there, now)
        return resent

    def _resent(self, row: ResentRow, now: int) -> Pending:
        key = row.message_id, row.endpoint_id
        facts = PendingRow(
            row.message_id,
            row.endpoint_id,
            row.application_id,
            row.tenant_id,
            row.event_type,
            row.payload,
            row.endpoint_version,
            0,
            row.channels,
            row.trace,
            MANUAL,
            row.retry_delays,
            row.weight,
            row.lane,
            now,
            0,
        )
        self.generations[key] = self.generations.get(key, 0) + 1
        added = Pending(facts, 0, row.lane, now, now, self.generations[key])
        self._insert(added)
        return added

    def cancel(
        self,
        message_id: bytes | None,
        endpoint_id: bytes | None,
        reason: str,
        by_hand: bool,
        rows_max: int,
        lease_s: float,
    ) -> int:
        now = self._now_us()
        until = now + int(lease_s * 1e6)
        found = [
            row
            for row in self.pending.values()
            if (message_id is None or row.row.message_id == message_id)
            and (endpoint_id is None or row.row.endpoint_id == endpoint_id)
            and (row.cancelled is None or not now < row.due_at <= until)
        ]
        for row in found[:rows_max]:
            if now < row.due_at <= until:
                row.cancelled, row.by_hand = reason, by_hand
                continue
            del self.pending[row.key]
            self.cancelled[row.key] = reason, by_hand
            self._watch.cancelled(row.key, reason, by_hand)
            if row.lane is not None:
                self._call(row.row.endpoint_id, now)
        return min(len(found), rows_max)

    # EndpointCopy

    def store(self, endpoints: Sequence[EndpointState], version: int | None) -> None:
        for state in endpoints:
            there = self.copy.get(state.id)
            if there is None or there.version < state.version:
                self.copy[state.id] = state
        self.copy_version = max(self.copy_version, version or 0)
