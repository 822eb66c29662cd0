"""The events of one listener: messages, attempts and changes of endpoints, merged by time.

Everything is read from the ledgers when the listener is ready for more, and nothing is kept for
it: while nobody listens nothing is done, and a slow listener costs no memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from angarium_contracts.attempts import Attempt, Attempts, AttemptStatus, FollowAttempts
from angarium_contracts.directory import DirectoryPage, DirectorySince, EndpointState
from angarium_contracts.ids import created_at_ms
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.application.unavailable import JournalUnavailable

from .feed_events import AcceptedMessage, EventKind, FeedEvent, FeedPosition, FeedScope
from .ledger_tail import LATE_MS, LedgerTail

NEWEST_VERSION: Final = (1 << 62) - 1
"""Above every directory version: asked from here on, the dispatcher tells the current one."""
_DIRECTORY_ROWS: Final = 250


class FollowedMessages(Protocol):
    """Reads the journal in the order of ids. Raises `JournalUnavailable`."""

    async def follow(
        self, scope: FeedScope, after: bytes, rows_max: int
    ) -> Sequence[AcceptedMessage]:
        """Messages in the scope with an id above `after`, the lowest first."""
        ...


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events in the order of time, and the position after them. `more`: others follow at once.
    `problem`: a ledger could not be read; its events come later."""

    events: Sequence[FeedEvent]
    position: FeedPosition
    more: bool = False
    problem: Problem | None = None


class EventFeed:
    """One listener's events, from `position` on."""

    def __init__(
        self,
        scope: FeedScope,
        position: FeedPosition,
        messages: FollowedMessages,
        ask_worker: ServiceQuery,
        ask_dispatcher: ServiceQuery,
        now_ms: Callable[[], int],
    ) -> None:
        self._scope = scope
        self._position = position
        self._stored = messages
        self._ask_worker = ask_worker
        self._ask_dispatcher = ask_dispatcher
        self._now_ms = now_ms
        self._messages = LedgerTail(self._read_messages, _message_id, position.messages_ms)
        self._attempts = LedgerTail(self._read_attempts, _attempt_id, position.attempts_ms)

    async def next(self) -> FeedPage:
        """The next events; none if nothing happened."""
        pages = (
            await self._next_messages(),
            await self._next_attempts(),
            await self._next_endpoints(),
        )
        self._position = FeedPosition(
            messages_ms=self._messages.reached_ms,
            attempts_ms=self._attempts.reached_ms,
            directory_version=self._position.directory_version,
        )
        events = [event for page in pages for event in page.events]
        return FeedPage(
            sorted(events, key=lambda event: event.at_ms),
            self._position,
            more=any(page.more for page in pages),
            problem=next((page.problem for page in pages if page.problem is not None), None),
        )

    async def _next_messages(self) -> FeedPage:
        if not self._scope.wants_messages:
            return FeedPage((), self._position)
        found = await self._messages.next(self._now_ms())
        if isinstance(found, Problem):
            return FeedPage((), self._position, problem=found)
        rows, more = found
        events = [
            FeedEvent(EventKind.MESSAGE_ACCEPTED, created_at_ms(_message_id(row)), row)
            for row in rows
        ]
        return FeedPage(events, self._position, more)

    async def _read_messages(
        self, after: bytes, rows_max: int
    ) -> Sequence[AcceptedMessage] | Problem:
        try:
            return await self._stored.follow(self._scope, after, rows_max)
        except JournalUnavailable:
            return Problem(code=ProblemCode.UNAVAILABLE, detail="The database is not reachable.")

    async def _next_attempts(self) -> FeedPage:
        if not self._scope.wants_attempts:
            return FeedPage((), self._position)
        found = await self._attempts.next(self._now_ms())
        if isinstance(found, Problem):
            return FeedPage((), self._position, problem=found)
        rows, more = found
        events = [
            FeedEvent(kind, created_at_ms(row.id), row) for row in rows for kind in _kinds_of(row)
        ]
        return FeedPage(self._wanted(events), self._position, more)

    async def _read_attempts(self, after: bytes, rows_max: int) -> Sequence[Attempt] | Problem:
        scope = self._scope
        question = FollowAttempts(
            tenant_id=scope.tenant_id,
            after=after,
            application_id=scope.application_id,
            endpoint_id=scope.endpoint_id,
            event_types=scope.event_types,
            limit=rows_max,
        )
        found = await self._ask_worker(question, Attempts)
        return found if isinstance(found, Problem) else found.items

    async def _next_endpoints(self) -> FeedPage:
        if not self._scope.wants_endpoints:
            return FeedPage((), self._position)
        known = self._position.directory_version
        question = DirectorySince(
            version=NEWEST_VERSION if known is None else known,
            limit=_DIRECTORY_ROWS,
            with_applications=False,
        )
        found = await self._ask_dispatcher(question, DirectoryPage)
        if isinstance(found, Problem):
            return FeedPage((), self._position, problem=found)
        self._position = replace(self._position, directory_version=found.version)
        if known is None:
            return FeedPage((), self._position)
        at_ms = self._now_ms()
        events = [
            FeedEvent(_kind_of(state), at_ms, state)
            for state in found.endpoints
            if self._sees(state)
        ]
        return FeedPage(self._wanted(events), self._position, more=not found.done)

    def _sees(self, state: EndpointState) -> bool:
        scope = self._scope
        return (
            state.tenant_id == scope.tenant_id
            and scope.application_id in (None, state.application_id)
            and scope.endpoint_id in (None, state.id)
        )

    def _wanted(self, events: list[FeedEvent]) -> list[FeedEvent]:
        return [event for event in events if event.kind in self._scope.kinds]


def resumed(position: FeedPosition) -> FeedPosition:
    """The position to go on from after this one: rows that were late for it are not missed, and
    the last seconds before it come again."""
    return replace(
        position,
        messages_ms=max(0, position.messages_ms - LATE_MS),
        attempts_ms=max(0, position.attempts_ms - LATE_MS),
    )


def _message_id(row: AcceptedMessage) -> bytes:
    return row.message.id


def _attempt_id(row: Attempt) -> bytes:
    return row.id


def _kinds_of(row: Attempt) -> tuple[EventKind, ...]:
    if row.status is AttemptStatus.SUCCESS:
        return (EventKind.ATTEMPT_SUCCEEDED,)
    if row.next_attempt_at is not None:
        return (EventKind.ATTEMPT_FAILED,)
    return EventKind.ATTEMPT_FAILED, EventKind.MESSAGE_EXHAUSTED


def _kind_of(state: EndpointState) -> EventKind:
    if state.deleted:
        return EventKind.ENDPOINT_DELETED
    return EventKind.ENDPOINT_DISABLED if state.disabled else EventKind.ENDPOINT_CHANGED
