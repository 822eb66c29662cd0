"""The port to pending deliveries, for changes that an operator or tenant commands."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from angarium_worker.domain.delivery import Delivery


class CancelCount(NamedTuple):
    """Of the deliveries that a `cancel` reached, how many it `ended`, and how many are only
    `marked`, because a worker may hold them."""

    ended: int
    marked: int


class ManualLedger(Protocol):
    """Changes of pending deliveries. Every method raises `StorageDown`."""

    async def resend(self, rows: Sequence[Delivery], *, only_missing: bool) -> int:
        """Make deliveries pending, due now, with no attempts made and the trigger MANUAL; how
        many. One that is pending and that nobody holds is made due as it is; one that a worker
        holds is due again once that worker settles it, because the attempt under way may have
        reached the receiver before the command. That a delivery was cancelled is forgotten.
        `only_missing`: those that have an attempt, are pending, or were cancelled manually are
        left out."""
        ...

    async def cancel(
        self,
        *,
        message_id: bytes | None,
        endpoint_id: bytes | None,
        reason: str,
        by_hand: bool,
        rows_max: int,
        lease_s: float,
    ) -> CancelCount:
        """End pending deliveries of a message, an endpoint, or both, and put on record why. One
        that is due within `lease_s` may be held: it is marked and ends when its holder lets
        go."""
        ...
