"""Messages with a time of their own: committed at once, sent when it comes.

They are in the journal without a batch. A replica that finds some due opens a batch with them,
and from there on they go as every other message does.
"""

import asyncio
from typing import Protocol

import structlog

from angarium_gateway.application.unavailable import JournalUnavailable

from .relay import Relay

LOOK_INTERVAL_S = 1.0
"""At most: another replica may have scheduled something sooner."""
CONTENDED_S = 0.05

log = structlog.get_logger()


class Schedule(Protocol):
    """What waits for its time, shared by all replicas. Every method raises `JournalUnavailable`.

    Times are compared with the database's clock, the same for every replica.
    """

    async def next_due_in_s(self) -> float | None:
        """How long until the first is due (0 or less: it is); None when nothing is scheduled."""

    async def open_due(self, owner: str, *, stream_count: int) -> int:
        """Take the messages that have been due for longest off the schedule, at most 200 and 4 MiB
        (one larger goes alone), and open an unpublished batch of `owner` with them, one a stream
        number, in the order of their times; all in one transaction. How many messages.

        What another replica is taking at the same time is left to it.
        """

    async def cancel(self, application_id: bytes, message_id: bytes) -> bool:
        """Take one message off the schedule, and put on record that it was; False when it is not
        on it: unknown, cancelled before, or sent."""


class Scheduler:
    """Opens batches for what is due. `run()` until cancelled."""

    def __init__(self, schedule: Schedule, relay: Relay, *, owner: str, stream_count: int) -> None:
        self._schedule = schedule
        self._relay = relay
        self._owner = owner
        self._stream_count = stream_count

    async def run(self) -> None:
        """Look for what is due until cancelled."""
        while True:
            try:
                wait_s = await self._look()
            except JournalUnavailable as error:
                log.warning("scheduler.waits", error=str(error))
                wait_s = LOOK_INTERVAL_S
            await asyncio.sleep(wait_s)

    async def _look(self) -> float:
        """How long to wait before the next look."""
        due_in_s = await self._schedule.next_due_in_s()
        if due_in_s is None:
            return LOOK_INTERVAL_S
        if due_in_s > 0:
            return min(due_in_s, LOOK_INTERVAL_S)
        try:
            opened = await self._schedule.open_due(self._owner, stream_count=self._stream_count)
        finally:
            # Also when it failed: it may have taken place.
            self._relay.look_for_backlog()
        return 0 if opened else CONTENDED_S
