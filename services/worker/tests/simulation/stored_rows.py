"""The worker's database in memory, whole."""

from collections.abc import Sequence

from angarium_contracts.directory import EndpointState
from angarium_worker.application.ledger.manual_ledger import CancelCount
from angarium_worker.domain.delivery import Delivery

from .lane_rows import LaneRows
from .row_shapes import Pending


class StoredRows(LaneRows):
    """All tables and the calls on them; here those of `ManualLedger` and `EndpointCopy`."""

    def resend(self, rows: Sequence[Delivery], only_missing: bool, lease_s: float) -> int:
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
                leased = now < there.due_at <= now + int(lease_s * 1e6)
                there.resent_while_held = leased and there.fence % 2 == 1
                if not there.resent_while_held:
                    there.due_at = now
            if there.lane is not None:
                self._arrive(there, now)
        return resent

    def _resent(self, row: Delivery, now: int) -> Pending:
        key = row.message_id, row.endpoint_id
        self.generations[key] = self.generations.get(key, 0) + 1
        added = Pending(row, 0, row.lane, now & ~1, now, self.generations[key])
        self._insert(None, added)
        return added

    def cancel(
        self,
        message_id: bytes | None,
        endpoint_id: bytes | None,
        reason: str,
        by_hand: bool,
        rows_max: int,
        lease_s: float,
    ) -> CancelCount:
        now = self._now_us()
        until = now + int(lease_s * 1e6)
        found = [
            row
            for row in self.pending.values()
            if (message_id is None or row.row.message_id == message_id)
            and (endpoint_id is None or row.row.endpoint_id == endpoint_id)
            and (row.cancelled is None or not now < row.due_at <= until)
        ]
        marked = 0
        for row in found[:rows_max]:
            if now < row.due_at <= until:
                row.cancelled, row.by_hand = reason, by_hand
                row.resent_while_held = False
                marked += 1
                continue
            del self.pending[row.key]
            self.cancelled[row.key] = reason, by_hand
            self._watch.cancelled(row.key, reason, by_hand)
            if row.lane is not None:
                self._call(row.row.endpoint_id, now)
        return CancelCount(min(len(found), rows_max) - marked, marked)

    def store(self, endpoints: Sequence[EndpointState], version: int | None) -> None:
        for state in endpoints:
            there = self.copy.get(state.id)
            if there is None or there.version < state.version:
                self.copy[state.id] = state
        self.copy_version = max(self.copy_version, version or 0)
