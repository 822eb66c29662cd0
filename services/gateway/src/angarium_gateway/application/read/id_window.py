"""Parts of lists that go by the ids of their items, which is by time."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IdWindow:
    """Which part of a list: at most `limit` items that follow `past` (come before it, with
    `backwards`), in the order of their beginnings, or from the newest (`descending`)."""

    limit: int
    past: bytes | None = None
    backwards: bool = False
    descending: bool = True

    @property
    def falling(self) -> bool:
        """Whether it is looked up from higher ids to lower ones."""
        return self.descending != self.backwards


@dataclass(frozen=True, slots=True)
class IdPage[T]:
    """Items in the order that was asked for. `done`: none follow (come before)."""

    items: Sequence[T]
    done: bool
