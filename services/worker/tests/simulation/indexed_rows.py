"""The worker's database in memory, with indexes: for worlds of ten thousand endpoints.

What each call does is `StoredRows`' business; here is only how it finds its rows. Heaps hold a
time for every change of a row; what a row no longer says is passed over.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

from angarium_worker.application.lanes.lane_store import HeldLane, LaneRelease
from angarium_worker.application.ledger.manual_ledger import CancelCount
from angarium_worker.application.ledger.records import AttemptRow, Settled
from angarium_worker.domain.delivery import Delivery, DeliveryKey

from .row_shapes import LaneRow, Pending, RowWatch
from .stored_rows import StoredRows


class IndexedRows(StoredRows):
    """`StoredRows` whose calls do not look at every row. Attempts are told, not kept."""

    def __init__(self, now_us: Callable[[], int], watch: RowWatch) -> None:
        super().__init__(now_us, watch)
        self._due: list[tuple[int, DeliveryKey]] = []
        self._turns: list[tuple[int, bytes]] = []
        self._of_endpoint: dict[bytes, dict[DeliveryKey, Pending]] = {}

    def _settle(self, process: str, settled: Settled, now: int) -> bool:
        key = settled.delivery.key
        done = super()._settle(process, settled, now)
        row = self.pending.get(key)
        if row is None:
            self._of_endpoint.get(key[1], {}).pop(key, None)
        else:
            self._index(row)
        return done

    def _append(self, process: str, attempt: AttemptRow, held: Pending | None) -> None:
        self.attempted.add((attempt.message_id, attempt.endpoint_id))
        self._watch.attempted(process, attempt, held)

    def _insert(self, process: str | None, row: Pending) -> None:
        super()._insert(process, row)
        self._index(row)

    def _index(self, row: Pending) -> None:
        self._of_endpoint.setdefault(row.key[1], {})[row.key] = row
        if row.lane is None:
            heappush(self._due, (row.due_at, row.key))

    def lease_due(self, rows_max: int, bytes_max: int, lease_s: float) -> list[Delivery]:
        now = self._now_us()
        leased: list[Delivery] = []
        while len(leased) < rows_max and bytes_max > 0:
            row = self._first_due()
            if row is None or row.due_at > now:
                break
            bytes_max -= len(row.row.payload)
            leased.append(self._lease(row, now, lease_s))
        return leased

    def _first_due(self) -> Pending | None:
        while self._due:
            due_at, key = self._due[0]
            row = self.pending.get(key)
            if row is not None and row.lane is None and row.due_at == due_at:
                return row
            heappop(self._due)
        return None

    def _lease(self, row: Pending, now: int, lease_s: float) -> Delivery:
        leased = super()._lease(row, now, lease_s)
        self._index(row)
        return leased

    def release(self, leased: Sequence[Delivery]) -> None:
        super().release(leased)
        for due in leased:
            row = self.pending.get((due.message_id, due.endpoint_id))
            if row is not None:
                self._index(row)

    def expedite(self, endpoint_id: bytes, beyond_s: float) -> None:
        now = self._now_us()
        for row in list(self._of_endpoint.get(endpoint_id, {}).values()):
            if row.due_at > now + int(beyond_s * 1e6):
                row.due_at = now
                self._index(row)
                if row.lane is not None:
                    self._call(endpoint_id, now)

    def resend(self, rows: Sequence[Delivery], only_missing: bool, lease_s: float) -> int:
        resent = super().resend(rows, only_missing, lease_s)
        for each in rows:
            row = self.pending.get((each.message_id, each.endpoint_id))
            if row is not None:
                self._index(row)
        return resent

    def cancel(self, *args: Any, **options: Any) -> CancelCount:
        cancelled = super().cancel(*args, **options)
        self._of_endpoint.clear()
        for row in self.pending.values():
            self._index(row)
        for endpoint_id in self.lanes:
            self._index_lane(endpoint_id)
        return cancelled

    def next_due_in_s(self) -> float | None:
        row = self._first_due()
        return None if row is None else (row.due_at - self._now_us()) / 1e6

    def _in_lane(self, endpoint_id: bytes) -> list[Pending]:
        rows = self._of_endpoint.get(endpoint_id, {}).values()
        return sorted((row for row in rows if row.lane is not None), key=lambda row: row.key)

    def lease_lanes(self, lanes_max: int, lease_s: float) -> list[HeldLane]:
        now = self._now_us()
        leased: list[HeldLane] = []
        while len(leased) < lanes_max:
            endpoint_id = self._first_turn()
            if endpoint_id is None or _turn_at(self.lanes[endpoint_id]) > now:
                break
            leased.append(self._hold(endpoint_id, now, lease_s))
            self._index_lane(endpoint_id)
        return leased

    def _first_turn(self) -> bytes | None:
        while self._turns:
            turn_at, endpoint_id = self._turns[0]
            lane = self.lanes.get(endpoint_id)
            if lane is not None and _turn_at(lane) == turn_at:
                return endpoint_id
            heappop(self._turns)
        return None

    def next_lane_in_s(self) -> float | None:
        endpoint_id = self._first_turn()
        if endpoint_id is None:
            return None
        return (_turn_at(self.lanes[endpoint_id]) - self._now_us()) / 1e6

    def _index_lane(self, endpoint_id: bytes) -> None:
        lane = self.lanes.get(endpoint_id)
        if lane is not None:
            heappush(self._turns, (_turn_at(lane), endpoint_id))

    def _arrive(self, row: Pending, now: int) -> None:
        super()._arrive(row, now)
        self._index_lane(row.key[1])

    def _call(self, endpoint_id: bytes, now: int) -> None:
        super()._call(endpoint_id, now)
        self._index_lane(endpoint_id)

    def _give_back(self, release: LaneRelease, lane: LaneRow, now: int) -> None:
        super()._give_back(release, lane, now)
        self._index_lane(release.endpoint_id)

    def wake_lanes(self, endpoint_ids: Sequence[bytes]) -> None:
        super().wake_lanes(endpoint_ids)
        for endpoint_id in endpoint_ids:
            self._index_lane(endpoint_id)


def _turn_at(lane: LaneRow) -> int:
    return lane.due_at if lane.held_until is None else max(lane.due_at, lane.held_until)
