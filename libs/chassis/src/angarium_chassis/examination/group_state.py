"""The state of a stream and of the group that reads it."""

from dataclasses import dataclass

SILENT_S = 30.0
"""A live consumer writes a heartbeat every ten seconds."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer of a group. It read, or wrote its heartbeat, `idle_s` seconds ago."""

    name: str
    pending: int
    idle_s: float


@dataclass(frozen=True, slots=True)
class GroupState:
    """A stream and its only group.

    `oldest_s` is the age of the oldest entry; finished entries are deleted. `abandoned` counts, up
    to 100, the entries that have been idle for several leases.
    """

    stream: str
    group: str
    exists: bool
    length: int = 0
    pending: int = 0
    abandoned: int = 0
    oldest_s: float = 0.0
    consumers: tuple[Consumer, ...] = ()

    @property
    def reader(self) -> str:
        """The service that reads it."""
        return self.group.removesuffix("s")

    @property
    def waiting(self) -> int:
        """The number of entries that nobody has taken yet."""
        return max(0, self.length - self.pending)

    @property
    def living(self) -> int:
        """The number of consumers that read."""
        return sum(each.idle_s < SILENT_S for each in self.consumers)
