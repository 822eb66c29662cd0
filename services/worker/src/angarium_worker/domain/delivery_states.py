"""State transitions of deliveries and endpoints.

What becomes of a delivery by a verdict, `after` reads from its table: a step that is not in there
is an error. What the database does to rows and the guards to endpoints, tests hold against the
tables. The pictures of docs/explanation/delivery-states.md are drawn from them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from .delivery import ENDED, DeliveryState, Lane
from .verdict import (
    Aborted,
    Cancelled,
    Delivered,
    Exhausted,
    Gone,
    Parked,
    Queued,
    Retry,
    Verdict,
)


class EndpointStatus(Enum):
    """State of an endpoint that its owner sets, the same for all workers."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"


class GuardState(Enum):
    """State of an endpoint in one worker, as named in the API and the metrics."""

    DELIVERING = "delivering"
    WAITING = "waiting"
    """Deliveries stand in its lane."""
    OPEN = "open"
    """Its circuit breaker: nothing is sent."""
    PROBING = "probing"
    """A single attempt tells whether it is back."""
    RECOVERING = "recovering"
    """It is back, and what has gathered follows at a measured pace."""


@dataclass(frozen=True, slots=True)
class Transition[State: Enum]:
    """From any of `sources` (none: it begins there) to `target`, because of `cause`.

    `verdicts`: the types of `Verdict` that bring it about; none: it follows from something else.
    `by_command`: an owner or an operator wants it; else it follows from what a worker meets.
    """

    sources: tuple[State, ...]
    target: State
    cause: str
    verdicts: tuple[type, ...] = ()
    by_command: bool = False

    def steps(self) -> Iterator[tuple[State | None, State, type | None]]:
        """Each single step of it: source, target, and the verdict's type."""
        for source in self.sources or (None,):
            for verdict in self.verdicts or (None,):
                yield source, self.target, verdict


_D = DeliveryState
_G = GuardState
_S = EndpointStatus

DELIVERY: Final[tuple[Transition[DeliveryState], ...]] = (
    Transition((), _D.REQUESTED, "a chunk brings it to a worker"),
    Transition((_D.REQUESTED,), _D.SENDING, "its endpoint may be sent to, and a slot is free"),
    Transition(
        (_D.REQUESTED,),
        _D.WAITING,
        "no slot is free, or its endpoint has as much in flight as it bears",
    ),
    Transition((_D.WAITING,), _D.SENDING, "there is room now"),
    Transition(
        (_D.REQUESTED,),
        _D.IN_LANE,
        "its endpoint is ordered, limited, down, asks for a pause, has a backlog, or cannot be"
        " looked up; or its application has more than its share",
        (Queued,),
    ),
    Transition(
        (_D.WAITING,),
        _D.IN_LANE,
        "its chunk ends after half a second, or its endpoint goes down",
        (Queued,),
    ),
    Transition((_D.REQUESTED,), _D.CANCELLED, "its endpoint is disabled or deleted", (Cancelled,)),
    Transition(
        (_D.REQUESTED, _D.WAITING, _D.SENDING),
        _D.REQUESTED,
        "its worker dies before anything is on record: its batch is published again",
    ),
    Transition((_D.SENDING,), _D.DELIVERED, "the endpoint answers 2xx", (Delivered,)),
    Transition(
        (_D.SENDING,),
        _D.EXHAUSTED,
        "the last attempt of its schedule fails, the endpoint answers 410, or asks for no other",
        (Exhausted, Gone, Aborted),
    ),
    Transition(
        (_D.SENDING,),
        _D.SCHEDULED,
        "the attempt fails and another follows; or nothing could be sent, for no fault of the"
        " endpoint",
        (Retry, Parked),
    ),
    Transition(
        (_D.SENDING,), _D.IN_LANE, "the same, of an ordered or limited endpoint", (Retry, Parked)
    ),
    Transition((_D.SCHEDULED,), _D.HELD, "its time comes: a worker leases it"),
    Transition((_D.IN_LANE,), _D.HELD, "its lane has a turn, and it is its own"),
    Transition((_D.HELD,), _D.SENDING, "its endpoint may be sent to"),
    Transition((_D.HELD,), _D.IN_LANE, "its endpoint may not be sent to now", (Queued,)),
    Transition(
        (_D.HELD,),
        _D.SCHEDULED,
        "its endpoint cannot be looked up, its secret cannot be opened, or the retries of endpoints"
        " in trouble have exceeded the budget of several workers",
        (Parked,),
    ),
    Transition(
        (_D.HELD,),
        _D.CANCELLED,
        "it was cancelled meanwhile, or its endpoint is disabled or deleted",
        (Cancelled,),
    ),
    Transition(
        (_D.HELD, _D.SENDING),
        _D.SCHEDULED,
        "its worker stops and gives it back, or dies and the lease runs out",
    ),
    Transition(
        (_D.HELD, _D.SENDING),
        _D.IN_LANE,
        "the same, out of a lane; or what was taken from it with this one has to wait",
    ),
    Transition(
        (_D.SCHEDULED, _D.IN_LANE),
        _D.CANCELLED,
        "somebody cancels it, or disables or deletes its endpoint",
        by_command=True,
    ),
    Transition(
        ENDED,
        _D.SCHEDULED,
        "somebody wants it again: resend, recover, replay",
        by_command=True,
    ),
    Transition(ENDED, _D.IN_LANE, "the same, of an ordered or limited endpoint", by_command=True),
    Transition(
        (),
        _D.SCHEDULED,
        "somebody wants it that never was: replay-missing, send-example",
        by_command=True,
    ),
    Transition((), _D.IN_LANE, "the same, of an ordered or limited endpoint", by_command=True),
)

_TARGETS: Final = {
    (source, verdict): tuple(
        row.target for row in DELIVERY if source in row.sources and verdict in row.verdicts
    )
    for each in DELIVERY
    for source in each.sources
    for verdict in each.verdicts
}


class ImpossibleStep(Exception):
    """A verdict on a delivery that cannot be where it is said to be."""


class Step(NamedTuple):
    """The next step of a delivery: its state; where that is a row, its lane if it stands in one,
    and in how long it is due."""

    state: DeliveryState
    lane: Lane | None = None
    due_in_us: int = 0


_ENDS: Final = {step: Step(targets[0]) for step, targets in _TARGETS.items() if targets[0] in ENDED}
"""Made once: most deliveries end at their first attempt."""


def after(
    state: DeliveryState,
    verdict: Verdict,
    *,
    lane: Lane | None = None,
    strict: bool = False,
    fifo: bool = False,
) -> Step:
    """The next step of a delivery in `state`, taken out of `lane` if it stood in one, for an
    endpoint whose limits (`strict`) or order (`fifo`, which is strict too) hold across workers.

    A delivery of a strict endpoint never leaves its lane: beside it, it would pass others by.
    Raises `ImpossibleStep`.
    """
    end = _ENDS.get((state, type(verdict)))
    if end is not None:
        return end
    targets = _TARGETS.get((state, type(verdict)))
    if targets is None:
        raise ImpossibleStep(f"{state.value}: {verdict}")
    match verdict:
        case Retry(delay_s):
            into = (Lane.FIRST if fifo else Lane.RETRY) if strict else None
        case Parked(delay_s):
            into = (Lane.FIRST if fifo or lane is None else lane) if strict else None
        case Queued(retry):
            into, delay_s = (Lane.RETRY if retry and not fifo else Lane.FIRST), 0.0
        case _:
            raise ImpossibleStep(f"{state.value}: {verdict}")
    target = DeliveryState.SCHEDULED if into is None else DeliveryState.IN_LANE
    if target not in targets:
        raise ImpossibleStep(f"{state.value}: {verdict}, {target.value}")
    return Step(target, into, int(delay_s * 1_000_000))


STANDING: Final[tuple[Transition[EndpointStatus], ...]] = (
    Transition((), _S.ENABLED, "it is created", by_command=True),
    Transition((), _S.DISABLED, "it is created disabled", by_command=True),
    Transition(
        (_S.ENABLED,),
        _S.DISABLED,
        "its owner disables it; or it answered 410, or failed for five days without a success",
    ),
    Transition((_S.DISABLED,), _S.ENABLED, "its owner enables it again", by_command=True),
    Transition((_S.ENABLED, _S.DISABLED), _S.DELETED, "its owner deletes it", by_command=True),
)

GUARD: Final[tuple[Transition[GuardState], ...]] = (
    Transition((), _G.DELIVERING, "a worker meets it for the first time"),
    Transition((_G.DELIVERING,), _G.WAITING, "a delivery goes into its lane"),
    Transition(
        (_G.DELIVERING, _G.WAITING), _G.RECOVERING, "it succeeds after five failures in a row"
    ),
    Transition((_G.WAITING,), _G.DELIVERING, "its lane is empty"),
    Transition(
        (_G.DELIVERING, _G.WAITING, _G.RECOVERING),
        _G.OPEN,
        "it fails for ten seconds, ten times in a row",
    ),
    Transition((_G.OPEN,), _G.PROBING, "its time is over: a single attempt begins"),
    Transition((_G.PROBING,), _G.OPEN, "the attempt did not succeed"),
    Transition(
        (_G.PROBING,),
        _G.RECOVERING,
        "the attempt succeeded; or ten in a row were answered, but with a refusal",
    ),
    Transition((_G.RECOVERING,), _G.WAITING, "the pace has grown until it limits nothing"),
    Transition(
        (_G.RECOVERING,),
        _G.DELIVERING,
        "its lane is empty a minute later, or the pace limits nothing",
    ),
)
