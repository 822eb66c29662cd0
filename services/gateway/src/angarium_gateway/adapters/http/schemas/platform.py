"""The state of the platform on the wire."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from angarium_chassis.examination.findings import Finding, Level, worst
from angarium_chassis.examination.group_state import GroupState
from angarium_chassis.examination.process_state import SILENT_S, PoolState, ProcessState
from msgspec import Meta

from angarium_gateway.application.platform.backlog_series import BacklogPoint
from angarium_gateway.application.platform.examine_platform import Examination
from angarium_gateway.application.platform.platform_state import (
    Backlog,
    PlatformState,
    Processes,
    RedisServer,
)

from .fields import ApiSchema

type FindingLevel = Literal["ok", "warning", "problem"]
_LEVELS: dict[Level, FindingLevel] = {
    Level.OK: "ok",
    Level.WARNING: "warning",
    Level.PROBLEM: "problem",
}


class PoolOut(ApiSchema, frozen=True, kw_only=True):
    """A pool of connections, at the moment of the heartbeat."""

    size: int
    in_use: int


class ProcessOut(ApiSchema, frozen=True, kw_only=True):
    """A process of the platform. It describes itself every ten seconds."""

    service: str
    id: str
    version: str
    host: str
    pid: int
    started_at: datetime
    uptime_s: float
    heartbeat_at: datetime
    heartbeat_age_s: float
    state: Annotated[
        Literal["running", "silent"],
        Meta(
            description="`silent`: no heartbeat for 30 seconds, and it has not stopped properly. It"
            " is forgotten after an hour."
        ),
    ]
    database_pool: PoolOut | None
    redis_pool: PoolOut | None
    memory_bytes: int | None


class PlatformStreamOut(ApiSchema, frozen=True, kw_only=True):
    """A stream between services, and the group that reads it."""

    name: str
    group: str
    read_by: str
    exists: Annotated[bool, Meta(description="`false`: the group does not exist, nobody reads it.")]
    entries: int
    waiting: Annotated[int, Meta(description="Entries that no reader has taken yet.")]
    in_progress: int
    abandoned: Annotated[
        int, Meta(description="Entries that were taken and not finished, counted up to 100.")
    ]
    oldest_age_s: float
    readers: int
    silent_readers: int


class BacklogOut(ApiSchema, frozen=True, kw_only=True):
    """Messages that are accepted and not settled. Counts stop at 10,000."""

    open_batches: int
    oldest_open_s: float | None
    set_aside_batches: Annotated[
        int, Meta(description="Batches that could not be handled, and wait for an operator.")
    ]
    schedule_late_s: Annotated[
        float | None,
        Meta(description="How long the first scheduled message has been due; `null` if none is."),
    ]


class BacklogPointOut(ApiSchema, frozen=True, kw_only=True):
    """The largest backlog that was seen in a period. Counts stop at 10,000."""

    starts_at: datetime
    open_batches: int
    oldest_open_s: Annotated[
        float, Meta(description="The greatest age that the oldest open batch had; 0 without any.")
    ]


class RedisOut(ApiSchema, frozen=True, kw_only=True):
    """The Redis or Valkey server."""

    name: str
    version: str
    used_memory_bytes: int
    max_memory_bytes: Annotated[int | None, Meta(description="`null`: without a limit.")]
    clients: int
    uptime_s: int


class PlatformOut(ApiSchema, frozen=True, kw_only=True):
    """The platform at this moment. A part that could not be read in time is `null`."""

    version: Annotated[str, Meta(description="The version of the gateway that answers.")]
    processes: list[ProcessOut] | None
    streams: list[PlatformStreamOut] | None
    backlog: BacklogOut | None
    backlog_series: Annotated[
        list[BacklogPointOut] | None,
        Meta(
            description="The backlog by time, the oldest period first; periods without a sample are"
            " left out. `null` without `resolution`."
        ),
    ]
    redis: RedisOut | None
    quarantine: Annotated[
        dict[str, int] | None, Meta(description="Entries in quarantine, by service.")
    ]


class FindingOut(ApiSchema, frozen=True, kw_only=True):
    """A finding about a part of the platform and, unless all is well with it, what to do."""

    level: FindingLevel
    subject: str
    sentence: str
    remedy: str | None


class PlatformFindingsOut(ApiSchema, frozen=True, kw_only=True):
    """The findings of an examination, which `angarium doctor` makes, too. `level` is the worst."""

    level: FindingLevel
    examined_at: datetime
    duration_ms: int
    findings: list[FindingOut]


def platform_out(
    state: PlatformState, version: str, series: Sequence[BacklogPoint] | None
) -> PlatformOut:
    """The platform as operators see it."""
    return PlatformOut(
        version=version,
        processes=None if state.processes is None else _processes(state.processes),
        streams=None if state.groups is None else [_stream(each) for each in state.groups],
        backlog=None if state.backlog is None else _backlog(state.backlog),
        backlog_series=None if series is None else [_point(each) for each in series],
        redis=None if state.server is None else _server(state.server),
        quarantine=None if state.quarantined is None else dict(state.quarantined),
    )


def findings_out(examination: Examination) -> PlatformFindingsOut:
    """An examination as operators see it."""
    return PlatformFindingsOut(
        level=_LEVELS[worst(examination.findings)],
        examined_at=examination.examined_at,
        duration_ms=examination.duration_ms,
        findings=_findings(examination.findings),
    )


def _findings(findings: Sequence[Finding]) -> list[FindingOut]:
    return [
        FindingOut(
            level=_LEVELS[each.level],
            subject=each.subject,
            sentence=each.sentence,
            remedy=each.remedy,
        )
        for each in findings
    ]


def _processes(found: Processes) -> list[ProcessOut]:
    return [_process(each, found.now_ms) for each in found.states]


def _process(each: ProcessState, now_ms: int) -> ProcessOut:
    age_s = max(0, now_ms - each.seen_at_ms) / 1_000
    return ProcessOut(
        service=each.service,
        id=each.id,
        version=each.version,
        host=each.host,
        pid=each.pid,
        started_at=datetime.fromtimestamp(each.started_at_ms / 1_000, UTC),
        uptime_s=each.uptime_s + age_s,
        heartbeat_at=datetime.fromtimestamp(each.seen_at_ms / 1_000, UTC),
        heartbeat_age_s=age_s,
        state="running" if age_s < SILENT_S else "silent",
        database_pool=_pool(each.database_pool),
        redis_pool=_pool(each.redis_pool),
        memory_bytes=each.memory_bytes,
    )


def _pool(pool: PoolState | None) -> PoolOut | None:
    return None if pool is None else PoolOut(size=pool.size, in_use=pool.in_use)


def _stream(group: GroupState) -> PlatformStreamOut:
    return PlatformStreamOut(
        name=group.stream,
        group=group.group,
        read_by=group.reader,
        exists=group.exists,
        entries=group.length,
        waiting=group.waiting,
        in_progress=group.pending,
        abandoned=group.abandoned,
        oldest_age_s=group.oldest_s,
        readers=group.living,
        silent_readers=len(group.consumers) - group.living,
    )


def _backlog(backlog: Backlog) -> BacklogOut:
    return BacklogOut(
        open_batches=backlog.open_batches,
        oldest_open_s=backlog.oldest_open_s,
        set_aside_batches=backlog.set_aside,
        schedule_late_s=backlog.late_s,
    )


def _point(point: BacklogPoint) -> BacklogPointOut:
    return BacklogPointOut(
        starts_at=point.starts_at,
        open_batches=point.open_batches,
        oldest_open_s=point.oldest_open_s,
    )


def _server(server: RedisServer) -> RedisOut:
    return RedisOut(
        name=server.name,
        version=server.version,
        used_memory_bytes=server.memory_bytes,
        max_memory_bytes=server.memory_bytes_max,
        clients=server.clients,
        uptime_s=server.uptime_s,
    )
