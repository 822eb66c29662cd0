"""Checks of the streams and their groups: readers, backlog and age."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from angarium_contracts.stream_names import (
    DISPATCHER_QUERIES,
    DISPATCHERS,
    GATEWAY_QUERIES,
    GATEWAYS,
    WORKER_QUERIES,
    WORKERS,
    deliveries_requested,
    messages_accepted,
)
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from angarium_chassis.examination.findings import Finding, ok, problem, warning
from angarium_chassis.examination.group_state import SILENT_S, Consumer, GroupState
from angarium_chassis.streams.reader_heartbeat import heartbeat_ages_s
from angarium_chassis.wording import counted, lasted

OLD_S = 60.0
VERY_OLD_S = 600.0
LISTED_CONSUMERS_MAX = 1_000
_ABANDONED_MAX = 100
_NO_GROUP = re.compile("no such key|NOGROUP", re.IGNORECASE)


def groups_read_by(services: Sequence[str], numbers: Iterable[int]) -> list[tuple[str, str]]:
    """The streams that these services read as groups, each with its group; `numbers` are those of
    the numbered streams."""
    numbers = tuple(numbers)
    groups: dict[str, list[tuple[str, str]]] = {
        "gateway": [(GATEWAY_QUERIES, GATEWAYS)],
        "dispatcher": [
            *[(messages_accepted(number), DISPATCHERS) for number in numbers],
            (DISPATCHER_QUERIES, DISPATCHERS),
        ],
        "worker": [
            *[(deliveries_requested(number), WORKERS) for number in numbers],
            (WORKER_QUERIES, WORKERS),
        ],
    }
    return [group for service in services for group in groups[service]]


async def read_group(redis: Redis, stream: str, group: str, *, lease_s: float) -> GroupState:
    """Read the state of a group. Raises redis-py's errors."""
    try:
        rows: Any = await redis.xinfo_consumers(stream, group)
        pending: Any = await redis.xpending(stream, group)
        abandoned = await redis.xpending_range(
            stream, group, "-", "+", _ABANDONED_MAX, idle=int(max(SILENT_S, 4 * lease_s) * 1000)
        )
    except ResponseError as error:
        if not _NO_GROUP.search(str(error)):
            raise
        return GroupState(stream, group, exists=False, length=int(await redis.xlen(stream)))
    first: Any = await redis.xrange(stream, count=1)
    now_s = float((await redis.time())[0])
    beats = await heartbeat_ages_s(redis, stream, group)
    return GroupState(
        stream,
        group,
        exists=True,
        length=int(await redis.xlen(stream)),
        pending=int(pending["pending"]),
        abandoned=len(abandoned),
        oldest_s=max(0.0, now_s - int(first[0][0].partition(b"-")[0]) / 1000) if first else 0.0,
        consumers=tuple(_consumers(rows, beats)),
    )


def _consumers(rows: Sequence[Mapping[str, Any]], beats: Mapping[str, float]) -> list[Consumer]:
    """The group's consumers. Before Redis 7.2 their idle time is that since the last entry, and
    one that never got an entry is missing: there the heartbeat alone tells who lives."""
    found = {
        name: Consumer(name, int(row["pending"]), int(row["idle"]) / 1000)
        for row in rows
        for name in [row["name"].decode()]
    }
    for name, age_s in beats.items():
        known = found.get(name, Consumer(name, 0, age_s))
        found[name] = replace(known, idle_s=min(known.idle_s, age_s))
    return list(found.values())


def judge_group(state: GroupState) -> list[Finding]:
    """Judge the state of a group."""
    subject = f"stream {state.stream}"
    start = f"Start a {state.reader}, or read the log of the running one."
    if not state.exists:
        return [
            problem(
                subject, f"The group {state.group} does not exist: the stream is not read.", start
            )
        ]
    living = [each for each in state.consumers if each.idle_s < SILENT_S]
    dead = [each for each in state.consumers if each.idle_s >= SILENT_S]
    findings: list[Finding] = []
    if not living:
        findings.append(problem(subject, f"No {state.reader} reads it{_since(dead)}.", start))
    if state.abandoned:
        findings.append(_abandoned(subject, state, dead))
    if state.oldest_s >= OLD_S and living:
        findings.append(_waits(subject, state))
    if len(dead) > LISTED_CONSUMERS_MAX:
        findings.append(
            warning(
                subject,
                f"{counted(len(dead), 'consumer')} of earlier processes are still registered.",
                f"Read the {state.reader}'s log: its processes end often. Readers remove such"
                " consumers after an hour.",
            )
        )
    return findings or [ok(subject, _well(state, len(living), len(dead)))]


def _since(dead: Sequence[Consumer]) -> str:
    return f"; it was last read {lasted(min(each.idle_s for each in dead))} ago" if dead else ""


def _abandoned(subject: str, state: GroupState, dead: Sequence[Consumer]) -> Finding:
    holders = sorted((each for each in dead if each.pending), key=lambda each: -each.pending)
    named = ", ".join(f"{each.name} ({each.pending})" for each in holders[:3])
    at_least = "At least " if state.abandoned >= _ABANDONED_MAX else ""
    return problem(
        subject,
        f"{at_least}{counted(state.abandoned, 'entry', 'entries')} taken and not finished, and no"
        f" other {state.reader} takes over{f'; held by dead consumers: {named}' if named else ''}.",
        f"Read the {state.reader}'s log. Restart it if it makes no progress.",
    )


def _waits(subject: str, state: GroupState) -> Finding:
    kind = problem if state.oldest_s >= VERY_OLD_S else warning
    return kind(
        subject,
        f"{counted(state.length, 'entry', 'entries')} in it, the oldest for"
        f" {lasted(state.oldest_s)}; {state.pending:,} of them in progress.",
        f"Add a {state.reader} if the load is more than one can handle. Otherwise, read its log.",
    )


def _well(state: GroupState, living: int, dead: int) -> str:
    waiting = max(0, state.length - state.pending)
    earlier = f"; {counted(dead, 'name')} of earlier processes, harmless" if dead else ""
    return f"Read by {living}; {waiting:,} waiting, {state.pending:,} in progress{earlier}."
