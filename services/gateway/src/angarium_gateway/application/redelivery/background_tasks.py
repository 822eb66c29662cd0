"""The ports to where background tasks are kept."""

from dataclasses import dataclass
from typing import Protocol

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.domain.background_tasks import (
    BackgroundTask,
    HeldTask,
    TaskArguments,
    TaskKind,
    TaskProgress,
    TaskStatus,
)


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks to list; None: all."""

    status: TaskStatus | None = None
    kind: TaskKind | None = None


class BackgroundTasks(Protocol):
    """The tasks, for those who start and watch them. Methods raise `JournalUnavailable`."""

    async def start(
        self,
        task_id: bytes,
        tenant_id: bytes,
        kind: TaskKind,
        arguments: TaskArguments,
        *,
        running_max: int,
    ) -> BackgroundTask | None:
        """Put a task on record, to be carried out by any gateway; None when so many of the
        tenant's run already."""

    async def find(self, tenant_id: bytes, task_id: bytes) -> BackgroundTask | None:
        """A task of this tenant."""

    async def page(
        self, tenant_id: bytes, window: IdWindow, chosen: TaskFilter
    ) -> IdPage[BackgroundTask]:
        """A page of the tenant's tasks."""


class TaskLeases(Protocol):
    """The tasks, for those who carry them out. Times are by the database's clock; methods raise
    `JournalUnavailable`. All but `lease` do nothing, and answer False, for who has lost the task:
    its `fence` is not the newest any more."""

    async def lease(self, *, lease_s: float) -> HeldTask | None:
        """The running task that nobody holds and that has waited longest, held from now on."""

    async def save(self, held: HeldTask, progress: TaskProgress, *, lease_s: float) -> bool:
        """Record progress, and hold on."""

    async def put_back(self, held: HeldTask, *, after_s: float = 0.0, error: str | None) -> bool:
        """Let go, for anybody to take after a while. With an `error` it could not go on, and
        its failures count up; only `save` sets them to none."""

    async def end(self, held: HeldTask, progress: TaskProgress, *, error: str | None) -> bool:
        """It is finished or, with an `error`, has failed."""
