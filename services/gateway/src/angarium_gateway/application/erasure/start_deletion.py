"""Start a background task that deletes the content of many messages."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.legal_holds import LegalHolds, refuse_held
from angarium_gateway.application.redelivery.background_tasks import BackgroundTasks
from angarium_gateway.application.redelivery.start_task import RUNNING_MAX
from angarium_gateway.domain.background_tasks import BackgroundTask, TaskArguments, TaskKind
from angarium_gateway.domain.erasure_subjects import ErasureSubject, MetadataSubject, TagSubject

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class StartDeletion:
    """Starts the tasks of POST …/msg/expunge-all-contents and …/erasure."""

    def __init__(
        self,
        *,
        tasks: BackgroundTasks,
        directory: ApplicationDirectory,
        holds: LegalHolds,
        make_id: Callable[[], bytes],
        now: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._tasks = tasks
        self._directory = directory
        self._holds = holds
        self._make_id = make_id
        self._now = now
        self._wake = wake

    async def of_contents(
        self, tenant_id: bytes, application_ref: str, *, cancel_pending: bool
    ) -> BackgroundTask | Problem:
        """Delete the content of all messages that the application has now."""
        application = await self._directory.find(tenant_id, application_ref)
        if isinstance(application, Problem):
            return application
        arguments = TaskArguments(
            application.id, b"", _BEGINNING, self._now(), cancel_pending=cancel_pending
        )
        return await self._start(tenant_id, arguments)

    async def of_subject(
        self,
        tenant_id: bytes,
        application_ref: str | None,
        subject: ErasureSubject,
        *,
        cancel_pending: bool,
        requested_by: bytes,
    ) -> BackgroundTask | Problem:
        """Erase the messages that the subject names, of an application or of all of them."""
        application_id = b""
        if application_ref is not None:
            application = await self._directory.find(tenant_id, application_ref)
            if isinstance(application, Problem):
                return application
            application_id = application.id
        arguments = TaskArguments(
            application_id,
            b"",
            _BEGINNING,
            self._now(),
            cancel_pending=cancel_pending,
            subject=subject.tag if isinstance(subject, TagSubject) else subject.text(),
            requested_by=requested_by,
            by_metadata=isinstance(subject, MetadataSubject),
        )
        return await self._start(tenant_id, arguments)

    async def _start(self, tenant_id: bytes, arguments: TaskArguments) -> BackgroundTask | Problem:
        held = await refuse_held(self._holds, tenant_id, arguments.application_id or None)
        if held is not None:
            return held
        task = await self._tasks.start(
            self._make_id(),
            tenant_id,
            TaskKind.PURGE_CONTENT,
            arguments,
            running_max=RUNNING_MAX,
        )
        if task is None:
            return Problem(
                code=ProblemCode.CONFLICT,
                detail=f"{RUNNING_MAX} background tasks are already running, the most allowed."
                " Try again when some of them have ended.",
            )
        self._wake()
        return task
