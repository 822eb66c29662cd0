"""Background tasks on the wire, and what starts them."""

from datetime import UTC, datetime
from typing import Annotated

from angarium_contracts.ids import (
    APPLICATION,
    BACKGROUND_TASK,
    ENDPOINT,
    created_at_ms,
    format_id,
)
from msgspec import UNSET, Meta, UnsetType

from angarium_gateway.domain.background_tasks import BackgroundTask, TaskKind, TaskStatus

from .fields import ApiSchema, Channel, EventTypeName

Since = Annotated[
    datetime, Meta(description="Messages accepted at this time or later; UTC without a zone")
]
Until = Annotated[
    datetime, Meta(description="Messages accepted at this time or before; left out: until now")
]
TaskId = Annotated[str, Meta(examples=["qtask_05jHR6TnRzUGhKWN8Ckr5D"])]
Tag = Annotated[str, Meta(min_length=1, max_length=128)]


class RecoverIn(ApiSchema, frozen=True, kw_only=True):
    since: Since
    until: Until | None = None


class ReplayIn(ApiSchema, frozen=True, kw_only=True):
    since: Since
    until: Until | None = None


class BulkReplayIn(ApiSchema, frozen=True, kw_only=True):
    """What the endpoint wants by its filters, whether it was attempted before or not."""

    since: Since
    until: Until | None = None
    event_types: Annotated[list[EventTypeName], Meta(min_length=1, max_length=250)] | None = None
    channel: Channel | None = None
    tag: Tag | None = None
    status: Annotated[int, Meta(description="Not possible yet: leave it out")] | None = None
    status_code_class: Annotated[int, Meta(description="Not possible yet: leave it out")] | None = (
        None
    )


class StartedTask(ApiSchema, frozen=True, kw_only=True):
    """Base of the answers to what starts a task."""

    id: TaskId
    status: TaskStatus
    task: TaskKind
    updated_at: datetime


class RecoverOut(StartedTask, frozen=True, kw_only=True):
    pass


class ReplayOut(StartedTask, frozen=True, kw_only=True):
    pass


class TaskData(ApiSchema, frozen=True, kw_only=True):
    """What a task is for, and how far it has come.

    `looked` messages were looked at, `resent` were passed on to be delivered, `skipped` have no
    content any more. `position` is the time of the message that it has come to. `error` is why
    it failed or, while it runs, what it waits for.
    """

    app_id: str
    endpoint_id: str
    since: datetime
    until: datetime
    looked: int
    resent: int
    skipped: int
    event_types: tuple[str, ...] | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    tag: str | UnsetType = UNSET
    position: datetime | UnsetType = UNSET
    error: str | UnsetType = UNSET


class BackgroundTaskOut(StartedTask, frozen=True, kw_only=True):
    data: TaskData


def started[T: StartedTask](shape: type[T], task: BackgroundTask) -> T:
    """A task as whoever starts it sees it."""
    return shape(
        id=format_id(BACKGROUND_TASK, task.id),
        status=task.status,
        task=task.kind,
        updated_at=task.updated_at,
    )


def background_task_out(task: BackgroundTask) -> BackgroundTaskOut:
    """A task as clients see it."""
    of, progress = task.arguments, task.progress
    data = TaskData(
        app_id=format_id(APPLICATION, of.application_id),
        endpoint_id=format_id(ENDPOINT, of.endpoint_id),
        since=of.since,
        until=of.until,
        looked=progress.looked,
        resent=progress.resent,
        skipped=progress.skipped,
        event_types=of.event_types or UNSET,
        channel=of.channel or UNSET,
        tag=of.tag or UNSET,
        position=UNSET if progress.cursor is None else _made_at(progress.cursor),
        error=task.error or UNSET,
    )
    return BackgroundTaskOut(
        id=format_id(BACKGROUND_TASK, task.id),
        status=task.status,
        task=task.kind,
        updated_at=task.updated_at,
        data=data,
    )


def _made_at(message_id: bytes) -> datetime:
    return datetime.fromtimestamp(created_at_ms(message_id) / 1000, UTC)
