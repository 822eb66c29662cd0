"""The states of a message, for the page that explains them.

No service stores a message's state: it follows from the message's row, its place on the schedule
and its batch. `test_message_states.py` drives the gateway's code, reads the state out of its
tables, and fails when a message takes a step that is not here or when a step is never taken.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class MessageState(Enum):
    """The state of a message in the gateway. Its deliveries have states of their own."""

    SCHEDULED = "scheduled"
    """In the journal without a batch, until its time."""
    ACCEPTED = "accepted"
    """In a batch that waits in the journal."""
    UNDER_WAY = "under way"
    """In a published batch: it is being dispatched and delivered."""
    SET_ASIDE = "set aside"
    """In a batch that was published in vain too often."""
    SETTLED = "settled"
    """The first attempt at every endpoint has ended, or the rest is a row of the worker."""
    CANCELLED = "cancelled"
    """Taken off the schedule, and kept."""
    DELETED = "deleted"
    """Removed by retention."""


@dataclass(frozen=True, slots=True)
class MessageChange:
    """A change from any of `sources` (none: the message is new) to `target`, because of `cause`.
    `by_command` changes are made by a client or an operator."""

    sources: tuple[MessageState, ...]
    target: MessageState
    cause: str
    by_command: bool = False


_M = MessageState

MESSAGE_CHANGES: Final[tuple[MessageChange, ...]] = (
    MessageChange((), _M.ACCEPTED, "it is committed while the window has no room"),
    MessageChange((), _M.UNDER_WAY, "it is committed with room in the window, and published"),
    MessageChange((), _M.SCHEDULED, "it is committed with a `deliverAt`"),
    MessageChange(
        (),
        _M.SETTLED,
        "it is for one endpoint only (send-example), and goes to the worker directly",
    ),
    MessageChange((_M.SCHEDULED,), _M.ACCEPTED, "its time comes: a batch is opened with it"),
    MessageChange((_M.SCHEDULED,), _M.CANCELLED, "a client cancels it", by_command=True),
    MessageChange((_M.ACCEPTED,), _M.UNDER_WAY, "the window has room for its batch"),
    MessageChange(
        (_M.UNDER_WAY,),
        _M.ACCEPTED,
        "its batch is lost, or its gateway died: it will be published again",
    ),
    MessageChange((_M.UNDER_WAY,), _M.SETTLED, "all chunks of its batch are settled"),
    MessageChange(
        (_M.ACCEPTED,),
        _M.SETTLED,
        "all chunks of its batch are settled after it had been taken for lost",
    ),
    MessageChange((_M.UNDER_WAY,), _M.SET_ASIDE, "its batch was lost too often"),
    MessageChange(
        (_M.SET_ASIDE,),
        _M.ACCEPTED,
        "an operator replays its batch: `angarium quarantine replay`",
        by_command=True,
    ),
    MessageChange(
        (_M.SETTLED, _M.CANCELLED), _M.DELETED, "it is older than messages have to be kept"
    ),
)
