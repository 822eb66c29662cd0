"""Wrong workers: each is the real code with one mistake. The simulation must find every one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from angarium_worker import build_worker
from angarium_worker.application.delivery.chunk import Chunk, FirstAttempt
from angarium_worker.application.delivery.deliver_chunk import DeliverChunk
from angarium_worker.application.delivery.leased_attempt import LeasedAttempt
from angarium_worker.application.delivery.leased_attempts import LeasedAttempts
from angarium_worker.application.lanes.lane_scheduler import LaneScheduler
from angarium_worker.application.ledger.recorder import Held
from angarium_worker.application.ledger.records import AttemptRow, EventRow, Record, Settled
from angarium_worker.domain.verdict import Queued, Verdict

from .deliveries import IN_ORDER, LIMITS, ONE_OUTCOME, RECORDED_BEFORE_ACK
from .messages import Entry


class AcknowledgesFirst(DeliverChunk[Entry]):
    """Drops the order of record and acknowledgement."""

    def _close(self, chunk: Chunk[Entry]) -> None:
        self._settlement.settled(chunk, lambda: None, awaited=True)
        super()._close(chunk)


class ForgetsWhatIsParked(DeliverChunk[Entry]):
    """Does not write down what goes into a lane."""

    def _ended(
        self,
        first: FirstAttempt,
        verdict: Verdict,
        row: AttemptRow | None,
        event: EventRow | None,
    ) -> None:
        if isinstance(verdict, Queued):
            self._one_less_open(first.chunk)
        else:
            super()._ended(first, verdict, row, event)


class SkipsTheFence(LeasedAttempts):
    """Puts an attempt on record though another has taken the delivery over."""

    def _recorded(
        self,
        attempt: LeasedAttempt,
        verdict: Verdict,
        settled: Settled,
        held: Held,
    ) -> None:
        if settled.attempt is not None and held is not None and settled.delivery.key not in held:
            self._recorder.record(Record(attempts=(settled.attempt,)), lambda _: None)
        super()._recorded(attempt, verdict, settled, held)


class LosesItsPlace(LeasedAttempts):
    """Lets a delivery that failed wait outside its ordered endpoint's lane."""

    def _settle(
        self,
        attempt: LeasedAttempt,
        verdict: Verdict,
        row: AttemptRow | None,
        event: EventRow | None,
    ) -> None:
        if row is not None:
            attempt.endpoint = None
        super()._settle(attempt, verdict, row, event)


class ForgetsTheRate(LaneScheduler):
    """Gives lanes back without saying how much of their rate is used."""

    async def _release(self) -> None:
        await self._put_back()
        ended = [turn for turn in self._turns.values() if turn.is_over()]
        if ended:
            releases = [turn.release()._replace(burst_us=0) for turn in ended]
            await self._lanes.release_lanes(releases)
        for turn in ended:
            del self._turns[turn.lane.endpoint_id]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A class of the worker and its mutant, and the invariants of which one must be seen not to
    hold."""

    original: type
    mutant: type
    breaks: tuple[str, ...]


@contextmanager
def mutated(mutation: Mutation) -> Iterator[None]:
    """Have `build_worker` build every worker with the mutant."""
    with patch.object(build_worker, mutation.original.__name__, mutation.mutant):
        yield


MUTATIONS = {
    "acknowledges before it records": Mutation(
        DeliverChunk, AcknowledgesFirst, (RECORDED_BEFORE_ACK,)
    ),
    "forgets a parked row": Mutation(DeliverChunk, ForgetsWhatIsParked, (RECORDED_BEFORE_ACK,)),
    "skips a fence": Mutation(LeasedAttempts, SkipsTheFence, (ONE_OUTCOME,)),
    "loses the place of a failed head": Mutation(LeasedAttempts, LosesItsPlace, (IN_ORDER,)),
    "forgets the rate": Mutation(LaneScheduler, ForgetsTheRate, (LIMITS,)),
}
