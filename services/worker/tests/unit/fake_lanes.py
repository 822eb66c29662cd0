"""Lanes in memory, over the fake ledger."""

from collections.abc import Sequence
from typing import Any

from angarium_worker.application.lanes.lane_store import HeldLane, LaneRelease, LaneTake
from angarium_worker.application.ledger.records import StorageDown
from angarium_worker.domain.delivery import Delivery, Lane


class FakeLanes:
    """Implements `Lanes`: a lane exists where the ledger has rows in one."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self.held: dict[bytes, int] = {}
        self.due_at: dict[bytes, int] = {}
        self.confirmed: dict[bytes, bytes] = {}
        self.burst_at: dict[bytes, int] = {}
        self.abandoned: set[bytes] = set()
        self.releases: list[LaneRelease] = []
        self.woken: list[bytes] = []
        self._fence = 0

    def _rows(self, endpoint_id: bytes) -> list[Delivery]:
        rows = self._ledger.pending.values()
        of_lane = [row for row in rows if row.endpoint_id == endpoint_id and row.lane is not None]
        return sorted(of_lane, key=lambda row: row.message_id)

    def _check(self) -> None:
        if self._ledger.down:
            raise StorageDown("down")

    async def lease_lanes(self, *, lanes_max: int, lease_s: float) -> list[HeldLane]:
        self._check()
        now_us = self._ledger.now_us
        leased = []
        for row in list(self._ledger.pending.values()):
            lane = row.endpoint_id
            if row.lane is None or lane in self.held or self.due_at.get(lane, 0) > now_us:
                continue
            self._fence += 1
            self.held[lane] = self._fence
            leased.append(
                HeldLane(
                    lane,
                    row.application_id,
                    row.tenant_id,
                    row.weight,
                    self._fence,
                    1,
                    max(0, self.burst_at.get(lane, 0) - now_us),
                    self.confirmed.get(lane, bytes(16)),
                    lane in self.abandoned,
                )
            )
        return leased[:lanes_max]

    async def take_from_lanes(
        self, takes: Sequence[LaneTake], *, bytes_max: int, lease_s: float
    ) -> list[Delivery]:
        self._check()
        taken = []
        for take in takes:
            left: dict[Lane | None, int] = {
                Lane.FIRST: take.firsts_max,
                Lane.RETRY: take.retries_max,
            }
            for row in self._rows(take.endpoint_id):
                key = (row.message_id, row.endpoint_id)
                kind = Lane.FIRST if take.ordered else row.lane
                due = self._ledger.due_at[key] <= self._ledger.now_us
                if take.ordered and not due:
                    break
                if not due or left[kind] == 0 or row.message_id > take.upto:
                    continue
                left[kind] -= 1
                held = self._ledger.pending[key] = row._replace(fence=(row.fence or 0) + 1)
                self._ledger.due_at[key] = self._ledger.now_us + int(lease_s * 1e6)
                taken.append(held)
        return taken

    async def release_lanes(self, releases: Sequence[LaneRelease]) -> None:
        self._check()
        for release in releases:
            self.releases.append(release)
            del self.held[release.endpoint_id]
            now_us = self._ledger.now_us
            self.due_at[release.endpoint_id] = now_us + release.wait_us
            self.burst_at[release.endpoint_id] = now_us + release.burst_us
            self.confirmed[release.endpoint_id] = release.confirmed
        self._ledger.changes.happened()

    async def wake_lanes(self, endpoint_ids: Sequence[bytes]) -> None:
        self._check()
        self.woken.extend(endpoint_ids)
        for endpoint_id in endpoint_ids:
            self.due_at.pop(endpoint_id, None)

    async def mend_lanes(self) -> int:
        self._check()
        return 0

    async def next_lane_in_s(self) -> float | None:
        self._check()
        lanes = {
            row.endpoint_id for row in self._ledger.pending.values() if row.lane is not None
        } - self.held.keys()
        if not lanes:
            return None
        now_us: int = self._ledger.now_us
        return min((self.due_at.get(lane, 0) - now_us) / 1_000_000 for lane in lanes)
