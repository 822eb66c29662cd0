"""The states of a message and of its batch, and how each follows from another.

Data, not machinery: nothing runs by this. The tests drive the real code and hold it against these
tables; the pictures of docs/explanation/delivery-states.md are drawn from them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final


class MessageState(Enum):
    """Where a message stands for the gateway. What becomes of it at each endpoint is a delivery,
    which has states of its own."""

    SCHEDULED = "scheduled"
    """In the journal without a batch, until its time."""
    ACCEPTED = "accepted"
    """In a batch that waits in the journal."""
    UNDER_WAY = "under way"
    """In a batch that was published: it is being dispatched and delivered."""
    SET_ASIDE = "set aside"
    """In a batch that was published in vain too often."""
    SETTLED = "settled"
    """Its first attempt at every endpoint has ended, or what is left of it is on the worker's
    record."""
    CANCELLED = "cancelled"
    """Taken off the schedule, and kept as such."""
    DELETED = "deleted"
    """Gone with time."""


class BatchState(Enum):
    """Where an open batch stands: the row of `batch`, or that there is none any more."""

    UNPUBLISHED = "unpublished"
    """Only in the journal. Its gateway publishes it as soon as the window has room."""
    PUBLISHED = "published"
    """Its gateway waits for all its chunks to be settled."""
    SET_ASIDE = "set aside"
    """Nobody publishes it until an operator wants it."""
    SETTLED = "settled"
    """The row is deleted."""


@dataclass(frozen=True, slots=True)
class Transition[State: Enum]:
    """From any of `sources` (none: it begins there) to `target`, because of `cause`.

    `anew`: the publication is counted up, so that the next one is flagged `redelivered` and its
    deliveries are looked up. `by_command`: a client or an operator wants it.
    """

    sources: tuple[State, ...]
    target: State
    cause: str
    anew: bool = False
    by_command: bool = False

    def steps(self) -> Iterator[tuple[State | None, State, bool]]:
        """Each single step of it: source, target, and whether the publication is counted up."""
        for source in self.sources or (None,):
            yield source, self.target, self.anew


_M = MessageState
_B = BatchState

MESSAGE: Final[tuple[Transition[MessageState], ...]] = (
    Transition((), _M.ACCEPTED, "it is committed, and there is no room in the window"),
    Transition((), _M.UNDER_WAY, "it is committed, and there is room: it goes out at once"),
    Transition((), _M.SCHEDULED, "it is committed with a `deliverAt`"),
    Transition(
        (), _M.SETTLED, "it is for one endpoint only (send-example): it goes to the worker directly"
    ),
    Transition((_M.SCHEDULED,), _M.ACCEPTED, "its time comes: a batch is opened with it"),
    Transition((_M.SCHEDULED,), _M.CANCELLED, "somebody cancels it", by_command=True),
    Transition((_M.ACCEPTED,), _M.UNDER_WAY, "the window has room for its batch"),
    Transition(
        (_M.UNDER_WAY,),
        _M.ACCEPTED,
        "its batch got lost, or its gateway died: it will be published again",
    ),
    Transition((_M.UNDER_WAY,), _M.SETTLED, "all chunks of its batch are settled"),
    Transition((_M.ACCEPTED,), _M.SETTLED, "they were, and it was taken for lost meanwhile"),
    Transition((_M.UNDER_WAY,), _M.SET_ASIDE, "its batch got lost too often"),
    Transition(
        (_M.SET_ASIDE,),
        _M.ACCEPTED,
        "an operator has it published again: `angarium quarantine replay`",
        by_command=True,
    ),
    Transition((_M.SETTLED, _M.CANCELLED), _M.DELETED, "it is older than it has to be kept"),
)

BATCH: Final[tuple[Transition[BatchState], ...]] = (
    Transition(
        (),
        _B.UNPUBLISHED,
        "it is committed without room in the window, or opened for scheduled messages",
    ),
    Transition((), _B.PUBLISHED, "it is committed with room in the window"),
    Transition((_B.UNPUBLISHED,), _B.PUBLISHED, "the window has room, and it is the oldest"),
    Transition(
        (_B.PUBLISHED,),
        _B.UNPUBLISHED,
        "its commit was in doubt: it never went out, as it turns out",
    ),
    Transition(
        (_B.PUBLISHED,),
        _B.UNPUBLISHED,
        "it may have got lost: publishing failed, Redis forgot, nothing of it is left in the"
        " streams, its gateway does not know it; or its gateway died, and another adopts it",
        anew=True,
    ),
    Transition(
        (_B.UNPUBLISHED,),
        _B.UNPUBLISHED,
        "its gateway died, and another adopts it",
    ),
    Transition(
        (_B.UNPUBLISHED,),
        _B.UNPUBLISHED,
        "its gateway has the journal note its loss twice: the first answer got lost",
        anew=True,
    ),
    Transition((_B.PUBLISHED,), _B.SETTLED, "all its chunks are settled"),
    Transition((_B.UNPUBLISHED,), _B.SETTLED, "they were, and it was taken for lost meanwhile"),
    Transition(
        (_B.PUBLISHED,),
        _B.SET_ASIDE,
        "it got lost six times while Redis was well: its entries end in the quarantine",
    ),
    Transition(
        (_B.SET_ASIDE,),
        _B.UNPUBLISHED,
        "an operator brings it back: `angarium quarantine replay`; a gateway adopts it",
        anew=True,
        by_command=True,
    ),
)
