"""Ports to the storage of background tasks."""

from collections.abc import Collection, Mapping
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
    """The tasks to list; None matches all."""

    statuses: frozenset[TaskStatus] | None = None
    kind: TaskKind | None = None
    application_id: bytes | None = None


class BackgroundTasks(Protocol):
    """Storage of tasks, for starting and listing them. Every method raises `JournalUnavailable`."""

    async def start(
        self,
        task_id: bytes,
        tenant_id: bytes,
        kind: TaskKind,
        arguments: TaskArguments,
        *,
        running_max: int,
    ) -> BackgroundTask | None:
        """Store a task that any gateway may carry out, or find it stored under its id; None when
        `running_max` tasks of the tenant are running."""

    async def find(self, tenant_id: bytes, task_id: bytes) -> BackgroundTask | None:
        """A task of this tenant."""

    async def cancel(self, tenant_id: bytes, task_id: bytes) -> BackgroundTask | None:
        """Mark a running task of this tenant as canceled, so that no gateway continues it; None if
        it does not run. The subject of an erasure is deleted from its arguments."""

    async def page(
        self, tenant_id: bytes, window: IdWindow, chosen: TaskFilter
    ) -> IdPage[BackgroundTask]:
        """A page of the tenant's tasks."""


class KeptPositions(Protocol):
    """Positions of the tasks that deliver kept messages."""

    async def kept_positions(self, endpoint_ids: Collection[bytes]) -> Mapping[bytes, bytes]:
        """For each endpoint for which kept messages are being delivered, an id up to which all of
        them are with the workers. Raises `JournalUnavailable`."""


class TaskLeases(Protocol):
    """Storage of tasks, for carrying them out. Times are by the database's clock, and every method
    raises `JournalUnavailable`.

    A lease has a `fence`, a number that each new lease counts up. Methods other than `lease` do
    nothing and return False when the fence is out of date: a gateway that stood still for longer
    than its lease cannot overwrite the progress of the gateway that took the task over."""

    async def lease(self, *, lease_s: float) -> HeldTask | None:
        """Lease the running task that has waited longest without a lease, or None."""

    async def still_held(self, held: HeldTask) -> bool:
        """False once the task was canceled, or another gateway has taken it over."""

    async def save(self, held: HeldTask, progress: TaskProgress, *, lease_s: float) -> bool:
        """Record progress and extend the lease."""

    async def put_back(self, held: HeldTask, *, after_s: float = 0.0, error: str | None) -> bool:
        """Give up the lease; any gateway may take the task after `after_s`. With an `error` the
        task's failures are counted up; only `save` resets them."""

    async def end(self, held: HeldTask, progress: TaskProgress, *, error: str | None) -> bool:
        """Mark the task as finished or, with an `error`, as failed. The subject of an erasure is
        deleted from its arguments."""
