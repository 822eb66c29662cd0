"""Accept many messages at once: commit them in a few transactions, and only then answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from angarium_chassis.group_commit import GroupCommit, Overloaded
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.messages import (
    CommitOutcome,
    Committed,
    EventTaken,
    KeyTaken,
    NewMessage,
)

from .accept_counters import AcceptCounters
from .accept_message import (
    Accepted,
    AcceptOutcome,
    Busy,
    CreateMissing,
    Draft,
    EventIdTaken,
    find_or_create,
    new_message,
    outcome_of_key,
    overloaded,
)
from .journal import Journal

SLICE_MAX: Final = 200
"""Messages of one request that wait for a commit at a time: as many as one commit takes, so that
single messages do not wait behind whole batches."""

_UNREACHABLE: Final = Busy("The database is not reachable.")


class BatchItem(NamedTuple):
    """A draft, and the id or uid of its application. `create_missing` creates the application if
    there is none; of several items that name one application the first that has it is asked."""

    application_ref: str
    draft: Draft
    create_missing: CreateMissing | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The application has a message with this `eventId`, `message_id`. None: it was deleted."""

    event_id: str
    message_id: bytes | None


type BatchOutcome = AcceptOutcome | Duplicate


class AcceptBatch:
    """Accepts the messages of one request. Each is accepted, refused or a duplicate by itself; the
    accepted ones of an application keep their order."""

    def __init__(
        self,
        directory: ApplicationDirectory,
        journal: Journal,
        commits: GroupCommit[NewMessage, CommitOutcome],
        make_id: Callable[[], bytes],
        scheduled: GroupCommit[NewMessage, CommitOutcome],
        counters: AcceptCounters,
    ) -> None:
        self._counters = counters
        self._directory = directory
        self._journal = journal
        self._commits = commits
        self._make_id = make_id
        self._scheduled = scheduled

    async def __call__(
        self, tenant_id: bytes, items: Sequence[BatchItem]
    ) -> Sequence[BatchOutcome]:
        """One outcome per item, in order."""
        try:
            applications = await self._applications(tenant_id, items)
        except JournalUnavailable:
            return [_UNREACHABLE] * len(items)
        outcomes: dict[int, BatchOutcome] = {}
        waiting: list[tuple[int, NewMessage]] = []
        for place, item in enumerate(items):
            found = applications[item.application_ref]
            if isinstance(found, Problem):
                outcomes[place] = found
            else:
                message = new_message(self._make_id(), tenant_id, found.id, item.draft)
                waiting.append((place, message))
        for commits, queued in (
            (self._commits, [each for each in waiting if each[1].deliver_at is None]),
            (self._scheduled, [each for each in waiting if each[1].deliver_at is not None]),
        ):
            for start in range(0, len(queued), SLICE_MAX):
                outcomes |= await self._commit(commits, queued[start : start + SLICE_MAX])
        return await self._with_duplicates(waiting, outcomes)

    async def _applications(
        self, tenant_id: bytes, items: Sequence[BatchItem]
    ) -> Mapping[str, ApplicationState | Problem]:
        creators: dict[str, CreateMissing | None] = {}
        for item in items:
            ref = item.application_ref
            creators[ref] = creators.get(ref) or item.create_missing
        return {
            ref: self._directory.remembered(tenant_id, ref)
            or await find_or_create(self._directory, tenant_id, ref, create_missing)
            for ref, create_missing in creators.items()
        }

    async def _commit(
        self,
        commits: GroupCommit[NewMessage, CommitOutcome],
        queued: Sequence[tuple[int, NewMessage]],
    ) -> dict[int, BatchOutcome]:
        """Commit a slice. Its messages may be taken into two commits, and one of these may fail."""
        try:
            results = commits.submit_all([(message, message.size_bytes) for _, message in queued])
        except Overloaded as error:
            return dict.fromkeys((place for place, _ in queued), overloaded(error))
        outcomes: dict[int, BatchOutcome] = {}
        for (place, message), result in zip(queued, results, strict=True):
            try:
                outcome = await result
            except JournalUnavailable:
                outcomes[place] = _UNREACHABLE
            else:
                outcomes[place] = (
                    Accepted(message)
                    if isinstance(outcome, Committed)
                    else await self._refused(message, outcome)
                )
        return outcomes

    async def _refused(self, message: NewMessage, outcome: EventTaken | KeyTaken) -> BatchOutcome:
        try:
            if isinstance(outcome, EventTaken):
                return EventIdTaken(message.event_id or "")
            outcome_before = await outcome_of_key(self._journal, message)
        except JournalUnavailable:
            return _UNREACHABLE
        if isinstance(outcome_before, Accepted):
            self._counters.replayed += 1
        return outcome_before

    async def _with_duplicates(
        self, waiting: Sequence[tuple[int, NewMessage]], outcomes: dict[int, BatchOutcome]
    ) -> Sequence[BatchOutcome]:
        """The outcomes in order, with the ids of the messages that have the taken event ids."""
        taken = {
            place: (message.application_id, outcome.event_id)
            for place, message in waiting
            if isinstance(outcome := outcomes[place], EventIdTaken)
        }
        if taken:
            try:
                claimed = await self._journal.claimed(list(dict.fromkeys(taken.values())))
            except JournalUnavailable:
                outcomes |= dict.fromkeys(taken, _UNREACHABLE)
            else:
                for place, event in taken.items():
                    outcomes[place] = Duplicate(event[1], claimed.get(event))
        return [outcomes[place] for place in range(len(outcomes))]
