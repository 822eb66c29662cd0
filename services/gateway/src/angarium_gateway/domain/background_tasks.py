"""Background tasks that a client starts: their arguments, progress and status."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from angarium_contracts.ids import created_at_ms

from .erasure_subjects import MetadataSubject, metadata_subject

_MILLISECOND: Final = timedelta(milliseconds=1)


class TaskKind(StrEnum):
    """The kinds of tasks, as the Svix API names them (a closed set in its SDKs)."""

    RECOVER = "endpoint.recover"
    REPLAY_MISSING = "endpoint.replay"
    BULK_REPLAY = "endpoint.bulk-replay"
    APPLICATION_STATS = "application.stats"
    EVENT_TYPE_AGGREGATE = "event-type.aggregate"
    PURGE_CONTENT = "application.purge_content"


class TaskStatus(StrEnum):
    """The status of a task, which runs until it is finished, fails permanently or is canceled."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class TaskArguments:
    """Messages of an application for one of its endpoints, accepted from `since` to `until`
    (inclusive, to the millisecond). A filter that is None matches all. `kept`: they were kept for
    the endpoint while it was disabled, so that the task waits while it is disabled again.

    In a task of the whole tenant, the two ids are empty, and `application_ids` may name some of its
    applications.

    `cancel_pending`: messages with pending deliveries are deleted as well. `subject` names
    the person whose data are erased: a tag or, `by_metadata`, the text of a `MetadataSubject`,
    which a gateway of an earlier version takes for a tag that no message has. It is deleted when
    the task ends. `requested_by` is the id of the API key that started the erasure."""

    application_id: bytes
    endpoint_id: bytes
    since: datetime
    until: datetime
    event_types: tuple[str, ...] | None = None
    channel: str | None = None
    tag: str | None = None
    application_ids: tuple[bytes, ...] | None = None
    kept: bool = False
    cancel_pending: bool = False
    subject: str | None = None
    requested_by: bytes | None = None
    by_metadata: bool = False

    @property
    def metadata(self) -> MetadataSubject | None:
        """The subject, if it is a member of metadata."""
        if self.subject is None or not self.by_metadata:
            return None
        return metadata_subject(self.subject)

    @property
    def tag_subject(self) -> str | None:
        """The subject, if it is a tag."""
        return None if self.by_metadata else self.subject


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """The progress of a task: all messages up to the id `cursor` are done.

    `looked` messages were examined, `resent` were handed to the worker, and `skipped` could not be
    because their content has been deleted. `result` is JSON that a task of its kind reads.

    In a task that deletes content, `resent` counts the messages whose content was deleted, and
    `skipped` those that were kept because of pending deliveries.
    """

    cursor: bytes | None = None
    looked: int = 0
    resent: int = 0
    skipped: int = 0
    result: str | None = None


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """A task. `error` says why it failed or, while it runs, what it waits for."""

    id: bytes
    tenant_id: bytes
    kind: TaskKind
    arguments: TaskArguments
    updated_at: datetime
    status: TaskStatus = TaskStatus.RUNNING
    progress: TaskProgress = field(default_factory=TaskProgress)
    error: str | None = None


_OVER_TIME: Final = frozenset({TaskKind.RECOVER, TaskKind.REPLAY_MISSING, TaskKind.BULK_REPLAY})


def percent_done(task: BackgroundTask) -> int | None:
    """How far a task has come, from 0 to 100: by time for those that work through the messages of
    a time, by number for those that work through named applications. None: not known."""
    of, progress = task.arguments, task.progress
    if task.status is TaskStatus.FINISHED:
        return 100
    if task.kind in _OVER_TIME:
        span_ms = (of.until - of.since) / _MILLISECOND
        if progress.cursor is None or span_ms <= 0:
            return 0
        done_ms = created_at_ms(progress.cursor) - of.since.timestamp() * 1_000
        return max(0, min(99, int(100 * done_ms / span_ms)))
    if of.application_ids:
        return min(99, 100 * progress.looked // len(of.application_ids))
    return None


@dataclass(frozen=True, slots=True)
class HeldTask:
    """A running task that one gateway has leased. A gateway whose `fence` is not the newest has
    lost the lease. `failures` counts failed turns in a row."""

    task: BackgroundTask
    fence: int
    failures: int = 0
