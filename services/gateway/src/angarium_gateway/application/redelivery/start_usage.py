"""Start a background task that sums up the usage of many applications."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.domain.background_tasks import BackgroundTask, TaskArguments, TaskKind

from .background_tasks import BackgroundTasks
from .start_task import RUNNING_MAX


@dataclass(frozen=True, slots=True)
class StartedUsage:
    """The task, and the references that name no application."""

    task: BackgroundTask
    unresolved: Sequence[str] = ()


class StartUsage:
    """Starts the tasks of POST …/stats/usage/app and PUT …/stats/usage/event-types."""

    def __init__(
        self,
        *,
        tasks: BackgroundTasks,
        directory: ApplicationDirectory,
        make_id: Callable[[], bytes],
        now: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._tasks = tasks
        self._directory = directory
        self._make_id = make_id
        self._now = now
        self._wake = wake

    async def of_applications(
        self, tenant_id: bytes, since: datetime, until: datetime, refs: Sequence[str] | None
    ) -> StartedUsage | Problem:
        """Count deliveries by application: of those that `refs` (ids or uids) name, or of all."""
        if since >= until:
            return _invalid("since", "`since` must be before `until`.")
        ids: set[bytes] = set()
        unresolved: list[str] = []
        for ref in refs or ():
            match await self._directory.find(tenant_id, ref):
                case Problem(code=ProblemCode.NOT_FOUND):
                    unresolved.append(ref)
                case Problem() as problem:
                    return problem
                case state:
                    ids.add(state.id)
        if refs is not None and not ids:
            return _invalid("appIds", "None of these is an application. Use their ids or uids.")
        named = None if refs is None else tuple(sorted(ids))
        arguments = TaskArguments(b"", b"", since, until, application_ids=named)
        return await self._start(tenant_id, TaskKind.APPLICATION_STATS, arguments, unresolved)

    async def of_event_types(self, tenant_id: bytes) -> StartedUsage | Problem:
        """Collect the event types that endpoints subscribe to, by application."""
        now = self._now()
        arguments = TaskArguments(b"", b"", now, now)
        return await self._start(tenant_id, TaskKind.EVENT_TYPE_AGGREGATE, arguments)

    async def _start(
        self,
        tenant_id: bytes,
        kind: TaskKind,
        arguments: TaskArguments,
        unresolved: Sequence[str] = (),
    ) -> StartedUsage | Problem:
        task = await self._tasks.start(
            self._make_id(), tenant_id, kind, arguments, running_max=RUNNING_MAX
        )
        if task is None:
            return Problem(
                code=ProblemCode.CONFLICT,
                detail=f"{RUNNING_MAX} background tasks are already running, the most allowed."
                " Try again when some of them have ended.",
            )
        self._wake()
        return StartedUsage(task, unresolved)


def _invalid(name: str, detail: str) -> Problem:
    return Problem(code=ProblemCode.INVALID, field=name, detail=detail)
