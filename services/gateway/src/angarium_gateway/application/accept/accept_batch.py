"""Accept many messages at once: commit them in a few transactions, and only then answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from angarium_chassis.group_commit import GroupCommit, Overloaded
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem
from msgspec import Struct

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


class BatchItem(Struct, frozen=True, gc=False):
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
        make_ids: Callable[[int], Sequence[bytes]],
        scheduled: GroupCommit[NewMessage, CommitOutcome],
        counters: AcceptCounters,
    ) -> None:
        self._counters = counters
        self._directory = directory
        self._journal = journal
        self._commits = commits
        self._make_ids = make_ids
        self._scheduled = scheduled

    async def __call__(
        self, tenant_id: bytes, items: Sequence[BatchItem]
    ) -> Sequence[BatchOutcome]:
        """One outcome per item, in order."""
        try:
            applications = await self._applications(tenant_id, items)
        except JournalUnavailable:
            return [_UNREACHABLE] * len(items)
        outcomes: list[BatchOutcome] = [_UNREACHABLE] * len(items)
        at_once: list[int] = []
        scheduled: list[int] = []
        messages: dict[int, NewMessage] = {}
        ids = self._make_ids(len(items))
        for place, item in enumerate(items):
            draft = item.draft
            found = applications[item.application_ref]
            if isinstance(found, Problem):
                outcomes[place] = found
            else:
                messages[place] = new_message(ids[place], tenant_id, found.id, draft)
                (at_once if draft.deliver_at is None else scheduled).append(place)
        for commits, places in ((self._commits, at_once), (self._scheduled, scheduled)):
            for start in range(0, len(places), SLICE_MAX):
                some = places[start : start + SLICE_MAX]
                results = await self._commit(commits, [messages[place] for place in some])
                for place, outcome in zip(some, results, strict=True):
                    outcomes[place] = outcome
        await self._name_duplicates(messages, outcomes)
        return outcomes

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
        self, commits: GroupCommit[NewMessage, CommitOutcome], messages: Sequence[NewMessage]
    ) -> Sequence[BatchOutcome]:
        """Commit a slice: all of its messages, or none that is known of."""
        try:
            size_bytes = sum([message.size_bytes for message in messages])
            results = await commits.submit_all(messages, size_bytes)
        except Overloaded as error:
            return [overloaded(error)] * len(messages)
        except JournalUnavailable:
            return [_UNREACHABLE] * len(messages)
        return [
            Accepted(message)
            if isinstance(outcome, Committed)
            else await self._refused(message, outcome)
            for message, outcome in zip(messages, results, strict=True)
        ]

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

    async def _name_duplicates(
        self, messages: Mapping[int, NewMessage], outcomes: list[BatchOutcome]
    ) -> None:
        """Replace each event id that is taken by the message that has it."""
        taken = {
            place: (messages[place].application_id, outcome.event_id)
            for place, outcome in enumerate(outcomes)
            if isinstance(outcome, EventIdTaken)
        }
        if taken:
            try:
                claimed = await self._journal.claimed(list(dict.fromkeys(taken.values())))
            except JournalUnavailable:
                for place in taken:
                    outcomes[place] = _UNREACHABLE
            else:
                for place, event in taken.items():
                    outcomes[place] = Duplicate(event[1], claimed.get(event))
