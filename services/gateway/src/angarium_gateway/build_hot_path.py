"""Builds the path of a message through one gateway process, over its ports.

`main.py` passes database tables and Redis streams; the tests and the simulation pass models. Both
run what is built here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from angarium_chassis.group_commit import GroupCommit
from angarium_chassis.tracing.spans import Spans

from .application.accept.accept_counters import AcceptCounters
from .application.accept.commit_messages import CommitMessages, ScheduleMessages
from .application.accept.journal import Journal, ScheduledCommits
from .application.accept.tenant_turns import TenantTurns
from .application.publish.arrivals import Arrivals
from .application.publish.batch_store import BatchStore
from .application.publish.membership import Membership
from .application.publish.recovery import Recovery, StreamWatch
from .application.publish.relay import PublishBatches, Relay
from .application.publish.schedule import Schedule, Scheduler
from .application.publish.settlement import Settlement
from .domain.fair_level import RATE_MIN, FairLevel
from .domain.messages import CommitOutcome, NewMessage
from .domain.open_batches import OpenBatches

WAITING_MAX = 4_000
"""Messages that wait for a group commit; beyond that the client is told to try again."""
WAITING_BYTES_MAX = 64 * 1024 * 1024
"""Their bytes."""


class MessageStore(Journal, ScheduledCommits, Protocol):
    """The journal, for messages that go out at once and for scheduled ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotPathPorts:
    """The ports of the hot path."""

    journal: MessageStore
    batches: BatchStore
    schedule: Schedule
    publish: PublishBatches
    watch: StreamWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class HotPathLimits:
    """Bounds of one process. `window_bytes` bounds its unsettled batches in Redis; to
    `tenant_rate_min` messages a second each tenant may always post."""

    window_bytes: int
    stream_count: int = 1
    waiting_max: int = WAITING_MAX
    tenant_rate_min: float = RATE_MIN


@dataclass(frozen=True, slots=True, kw_only=True)
class HotPath:
    """Carries messages from the API to the streams, and closes their batches.

    Two group commits take messages: `commits` those that go out at once, `scheduled` those with a
    time of their own. Everything with a `run()` runs until cancelled.
    """

    window: OpenBatches
    counters: AcceptCounters
    arrivals: Arrivals
    level: FairLevel
    commit_messages: CommitMessages
    commits: GroupCommit[NewMessage, CommitOutcome]
    scheduled: GroupCommit[NewMessage, CommitOutcome]
    scheduler: Scheduler
    relay: Relay
    settlement: Settlement
    recovery: Recovery
    membership: Membership


def build_hot_path(
    ports: HotPathPorts,
    limits: HotPathLimits,
    *,
    owner: str,
    clock_s: Callable[[], float],
    spans: Spans | None = None,
) -> HotPath:
    """Build the hot path of the replica `owner`."""
    batches, stream_count = ports.batches, limits.stream_count
    window = OpenBatches(limits.window_bytes)
    level = FairLevel(clock_s, limits.tenant_rate_min)
    turns = TenantTurns(
        level, clock_s, waiting_max=limits.waiting_max, waiting_bytes_max=WAITING_BYTES_MAX
    )
    relay = Relay(ports.publish, batches, window, owner=owner, clock_s=clock_s, spans=spans)
    counters = AcceptCounters()
    arrivals = Arrivals()
    commit = CommitMessages(
        ports.journal,
        relay,
        owner=owner,
        stream_count=stream_count,
        counters=counters,
        arrivals=arrivals,
        spans=spans,
    )
    return HotPath(
        window=window,
        counters=counters,
        arrivals=arrivals,
        level=level,
        commit_messages=commit,
        commits=GroupCommit(
            commit,
            waiting_max=limits.waiting_max,
            waiting_bytes_max=WAITING_BYTES_MAX,
            queue=turns,
        ),
        scheduled=GroupCommit(ScheduleMessages(ports.journal, counters)),
        scheduler=Scheduler(ports.schedule, relay, owner=owner, stream_count=stream_count),
        relay=relay,
        settlement=Settlement(window, batches, relay, owner=owner, clock_s=clock_s, level=level),
        recovery=Recovery(ports.watch, window, relay, batches, owner=owner, clock_s=clock_s),
        membership=Membership(batches, window, relay, owner=owner),
    )
