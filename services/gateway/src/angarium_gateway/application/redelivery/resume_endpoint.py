"""Deliver the messages that were kept for an endpoint while it was disabled."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from angarium_contracts.ids import created_at_ms
from angarium_contracts.operational import OperationalEvent
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.domain.background_tasks import TaskArguments, TaskKind

from .background_tasks import BackgroundTasks

RUNNING_MAX: Final = 1_000
"""Running tasks of one tenant, beyond which an enabled endpoint waits for others."""
KEPT_AFTER: Final = timedelta(seconds=10)
"""Messages accepted this long after the endpoint was enabled are looked at too: a dispatcher may
not have known that it is enabled."""


class ResumeEndpoint:
    """Starts a background task that replays what the endpoint missed.

    The event's id is the task's, so that an event that is reported twice starts one task.
    """

    def __init__(self, tasks: BackgroundTasks, wake: Callable[[], None]) -> None:
        self._tasks = tasks
        self._wake = wake

    async def __call__(self, event: OperationalEvent) -> Problem | None:
        """Start the task, unless it was started before. Raises `JournalUnavailable`."""
        if event.kept_since is None:
            return None
        if await self._tasks.find(event.tenant_id, event.id) is not None:
            return None
        enabled_at = datetime.fromtimestamp(created_at_ms(event.id) / 1_000, UTC)
        arguments = TaskArguments(
            application_id=event.application_id,
            endpoint_id=event.endpoint_id,
            since=event.kept_since,
            until=enabled_at + KEPT_AFTER,
            kept=True,
        )
        task = await self._tasks.start(
            event.id, event.tenant_id, TaskKind.REPLAY_MISSING, arguments, running_max=RUNNING_MAX
        )
        if task is None:
            return Problem(
                code=ProblemCode.UNAVAILABLE,
                detail=f"{RUNNING_MAX:,} background tasks of the tenant are running.",
            )
        self._wake()
        return None
