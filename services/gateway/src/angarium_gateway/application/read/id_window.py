"""Windows and pages of lists that are ordered by id, and so by time."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IdWindow:
    """A part of a list: at most `limit` items after `past`, or before it with `backwards`. The list
    begins with the newest item when `descending`, else with the oldest."""

    limit: int
    past: bytes | None = None
    backwards: bool = False
    descending: bool = True

    @property
    def falling(self) -> bool:
        """True if the query goes from higher ids to lower ones."""
        return self.descending != self.backwards


@dataclass(frozen=True, slots=True)
class IdPage[T]:
    """Items in the order of the list. `done` when no item follows in the direction of the
    window."""

    items: Sequence[T]
    done: bool
