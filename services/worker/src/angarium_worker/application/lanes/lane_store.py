"""The lanes of endpoints, and the port to where they are kept.

A delivery that must wait for its endpoint, because it is ordered, limited, overloaded or down,
stands in the endpoint's lane: durable, in order, without a slot. A lane has turns. The worker that
leases it takes what the endpoint may get, sends it, and gives the lane back; no other worker sends
from it meanwhile.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from angarium_worker.domain.delivery import Delivery


class HeldLane(Struct, gc=False, frozen=True):
    """An endpoint's lane that this process holds under `fence`, for as long as it asked.

    `arrivals` counts what has come into the lane, and goes back with its release. `burst_us` is
    how far ahead of now the endpoint's rate limit is booked, 0 or more. `confirmed`: every
    message up to this id was in the lane before (ordered endpoints). `abandoned`: the last
    holder did not give it back.
    """

    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    weight: int
    fence: int
    arrivals: int
    burst_us: int
    confirmed: bytes
    abandoned: bool


class LaneTake(NamedTuple):
    """A request to a held lane: take so many due first attempts and retries, each the longest
    waiting in the order of messages.

    `ordered`: in the order of messages whatever they are, `firsts_max` of them, none beyond the
    first that is not due, and only messages up to `upto` (inclusive).
    """

    endpoint_id: bytes
    fence: int
    firsts_max: int
    retries_max: int
    ordered: bool = False
    upto: bytes = b"\xff" * 16


class LaneRelease(NamedTuple):
    """A lane given back: its next turn is not before `wait_us` from now, nor before the first
    of its deliveries is due (the head, where it is `ordered`). A lane that is empty, and whose
    rate limit is not booked ahead, ends; unless something has come in since (`arrivals`)."""

    endpoint_id: bytes
    fence: int
    arrivals: int
    wait_us: int
    burst_us: int
    confirmed: bytes
    ordered: bool
    state: str


class Lanes(Protocol):
    """The lanes. Every method raises `StorageDown`."""

    async def lease_lanes(self, *, lanes_max: int, lease_s: float) -> list[HeldLane]:
        """Take the lanes whose turn has come for longest. Others do not get them meanwhile."""
        ...

    async def take_from_lanes(
        self, takes: Sequence[LaneTake], *, bytes_max: int, lease_s: float
    ) -> list[Delivery]:
        """Take deliveries out of lanes that this process still holds, in the order of `takes`
        and within a lane in the order in which they are to be sent; at most `bytes_max` of
        payload in all, but at least one."""
        ...

    async def release_lanes(self, releases: Sequence[LaneRelease]) -> None:
        """Give lanes back, those that this process still holds."""
        ...

    async def wake_lanes(self, endpoint_ids: Sequence[bytes]) -> None:
        """Let the lanes of these endpoints have their turn now, if they have one."""
        ...

    async def mend_lanes(self) -> int:
        """Open a lane where deliveries stand in one that does not exist; how many. There are
        none unless something went wrong."""
        ...

    async def next_lane_in_s(self) -> float | None:
        """Seconds until a lane that nobody holds has its turn (0 or less: now); None without."""
        ...
