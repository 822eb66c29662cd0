"""Start a background task that delivers many messages of an endpoint again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.domain.background_tasks import BackgroundTask, TaskArguments, TaskKind

from .background_tasks import BackgroundTasks
from .redelivery_dispatcher import RedeliveryDispatcher

RUNNING_MAX: Final = 100
"""Running tasks of one tenant."""


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A request for a background task. Without `until` it covers all messages accepted before
    now."""

    kind: TaskKind
    since: datetime
    until: datetime | None = None
    event_types: tuple[str, ...] | None = None
    channel: str | None = None
    tag: str | None = None


class StartTask:
    """Starts the tasks of POST …/endpoint/{endpoint}/recover, replay-missing and bulk-replay."""

    def __init__(
        self,
        *,
        tasks: BackgroundTasks,
        redelivery: RedeliveryDispatcher,
        make_id: Callable[[], bytes],
        now: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._tasks = tasks
        self._redelivery = redelivery
        self._make_id = make_id
        self._now = now
        self._wake = wake

    async def __call__(
        self, tenant_id: bytes, application_ref: str, endpoint_ref: str, request: TaskRequest
    ) -> BackgroundTask | Problem:
        """Store the task and wake the runner. The problem is a CONFLICT when the endpoint is
        disabled, or when too many tasks of the tenant are running."""
        now = self._now()
        until = now if request.until is None else min(request.until, now)
        if request.since > until:
            return Problem(
                code=ProblemCode.INVALID,
                field="since",
                detail="`since` must be in the past, and before `until`. Choose an earlier time.",
            )
        matched = await self._redelivery.match(
            tenant_id, application_ref, endpoint_ref, [], ignore_filters=True
        )
        if isinstance(matched, Problem):
            return matched
        arguments = TaskArguments(
            application_id=matched.application_id,
            endpoint_id=matched.endpoint_id,
            since=request.since,
            until=until,
            event_types=request.event_types,
            channel=request.channel,
            tag=request.tag,
        )
        task = await self._tasks.start(
            self._make_id(), tenant_id, request.kind, arguments, running_max=RUNNING_MAX
        )
        if task is None:
            return Problem(
                code=ProblemCode.CONFLICT,
                detail=f"{RUNNING_MAX} background tasks are running already. Start this one when"
                " some of them have ended.",
            )
        self._wake()
        return task
