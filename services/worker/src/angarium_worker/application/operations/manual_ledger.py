"""What people have done with deliveries by hand, and the port to where they are kept."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class ResentRow(NamedTuple):
    """A delivery that somebody wants again. See `ManualLedger.resend`."""

    message_id: bytes
    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    event_type: str
    payload: bytes
    endpoint_version: int
    channels: str | None
    trace: str | None
    retry_delays: str | None
    weight: int
    lane: int | None


class ManualLedger(Protocol):
    """Changes of pending deliveries. Every method raises `StorageDown`."""

    async def resend(self, rows: Sequence[ResentRow], *, only_missing: bool) -> int:
        """Make deliveries pending, due now, with no attempts made and the trigger MANUAL; how
        many. One that is pending and that nobody may hold (`beyond_s` of `expedite`) is made
        due. That a delivery was cancelled is forgotten. `only_missing`: those that have an
        attempt, are pending, or were cancelled by hand are left out."""
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
    ) -> int:
        """End pending deliveries of a message, an endpoint, or both, and put on record why; how
        many. One that is due within `lease_s` may be held: it is marked and ends when its
        holder lets go."""
        ...
