"""Gives lanes their turns: takes what an endpoint may get now out of its lane and sends it.

A turn is a lease on the lane: while it lasts, no other worker sends from the lane. Limits and
order therefore hold across workers. If the holder dies, its lease ends and another worker takes
the turn.
"""

import asyncio
from collections.abc import Sequence
from math import ceil
from typing import assert_never

import structlog

from angarium_worker.application.capacity.delivery_slots import DeliverySlots
from angarium_worker.application.capacity.wake_signal import SLEEP_S_MAX
from angarium_worker.application.delivery.leased_attempt import LeasedAttempt
from angarium_worker.application.endpoints.endpoint_config import (
    EndpointConfig,
    Inactive,
    ResolvedEndpoint,
    Unusable,
)
from angarium_worker.application.ledger.records import Ledger, StorageDown
from angarium_worker.domain.delivery import Delivery
from angarium_worker.domain.fair_turns import Demand, allocate

from .guarded_turn import GuardedTurn
from .lane_context import LaneContext
from .lane_store import HeldLane, Lanes, LaneTake
from .lane_turn import CLOSED_WAIT_S, UNKNOWN_WAIT_S, UNUSABLE_WAIT_S, LaneTurn
from .ordered_turn import OrderedTurn

LANES_HELD_MAX = 200
LANES_LEASED_MAX = 50
SLOTS_A_LANE = 4
"""So many free slots make room for one more lane: what one process cannot send from, others do."""
TAKEN_BYTES_MAX = 8 * 1024 * 1024
GATHER_S = 0.002
"""After a round that did something: outcomes, and what comes into lanes, gather."""
MEND_EVERY_S = 60.0

log = structlog.get_logger()


class LaneScheduler:
    """Holds at most `LANES_HELD_MAX` lanes and sends from them what their endpoints may get.
    `run()` until cancelled; then nothing more is sent, and attempts under way end."""

    def __init__(
        self,
        *,
        lanes: Lanes,
        ledger: Ledger,
        context: LaneContext,
        slots: DeliverySlots,
        lease_s: float,
        turn_s: float,
    ) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._cache = context.endpoints.cache
        self._context = context
        self._slots = slots
        self._lane_wake = context.lane_wake
        self._lease_s = lease_s
        self._turn_s = turn_s
        self._turns: dict[bytes, LaneTurn] = {}
        self._left: list[LeasedAttempt] = []
        self._to_wake: set[bytes] = set()
        self._rounds = 0

    @property
    def held(self) -> int:
        """The number of lanes that this process holds."""
        return len(self._turns)

    def wake(self, endpoint_ids: Sequence[bytes]) -> None:
        """Let the lanes of these endpoints have their turn now."""
        self._to_wake.update(endpoint_ids)
        self._lane_wake.notify(0)

    async def run(self) -> None:
        """Take turns until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._mend())
            while True:
                try:
                    pause_s = await self._round()
                except StorageDown as error:
                    log.warning("lanes.database_down", error=str(error)[:300])
                    pause_s = SLEEP_S_MAX
                if pause_s > 0:
                    await self._lane_wake.wait(pause_s)

    def stop(self) -> None:
        """Send nothing more. Call it once `run` has ended, and `give_back` after it."""
        for turn in self._turns.values():
            turn.give_up()

    async def give_back(self) -> None:
        """Release what was taken and not sent, and every lane that may be given back now. A lane
        that must wait for an attempt under way stays held until the next call. Raises
        `StorageDown`."""
        await self._release()

    async def _mend(self) -> None:
        while True:
            try:
                mended = await self._lanes.mend_lanes()
                if mended:
                    log.error("lanes.mended", lanes=mended)
                    self._lane_wake.notify(0)
            except StorageDown as error:
                log.warning("lanes.not_mended", error=str(error)[:300])
            await asyncio.sleep(MEND_EVERY_S)

    async def _round(self) -> float:
        """Look at all lanes once; returns how long to sleep before the next round."""
        self._lane_wake.reset()
        self._rounds += 1
        if self._to_wake:
            waking, self._to_wake = self._to_wake, set()
            await self._lanes.wake_lanes(list(waking))
        leased = await self._lease()
        taken = await self._take()
        await self._release()
        if leased or taken:
            return GATHER_S
        waits_s = [turn.looks_again_in_s() for turn in self._turns.values()]
        next_s = await self._lanes.next_lane_in_s()
        if next_s is not None and self.held < LANES_HELD_MAX:
            waits_s.append(max(next_s, GATHER_S))
        return min([SLEEP_S_MAX, *waits_s])

    async def _lease(self) -> int:
        free_slots = self._slots.free_for_retries()
        room = min(LANES_HELD_MAX - self.held, LANES_LEASED_MAX, ceil(free_slots / SLOTS_A_LANE))
        if room <= 0:
            return 0
        leased = await self._lanes.lease_lanes(lanes_max=room, lease_s=self._lease_s)
        found = await self._cache.load({lane.endpoint_id: 0 for lane in leased})
        for lane in leased:
            former = self._turns.pop(lane.endpoint_id, None)
            if former is not None:  # its lease ended while this process was held up
                former.give_up()
                self._left.extend(former.untouched)
            self._turns[lane.endpoint_id] = self._turn_of(lane, found.get(lane.endpoint_id))
        return len(leased)

    def _turn_of(self, lane: HeldLane, endpoint: EndpointConfig | None) -> LaneTurn:
        if isinstance(endpoint, ResolvedEndpoint):
            kind = OrderedTurn if endpoint.fifo else GuardedTurn
            return kind(self._context, lane, endpoint, self._turn_s)
        turn = LaneTurn(self._context, lane, self._turn_s)
        match endpoint:
            case Inactive():
                closed = self._context.endpoints.closed
                closed.close(lane.endpoint_id, endpoint.version, endpoint.reason)
                turn.stop(CLOSED_WAIT_S)
            case Unusable():
                turn.stop(UNUSABLE_WAIT_S)
            case None:
                turn.stop(UNKNOWN_WAIT_S)
            case _:
                assert_never(endpoint)
        return turn

    async def _take(self) -> int:
        """Take from the lanes what their endpoints and the free slots allow, and send it."""
        # Before anything is taken: a take goes up to the message that is confirmed here. Without
        # that bound, a message whose batch comes late would be overtaken.
        await asyncio.gather(*[turn.confirm() for turn in self._turns.values()])
        wanting = [(turn, quota) for turn in self._turns.values() if (quota := turn.quota())]
        if not wanting:
            return 0
        demands = [
            Demand(turn.lane.tenant_id, turn.lane.application_id, turn.lane.weight, quota.total)
            for turn, quota in wanting
        ]
        granted = allocate(self._slots.free_for_retries(), demands, turn=self._rounds)
        for (turn, _), grant in zip(wanting, granted, strict=True):
            if not grant:
                turn.hand_on()
        takes = [
            turn.take(quota, grant)
            for (turn, quota), grant in zip(wanting, granted, strict=True)
            if grant
        ]
        if not takes:
            return 0
        taken = await self._lanes.take_from_lanes(
            takes, bytes_max=TAKEN_BYTES_MAX, lease_s=self._lease_s
        )
        self._start(takes, taken)
        return len(taken)

    def _start(self, takes: Sequence[LaneTake], taken: Sequence[Delivery]) -> None:
        of_lane: dict[bytes, list[LeasedAttempt]] = {take.endpoint_id: [] for take in takes}
        for due in taken:
            of_lane[due.endpoint_id].append(self._context.leased.take(due))
        for take in takes:
            self._turns[take.endpoint_id].start(of_lane[take.endpoint_id], take)

    async def _put_back(self) -> None:
        """Make what was taken and not sent due again.

        It precedes the release of the lanes: their next holder would otherwise find these rows
        still leased, and an ordered endpoint would wait until the lease of its head ends.
        """
        left = self._left
        # Counted before the write, during which a turn may add more: those were not released.
        counts = [(turn, len(turn.untouched)) for turn in self._turns.values()]
        untouched = [*left, *(each for turn, count in counts for each in turn.untouched[:count])]
        if not untouched:
            return
        await self._ledger.release([attempt.delivery for attempt in untouched])
        left.clear()
        for turn, count in counts:
            del turn.untouched[:count]
        self._context.leased.give_back(untouched)

    async def _release(self) -> None:
        await self._put_back()
        ended = [turn for turn in self._turns.values() if turn.is_over()]
        if not ended:
            return
        await self._lanes.release_lanes([turn.release() for turn in ended])
        for turn in ended:
            del self._turns[turn.lane.endpoint_id]
            turn.released(self.wake)
