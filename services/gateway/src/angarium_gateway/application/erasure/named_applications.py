"""Applications that a member of their metadata names: found page by page, and made to forget it."""

from dataclasses import dataclass

from angarium_contracts.metadata_members import (
    ApplicationPosition,
    FindNamedApplications,
    ForgetMetadataMember,
)
from angarium_contracts.metadata_members import NamedApplications as FoundApplications
from angarium_contracts.queries import Done, Problem

from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.background_tasks import BackgroundTask

LOOKED_MAX = 500
"""Applications that one step examines."""


@dataclass(frozen=True, slots=True)
class NamedApplications:
    """Asks the dispatcher, which alone stores metadata."""

    ask_dispatcher: ServiceQuery

    async def find(
        self, task: BackgroundTask, after: ApplicationPosition | None
    ) -> FoundApplications | Problem:
        """Those of the task's subject among the next applications after a position."""
        of, subject = task.arguments, task.arguments.metadata
        if subject is None:
            return FoundApplications(())
        question = FindNamedApplications(
            task.tenant_id,
            subject.key,
            subject.value,
            of.application_id or None,
            after,
            LOOKED_MAX,
        )
        return await self.ask_dispatcher(question, FoundApplications)

    async def forget(self, task: BackgroundTask, application_id: bytes) -> Problem | None:
        """Remove the member from an application's metadata. A repetition has no further effect."""
        subject = task.arguments.metadata
        if subject is None:
            return None
        command = ForgetMetadataMember(task.tenant_id, application_id, subject.key, subject.value)
        done = await self.ask_dispatcher(command, Done)
        return done if isinstance(done, Problem) else None
