"""The steps of background tasks, each of at most 100 messages.

A step may run twice after a fault; the worker then finds its deliveries on record.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import datetime
from typing import NamedTuple, Protocol

from angarium_contracts.deliveries import (
    FindMissingDeliveries,
    ListFailedDeliveries,
    MatchedMessages,
    MessageIds,
)
from angarium_contracts.queries import Problem, ProblemCode
from msgspec.structs import replace

from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.background_tasks import (
    BackgroundTask,
    TaskArguments,
    TaskKind,
    TaskProgress,
)

from .redelivery_dispatcher import Chosen, RedeliveryDispatcher, fitting
from .replayed_messages import MessageHead, MessageRange, ReplayedMessages


@dataclass(frozen=True, slots=True)
class Stepped:
    """The progress after a step; `done` when nothing is left."""

    progress: TaskProgress
    done: bool


class Step(Protocol):
    """Runs one step of a task of one kind."""

    async def __call__(self, task: BackgroundTask, *, messages_max: int) -> Stepped | Problem:
        """Continue from the task's progress. An UNAVAILABLE problem is temporary, any other one
        ends the task. Raises `JournalUnavailable`."""


class RecoverFailed:
    """Resends deliveries that ended without success, regardless of the endpoint's current
    filters."""

    def __init__(
        self,
        *,
        journal: ReplayedMessages,
        redelivery: RedeliveryDispatcher,
        ask_worker: ServiceQuery,
    ) -> None:
        self._journal = journal
        self._redelivery = redelivery
        self._ask_worker = ask_worker

    async def __call__(self, task: BackgroundTask, *, messages_max: int) -> Stepped | Problem:
        """See the port."""
        of, before = task.arguments, task.progress
        question = ListFailedDeliveries(
            endpoint_id=of.endpoint_id,
            since=of.since,
            until=of.until,
            after=before.cursor,
            limit=messages_max,
        )
        failed = await self._ask_worker(question, MessageIds)
        if isinstance(failed, Problem):
            return failed
        ids = failed.message_ids
        heads = await self._journal.heads(of.application_id, ids)
        there = [heads[one] for one in ids if one in heads and not heads[one].expunged]
        end = failed.last or (ids[-1] if ids else before.cursor)
        if not there:
            return Stepped(_further(before, end, len(ids), 0, len(ids)), failed.done)
        matched = await self._redelivery.match(
            task.tenant_id, of.application_id, of.endpoint_id, there, ignore_filters=True
        )
        if isinstance(matched, Problem):
            return matched
        chosen = [Chosen(*pair) for pair in zip(there, matched.retry_delays_s, strict=True)]
        now = fitting(chosen)
        sent = await self._redelivery.send(task.tenant_id, matched, now)
        if isinstance(sent, Problem):
            return sent
        whole = len(now) == len(chosen)
        if not whole:
            end = now[-1].head.id
        looked = len(ids) if whole else ids.index(now[-1].head.id) + 1
        progress = _further(before, end, looked, sent, looked - len(now))
        return Stepped(progress, whole and failed.done)


class ReplayMessages:
    """Delivers messages of the journal that match the endpoint's filters: those without an attempt
    (replay missing), or all that the task selects (bulk replay).

    A message in an open batch is waited for: its own first delivery may still come, and the step
    would then deliver it twice.
    """

    def __init__(
        self,
        *,
        journal: ReplayedMessages,
        redelivery: RedeliveryDispatcher,
        ask_worker: ServiceQuery,
        now: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._redelivery = redelivery
        self._ask_worker = ask_worker
        self._now = now

    async def __call__(self, task: BackgroundTask, *, messages_max: int) -> Stepped | Problem:
        """See the port."""
        of, before = task.arguments, task.progress
        # Before the journal is read: what is accepted during the read is not missed.
        more_to_come = self._now() <= of.until
        within = MessageRange(of.application_id, of.since, of.until, before.cursor)
        found = await self._journal.heads_in(within, limit=messages_max)
        asked = [head for head in found if _is_asked_for(head, of)]
        open_ids = await self._journal.still_open(of.application_id, [one.id for one in asked])
        heads = _before(found, min(open_ids)) if open_ids else found
        if open_ids and not heads:
            return _waits()
        if not heads:
            return _waits() if more_to_come else Stepped(before, done=True)
        done = not open_ids and len(found) < messages_max and not more_to_come
        replayed = await self._replay(task, [head for head in heads if head in asked])
        if isinstance(replayed, Problem):
            return replayed
        if replayed.end is not None:
            done, heads = False, [head for head in heads if head.id <= replayed.end]
        further = _further(before, heads[-1].id, len(heads), replayed.sent, replayed.skipped)
        return Stepped(further, done)

    async def _replay(
        self, task: BackgroundTask, heads: Sequence[MessageHead]
    ) -> "_Replayed | Problem":
        of = task.arguments
        if not heads:
            return _Replayed()
        matched = await self._redelivery.match(
            task.tenant_id, of.application_id, of.endpoint_id, heads, ignore_filters=False
        )
        if isinstance(matched, Problem):
            return _waits_while_disabled(matched) if of.kept else matched
        wanted = await self._wanted(task, heads, matched)
        if isinstance(wanted, Problem):
            return wanted
        chosen = [item for item in wanted if not item.head.expunged]
        now = fitting(chosen)
        if not now:
            return _Replayed(skipped=len(wanted))
        sent = await self._redelivery.send(
            task.tenant_id, matched, now, only_missing=task.kind is TaskKind.REPLAY_MISSING
        )
        if isinstance(sent, Problem):
            return sent
        if len(now) == len(chosen):
            return _Replayed(sent, len(wanted) - len(chosen))
        end = now[-1].head.id
        passed = sum(item.head.id <= end for item in wanted)
        return _Replayed(sent, passed - len(now), end)

    async def _wanted(
        self, task: BackgroundTask, asked: Sequence[MessageHead], matched: MatchedMessages
    ) -> Sequence[Chosen] | Problem:
        wanted = [
            Chosen(head, delays)
            for head, wants, delays in zip(
                asked, matched.wanted, matched.retry_delays_s, strict=True
            )
            if wants
        ]
        if task.kind is not TaskKind.REPLAY_MISSING or not wanted:
            return wanted
        question = FindMissingDeliveries(
            endpoint_id=task.arguments.endpoint_id,
            message_ids=tuple(item.head.id for item in wanted),
        )
        found = await self._ask_worker(question, MessageIds)
        if isinstance(found, Problem):
            return found
        missing = set(found.message_ids)
        return [item for item in wanted if item.head.id in missing]


class _Replayed(NamedTuple):
    """The result of a page. `end` is set when more messages did not fit: continue after it."""

    sent: int = 0
    skipped: int = 0
    end: bytes | None = None


def _waits() -> Problem:
    return Problem(
        code=ProblemCode.UNAVAILABLE,
        detail="Waiting for messages whose first attempts have not ended yet.",
    )


def _waits_while_disabled(problem: Problem) -> Problem:
    if problem.code is not ProblemCode.CONFLICT:
        return problem
    return replace(problem, code=ProblemCode.UNAVAILABLE)


def _before(heads: Sequence[MessageHead], message_id: bytes) -> Sequence[MessageHead]:
    return [head for head in heads if head.id < message_id]


def _is_asked_for(head: MessageHead, of: TaskArguments) -> bool:
    return (
        (of.event_types is None or head.event_type in of.event_types)
        and (of.channel is None or of.channel in head.channels)
        and (of.tag is None or of.tag in head.tags)
    )


def _further(
    before: TaskProgress, cursor: bytes | None, looked: int, resent: int, skipped: int
) -> TaskProgress:
    return replaced(
        before,
        cursor=cursor,
        looked=before.looked + looked,
        resent=before.resent + resent,
        skipped=before.skipped + skipped,
    )
