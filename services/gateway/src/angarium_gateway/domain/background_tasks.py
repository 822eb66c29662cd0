"""Work that somebody started and that goes on behind: what it is for, and how far it has come."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class TaskKind(StrEnum):
    """What a task does, by the names of the Svix API (a closed set in its SDKs)."""

    RECOVER = "endpoint.recover"
    REPLAY_MISSING = "endpoint.replay"
    BULK_REPLAY = "endpoint.bulk-replay"


class TaskStatus(StrEnum):
    """A task runs until it is finished, or has failed for a lasting reason."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TaskArguments:
    """Messages of an application for one of its endpoints, accepted from `since` to `until`
    (inclusive, to the millisecond). None of a filter: all."""

    application_id: bytes
    endpoint_id: bytes
    since: datetime
    until: datetime
    event_types: tuple[str, ...] | None = None
    channel: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """How far a task has come: all messages up to the id `cursor` are done with.

    `looked` were looked at, `resent` were passed on to be delivered, `skipped` could not be:
    their content is gone.
    """

    cursor: bytes | None = None
    looked: int = 0
    resent: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """A task as it stands. `error`: why it failed or, while it runs, what it waits for."""

    id: bytes
    tenant_id: bytes
    kind: TaskKind
    arguments: TaskArguments
    updated_at: datetime
    status: TaskStatus = TaskStatus.RUNNING
    progress: TaskProgress = field(default_factory=TaskProgress)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class HeldTask:
    """A running task in the hands of one gateway. Who shows an older `fence` has lost it.
    `failures`: how often in a row it could not go on."""

    task: BackgroundTask
    fence: int
    failures: int = 0
