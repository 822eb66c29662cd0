"""Background tasks on the wire, and what starts them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from angarium_contracts.ids import (
    APPLICATION,
    BACKGROUND_TASK,
    ENDPOINT,
    created_at_ms,
    format_id,
)
from msgspec import UNSET, Meta, UnsetType, field
from msgspec.structs import replace

from angarium_gateway.application.erasure.deletion_state import deletion_state
from angarium_gateway.application.redelivery.usage_steps import result_of
from angarium_gateway.domain.background_tasks import (
    BackgroundTask,
    TaskKind,
    TaskStatus,
    percent_done,
)

from .erasure_data import ErasureReceiptOut
from .fields import ApiSchema, Channel, EventTypeName, RequestSchema, Tag

_receipt_decoder = msgspec.json.Decoder(ErasureReceiptOut)

Since = Annotated[
    datetime, Meta(description="Messages accepted at this time or later; UTC if it has no offset.")
]
Until = Annotated[
    datetime, Meta(description="Messages accepted at this time or before; now if it is left out.")
]
type StatusName = Literal["running", "finished", "failed"]
"""A closed set in the Svix SDKs."""

TaskId = Annotated[str, Meta(examples=["qtask_05jHR6TnRzUGhKWN8Ckr5D"])]


class RecoverIn(RequestSchema, frozen=True, kw_only=True):
    """The failed messages to resend."""

    since: Since
    until: Until | None = None


class ReplayIn(RequestSchema, frozen=True, kw_only=True):
    """The messages to send that were never attempted."""

    since: Since
    until: Until | None = None


class BulkReplayIn(RequestSchema, frozen=True, kw_only=True):
    """The messages to replay, attempted before or not."""

    since: Since
    until: Until | None = None
    event_types: Annotated[list[EventTypeName], Meta(min_length=1, max_length=250)] | None = None
    channel: Channel | None = None
    tag: Tag | None = None
    status: Annotated[int, Meta(description="Not supported: leave it out.")] | None = None
    status_code_class: Annotated[int, Meta(description="Not supported: leave it out.")] | None = (
        None
    )


class StartedTask(ApiSchema, frozen=True, kw_only=True):
    """A background task that was started."""

    id: TaskId
    status: Annotated[
        StatusName, Meta(description="A task that was canceled is `failed`; see its `state`.")
    ]
    task: TaskKind
    updated_at: datetime


class RecoverOut(StartedTask, frozen=True, kw_only=True):
    """The background task that resends failed messages."""


class ReplayOut(StartedTask, frozen=True, kw_only=True):
    """The background task that sends or replays messages."""


class TaskData(ApiSchema, frozen=True, kw_only=True):
    """The subject of a task, and its progress or result.

    `looked` counts the messages it has examined, or the applications, `resent` the messages it has
    sent, and `skipped` those whose content was deleted. `position` is the time of the last message
    examined. `error` says why the task failed or, while it is running, what it waits for.
    `appStats` and `event_types` are the results of `application.stats` and `event-type.aggregate`,
    complete once the task is finished; the members of messages are left out there.

    Of `application.purge_content`, `expunged` counts the messages whose content was deleted, `kept`
    those that were kept because a delivery is pending, and `waiting` those that are deleted once
    their deliveries have ended. `receipt` is that of an erasure that has finished.
    """

    since: datetime
    until: datetime
    looked: int
    resent: int
    skipped: int
    app_id: str | UnsetType = UNSET
    endpoint_id: str | UnsetType = UNSET
    event_types: tuple[str, ...] | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    tag: str | UnsetType = UNSET
    position: datetime | UnsetType = UNSET
    error: str | UnsetType = UNSET
    app_stats: list[dict[str, Any]] | UnsetType = UNSET
    subscriptions: list[dict[str, Any]] | UnsetType = field(name="event_types", default=UNSET)
    expunged: int | UnsetType = UNSET
    kept: int | UnsetType = UNSET
    waiting: int | UnsetType = UNSET
    cancel_pending: bool | UnsetType = UNSET
    receipt: ErasureReceiptOut | UnsetType = UNSET


class TaskProgressOut(ApiSchema, frozen=True, kw_only=True):
    """How far a task has come."""

    percent: Annotated[
        int | None,
        Meta(
            description="By the time of the messages that it works through, or by the number of"
            " applications; `null` if it is not known."
        ),
    ]
    done: Annotated[int, Meta(description="Messages, or applications, that were examined.")]
    total: Annotated[int | None, Meta(description="How many there are; `null` if it is not known.")]


class BackgroundTaskOut(StartedTask, frozen=True, kw_only=True):
    """A background task and its progress."""

    state: Annotated[TaskStatus, Meta(description="The status, with `canceled` told apart.")]
    progress: TaskProgressOut
    data: TaskData


class AppUsageStatsIn(RequestSchema, frozen=True, kw_only=True):
    """The time and the applications of which to count the deliveries that began."""

    since: Annotated[datetime, Meta(description="Rounded down to a whole hour.")]
    until: Annotated[datetime, Meta(description="Hours that begin before this time.")]
    app_ids: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=256)]],
            Meta(
                min_length=1,
                max_length=1_000,
                description="Ids or uids of applications; all applications if left out.",
            ),
        ]
        | None
    ) = None


class AppUsageStatsOut(StartedTask, frozen=True, kw_only=True):
    """The background task that counts deliveries, and the `appIds` that name no application."""

    unresolved_app_ids: list[str]


class AggregateEventTypesOut(StartedTask, frozen=True, kw_only=True):
    """The background task that collects event types."""


def started[T: StartedTask](shape: type[T], task: BackgroundTask) -> T:
    """A task as whoever starts it sees it."""
    return shape(
        id=format_id(BACKGROUND_TASK, task.id),
        status=status_of(task),
        task=task.kind,
        updated_at=task.updated_at,
    )


def background_task_out(task: BackgroundTask) -> BackgroundTaskOut:
    """A task as clients see it."""
    return BackgroundTaskOut(
        id=format_id(BACKGROUND_TASK, task.id),
        status=status_of(task),
        task=task.kind,
        updated_at=task.updated_at,
        state=task.status,
        progress=_progress_of(task),
        data=_data_of(task),
    )


def status_of(task: BackgroundTask) -> StatusName:
    match task.status:
        case TaskStatus.RUNNING:
            return "running"
        case TaskStatus.FINISHED:
            return "finished"
        case TaskStatus.FAILED | TaskStatus.CANCELED:
            return "failed"


def _progress_of(task: BackgroundTask) -> TaskProgressOut:
    applications = task.arguments.application_ids
    return TaskProgressOut(
        percent=percent_done(task),
        done=task.progress.looked,
        total=None if applications is None else len(applications),
    )


def _data_of(task: BackgroundTask) -> TaskData:
    of, progress = task.arguments, task.progress
    data = TaskData(
        since=of.since,
        until=of.until,
        looked=progress.looked,
        resent=progress.resent,
        skipped=progress.skipped,
        error=task.error or UNSET,
    )
    if task.kind is TaskKind.APPLICATION_STATS:
        return replace(data, app_stats=list(result_of(progress).items))
    if task.kind is TaskKind.EVENT_TYPE_AGGREGATE:
        return replace(data, subscriptions=list(result_of(progress).items))
    if task.kind is TaskKind.PURGE_CONTENT:
        return _deletion_data(data, task)
    return replace(
        data,
        app_id=format_id(APPLICATION, of.application_id),
        endpoint_id=format_id(ENDPOINT, of.endpoint_id),
        event_types=of.event_types or UNSET,
        channel=of.channel or UNSET,
        tag=of.tag or UNSET,
        position=UNSET if progress.cursor is None else _made_at(progress.cursor),
    )


def _deletion_data(data: TaskData, task: BackgroundTask) -> TaskData:
    of, progress, state = task.arguments, task.progress, deletion_state(task.progress)
    return replace(
        data,
        resent=0,
        skipped=0,
        expunged=progress.resent,
        kept=progress.skipped,
        waiting=len(state.waiting),
        cancel_pending=of.cancel_pending,
        app_id=format_id(APPLICATION, of.application_id) if of.application_id else UNSET,
        receipt=UNSET if state.receipt is None else _receipt_decoder.decode(state.receipt),
    )


def _made_at(message_id: bytes) -> datetime:
    return datetime.fromtimestamp(created_at_ms(message_id) / 1000, UTC)
