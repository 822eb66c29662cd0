"""A turn of an ordered endpoint: one message after another, in the order of messages."""

from collections import deque
from collections.abc import Sequence

from angarium_worker.application.delivery.leased_attempt import LeasedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.domain.verdict import Aborted, Cancelled, Delivered, Exhausted, Gone, Verdict

from .lane_context import LaneContext, Quota
from .lane_store import HeldLane, LaneTake
from .lane_turn import SendingTurn

TAKEN_MAX = 20
NOT_CONFIRMED_S = 0.01
NOT_CONFIRMED_S_MAX = 0.5
GATHER_S = 0.005


class OrderedTurn(SendingTurn):
    """Sends what stands in the lane one by one, each once the one before is on record.

    Only messages up to one that is known to have none before it still on its way are taken:
    otherwise a message whose batch comes late would be passed by.
    """

    ordered = True
    look_again_s = NOT_CONFIRMED_S

    def __init__(
        self, context: LaneContext, lane: HeldLane, endpoint: ResolvedEndpoint, turn_s: float
    ) -> None:
        super().__init__(context, lane, endpoint, turn_s)
        self._sequence: deque[LeasedAttempt] = deque()
        self._confirmed = self._upto = lane.confirmed
        self._ask_order = True
        self._more_to_come = False
        self._not_before_s = 0.0

    async def confirm(self) -> None:
        """See `LaneTurn`."""
        busy = self._stopped or self._under_way or self._sequence
        if not self._ask_order or busy or self._now_s() < self._not_before_s:
            return
        kept_for = self._endpoint.id if self._endpoint.keep_while_disabled else None
        confirmed = await self._context.order.confirm(
            self.lane.application_id, self._confirmed, kept_for
        )
        self._ask_order = False
        self._more_to_come = confirmed is None
        if confirmed is not None:
            self._confirmed = max(self._confirmed, confirmed.settled)
            self._upto = max(self._upto, confirmed.upto)
            self._more_to_come = confirmed.upto > confirmed.settled

    def take(self, quota: Quota, granted: int) -> LaneTake:
        """See `LaneTurn`."""
        return LaneTake(
            self.lane.endpoint_id, self.lane.fence, min(quota.firsts, granted), 0, True, self._upto
        )

    def give_up(self) -> None:
        """See `LaneTurn`."""
        self.untouched.extend(self._sequence)
        self._sequence.clear()
        self.stop(0.0)

    def is_over(self) -> bool:
        """See `LaneTurn`."""
        return super().is_over() and not self._sequence

    def _most(self, now_s: float) -> int:
        busy = self._under_way or self._sequence or now_s < self._not_before_s
        return 0 if busy else TAKEN_MAX

    def _share(self, most: int, now_s: float) -> Quota | None:
        return Quota(most, 0, most)

    def _begin(self, attempts: Sequence[LeasedAttempt], take: LaneTake) -> None:
        self._ask_order = len(attempts) < take.firsts_max
        if attempts:
            self._look_in_s = NOT_CONFIRMED_S
        elif self._more_to_come:  # later and later, while the turn lasts
            self._look_in_s = min(self._look_in_s * 2, NOT_CONFIRMED_S_MAX)
            self._not_before_s = self._now_s() + self._look_in_s
        else:
            self.stop(GATHER_S)
        self._sequence.extend(attempts)
        self._send_next()

    def _send_next(self) -> None:
        """The next in order, once the one before is on record."""
        while self._sequence and not self._under_way:
            if self._now_s() >= self._until_s:
                self.give_up()
                return
            attempt = self._sequence.popleft()
            cancelled = attempt.delivery.cancelled
            if cancelled is not None:
                self._end(attempt, cancelled)
            else:
                self._send(attempt, None, 0)

    def _recorded(self, verdict: Verdict, held: bool) -> None:
        super()._recorded(verdict, held)
        if held and isinstance(verdict, Delivered | Exhausted | Gone | Aborted | Cancelled):
            self._send_next()
        else:  # the head blocks; and without the fence, somebody else holds it
            self.give_up()

    def _holds_on(self) -> bool:
        return self._under_way > 0

    def _confirmed_to(self) -> bytes:
        return self._confirmed
