"""The worker's database in memory: lanes, as the docstrings of `Lanes` and the statements say."""

from collections.abc import Sequence

from angarium_worker.application.lanes.lane_store import HeldLane, LaneRelease, LaneTake
from angarium_worker.domain.delivery import Delivery, Lane

from .ledger_rows import LedgerRows
from .row_shapes import LaneRow, Pending


class LaneRows(LedgerRows):
    """The calls of `Lanes`."""

    def lease_lanes(self, lanes_max: int, lease_s: float) -> list[HeldLane]:
        now = self._now_us()
        free = [
            (lane.due_at, endpoint_id)
            for endpoint_id, lane in self.lanes.items()
            if lane.due_at <= now and (lane.held_until is None or lane.held_until <= now)
        ]
        return [
            self._hold(endpoint_id, now, lease_s) for _, endpoint_id in sorted(free)[:lanes_max]
        ]

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
    ) -> list[Delivery]:
        now = self._now_us()
        taken: list[Delivery] = []
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
            lane.due_at = (
                max(lane.waits_until, *turns)
                if len(turns) == 1
                else max(lane.waits_until, min(turns))
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
