"""The states of a batch, and the changes that lead from one to another.

The relay and the recovery name a change, `BatchStore.change` carries it out, and the row that is
written follows from the change's target. The pictures of docs/explanation/delivery-states.md are
drawn from `BATCH_CHANGES`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final


class BatchState(Enum):
    """The state of an open batch, which is a row of the table `batch`."""

    UNPUBLISHED = "unpublished"
    """Only in the journal. Its gateway publishes it as soon as the window has room."""
    PUBLISHED = "published"
    """In the streams. Its gateway waits until all its chunks are settled."""
    SET_ASIDE = "set aside"
    """Published in vain too often. No gateway publishes it until an operator replays it."""
    SETTLED = "settled"
    """Every first attempt is on record. The row is deleted."""


@dataclass(frozen=True, slots=True)
class BatchChange:
    """A change from any of `sources` (none: the batch is new) to `target`, because of `cause`.

    With `republished` the publication number is counted up: the next publication is flagged
    `redelivered`, and workers look up which of its deliveries exist already. `by_command` changes
    are made by an operator.
    """

    sources: tuple[BatchState, ...]
    target: BatchState
    cause: str
    republished: bool = False
    by_command: bool = False

    def steps(self) -> Iterator[tuple[BatchState | None, BatchState, bool]]:
        """Each source with the target, and whether the publication number is counted up."""
        for source in self.sources or (None,):
            yield source, self.target, self.republished


_S = BatchState

COMMITTED_UNPUBLISHED: Final = BatchChange(
    (),
    _S.UNPUBLISHED,
    "it is committed while the window has no room, or opened for scheduled messages that are due",
)
COMMITTED_PUBLISHED: Final = BatchChange(
    (), _S.PUBLISHED, "it is committed with room reserved in the window"
)
LOADED: Final = BatchChange(
    (_S.UNPUBLISHED,), _S.PUBLISHED, "the window has room, and the batch is the oldest"
)
NEVER_SENT: Final = BatchChange(
    (_S.PUBLISHED,),
    _S.UNPUBLISHED,
    "the gateway did not learn whether its commit took place, so it was never published",
)
LOST: Final = BatchChange(
    (_S.PUBLISHED, _S.UNPUBLISHED),
    _S.UNPUBLISHED,
    "it may be lost: publishing failed, Redis lost its data, the streams no longer hold any of it,"
    " or its gateway does not know it. From unpublished: the loss is recorded twice, because the"
    " first answer of the database was lost",
    republished=True,
)
ADOPTED: Final = {
    _S.PUBLISHED: BatchChange(
        (_S.PUBLISHED,),
        _S.UNPUBLISHED,
        "its gateway died, and another adopts it",
        republished=True,
    ),
    _S.UNPUBLISHED: BatchChange(
        (_S.UNPUBLISHED,),
        _S.UNPUBLISHED,
        "its gateway died, and another adopts it; it was not published before",
    ),
}
"""By the state in which the batch was left."""
CLOSED: Final = BatchChange(
    (_S.PUBLISHED, _S.UNPUBLISHED),
    _S.SETTLED,
    "all its chunks are settled. From unpublished: it had been taken for lost in the meantime",
)
GIVEN_UP: Final = BatchChange(
    (_S.PUBLISHED,),
    _S.SET_ASIDE,
    "it was lost six times while Redis was healthy: its entries end in the quarantine",
)
BROUGHT_BACK: Final = BatchChange(
    (_S.SET_ASIDE,),
    _S.UNPUBLISHED,
    "an operator replays it with `angarium quarantine replay`, and a gateway adopts it",
    republished=True,
    by_command=True,
)

BATCH_CHANGES: Final[tuple[BatchChange, ...]] = (
    COMMITTED_UNPUBLISHED,
    COMMITTED_PUBLISHED,
    LOADED,
    NEVER_SENT,
    LOST,
    *ADOPTED.values(),
    CLOSED,
    GIVEN_UP,
    BROUGHT_BACK,
)
