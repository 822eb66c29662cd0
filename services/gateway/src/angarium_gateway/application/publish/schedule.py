"""Scheduled messages: committed on acceptance, sent at their `deliver_at`.

Until then they are in the journal without a batch. A replica that finds messages due opens a batch
with them, and the relay publishes it like any other.
"""

import asyncio
from typing import Protocol

import structlog

from angarium_gateway.application.unavailable import JournalUnavailable

from .relay import Relay

LOOK_INTERVAL_S = 1.0
"""The longest wait: another replica may have scheduled an earlier message."""
CONTENDED_S = 0.05

log = structlog.get_logger()


class Schedule(Protocol):
    """The scheduled messages, shared by all replicas. Every method raises `JournalUnavailable`.

    Times are compared with the database's clock, so that replicas agree.
    """

    async def next_due_in_s(self) -> float | None:
        """Seconds until the first message is due (0 or less: it is due); None when no message is
        scheduled."""

    async def open_due(self, owner: str, *, stream_count: int) -> int:
        """Move the messages that have been due for longest from the schedule into unpublished
        batches of `owner`, one batch per stream number, in the order of their times and in one
        transaction. At most 200 messages and 4 MiB; a larger message goes alone. Returns the
        number of messages.

        Messages that another replica is taking at the same time are skipped.
        """

    async def cancel(self, application_id: bytes, message_id: bytes) -> bool:
        """Take a message off the schedule and record the cancellation; False when the message is
        not scheduled: unknown, cancelled before, or sent."""


class Scheduler:
    """Opens batches for messages that are due. `run()` until cancelled."""

    def __init__(self, schedule: Schedule, relay: Relay, *, owner: str, stream_count: int) -> None:
        self._schedule = schedule
        self._relay = relay
        self._owner = owner
        self._stream_count = stream_count

    async def run(self) -> None:
        """Open batches for due messages until cancelled."""
        while True:
            try:
                wait_s = await self._look()
            except JournalUnavailable as error:
                log.warning("scheduler.waits", error=str(error))
                wait_s = LOOK_INTERVAL_S
            await asyncio.sleep(wait_s)

    async def _look(self) -> float:
        """Open the batches that are due; the seconds to wait before the next look."""
        due_in_s = await self._schedule.next_due_in_s()
        if due_in_s is None:
            return LOOK_INTERVAL_S
        if due_in_s > 0:
            return min(due_in_s, LOOK_INTERVAL_S)
        try:
            opened = await self._schedule.open_due(self._owner, stream_count=self._stream_count)
        finally:
            # Also after a failure: the transaction may have been committed, and then its batch
            # would wait until something else makes the relay read the backlog.
            self._relay.look_for_backlog()
        return 0 if opened else CONTENDED_S
