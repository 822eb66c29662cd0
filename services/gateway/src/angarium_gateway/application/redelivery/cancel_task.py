"""Cancel a background task."""

from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.domain.background_tasks import BackgroundTask

from .background_tasks import BackgroundTasks


class CancelTask:
    """Ends a running task where it is: what it has done stays done.

    A gateway that carries it out notices before its next step, of at most 100 messages.
    """

    def __init__(self, tasks: BackgroundTasks) -> None:
        self._tasks = tasks

    async def __call__(
        self, tenant_id: bytes, task_id: bytes, application_id: bytes | None
    ) -> BackgroundTask | Problem | None:
        """The canceled task; None if there is no such task, of this application if one is given. A
        CONFLICT if it has ended, or must not be canceled. Raises `JournalUnavailable`."""
        found = await self._tasks.find(tenant_id, task_id)
        if found is None or application_id not in (None, found.arguments.application_id):
            return None
        if found.arguments.kept:
            return Problem(
                code=ProblemCode.CONFLICT,
                detail="This task delivers the messages that were kept while the endpoint was"
                " disabled, and none may be left out. To stop it, disable the endpoint again.",
            )
        canceled = await self._tasks.cancel(tenant_id, task_id)
        if canceled is not None:
            return canceled
        return Problem(
            code=ProblemCode.CONFLICT,
            detail="This background task has ended already. Only running tasks can be canceled.",
        )
