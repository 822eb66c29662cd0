"""Compares producers' outboxes with the journal, in both directions.

Every event that an outbox has as accepted must have its message, with the same payload unless that
was deleted. Every message whose `eventId` an outbox generated must be of an event that was
committed: it is in an outbox, unless the outbox has deleted it after its time.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from angarium_gateway.examination.audited_events import EventKey, JournalEvent
from angarium_outbox.audit import AcceptedEvent, OutboxAudit
from angarium_outbox.database_clock import UnsupportedDatabase
from angarium_outbox.database_failures import DATABASE_FAILURES, reason_of
from angarium_outbox.event import EVENT_ID_PREFIX, event_id_ms
from angarium_outbox.settings import async_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import create_async_engine

from angarium_cli.failure import CommandFailed
from angarium_cli.verify.ledgers import IdRange

PAGE: Final = 200
GAPS_KEPT_MAX: Final = 1_000
MARGIN_MS: Final = 60_000
"""Clocks of producers and of their database differ, and transactions end later than they add."""


@dataclass(frozen=True, slots=True)
class LostEvent:
    """An event that its outbox has as accepted, and of which the journal has no message, or one
    with another payload."""

    application: str
    event_id: str


@dataclass(slots=True)
class AuditedOutboxes:
    """The result. `lost`, `differing` and `unknown` hold the first 1,000 of their counts.

    `compared` events were accepted in the range; `pending` and `set_aside` ones have no message
    yet. The messages of `differing` ones have another payload. `unknown` messages are of no event
    that was committed; for `unproven` ones this cannot be told any more.
    """

    compared: int = 0
    pending: int = 0
    set_aside: int = 0
    messages: int = 0
    unproven: int = 0
    lost_count: int = 0
    unknown_count: int = 0
    differing_count: int = 0
    lost: list[LostEvent] = field(default_factory=list)
    differing: list[LostEvent] = field(default_factory=list)
    unknown: list[JournalEvent] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """True if nothing is lost, nothing differs and nothing is unknown."""
        return not (self.lost_count or self.unknown_count or self.differing_count)

    def add_lost(self, event: AcceptedEvent) -> None:
        """Add an event without a message."""
        self.lost_count += 1
        if len(self.lost) < GAPS_KEPT_MAX:
            self.lost.append(LostEvent(event.application, event.event_id))

    def add_differing(self, event: AcceptedEvent) -> None:
        """Add an event whose message has another payload."""
        self.differing_count += 1
        if len(self.differing) < GAPS_KEPT_MAX:
            self.differing.append(LostEvent(event.application, event.event_id))

    def add_unknown(self, event: JournalEvent) -> None:
        """Add a message without an event."""
        self.unknown_count += 1
        if len(self.unknown) < GAPS_KEPT_MAX:
            self.unknown.append(event)


class JournalEvents(Protocol):
    """The gateway's ledger, as `AuditedEvents` reads it."""

    async def applications(self, refs: set[str]) -> dict[str, set[bytes]]: ...

    async def stored(self, keys: set[EventKey]) -> set[EventKey]: ...

    async def payload_digests(self, keys: set[EventKey]) -> dict[EventKey, bytes]: ...

    async def beginning_with(
        self, prefix: str, within: IdRange, after: tuple[bytes, bytes], *, limit: int
    ) -> Sequence[JournalEvent]: ...


async def audit_outboxes(
    journal: JournalEvents, urls: Sequence[str], span_ms: tuple[int, int], within: IdRange
) -> AuditedOutboxes:
    """Compare all outboxes with the messages of a range (Unix time, and ids). Raises
    CommandFailed for an outbox that cannot be read."""
    result = AuditedOutboxes()
    async with AsyncExitStack() as opened:
        outboxes = [await opened.enter_async_context(_opened(url)) for url in urls]
        for outbox in outboxes:
            await _outbox_pages(journal, outbox, span_ms, result)
        oldest = [await outbox.oldest_accepted_ms() for outbox in outboxes]
        # Before then, one of the outboxes may have deleted what it had; an empty one, everything.
        kept = [each for each in oldest if each is not None]
        known_from_ms = max(kept) if kept and len(kept) == len(oldest) else None
        after = (b"", b"")
        while page := await journal.beginning_with(EVENT_ID_PREFIX, within, after, limit=PAGE):
            await _journal_page(page, outboxes, known_from_ms, result)
            after = (page[-1].application_id, page[-1].id)
    return result


async def _outbox_pages(
    journal: JournalEvents, outbox: OutboxAudit, span_ms: tuple[int, int], result: AuditedOutboxes
) -> None:
    waiting = await outbox.backlog()
    result.pending += waiting.pending
    result.set_aside += waiting.set_aside
    after = 0
    while page := await outbox.accepted(span_ms, after=after, limit=PAGE):
        applications = await journal.applications({event.application for event in page})
        keys = {
            (application_id, event.event_id)
            for event in page
            for application_id in applications[event.application]
        }
        stored = await journal.stored(keys)
        accepted = {event_id for _, event_id in stored}
        for event in page:
            if event.event_id not in accepted:
                result.add_lost(event)
        await _compare_payloads(journal, outbox, page, stored, result)
        result.compared += len(page)
        after = page[-1].position


async def _compare_payloads(
    journal: JournalEvents,
    outbox: OutboxAudit,
    page: Sequence[AcceptedEvent],
    stored: set[EventKey],
    result: AuditedOutboxes,
) -> None:
    of_messages: dict[str, set[bytes]] = {}
    for (_, event_id), of_message in (await journal.payload_digests(stored)).items():
        of_messages.setdefault(event_id, set()).add(of_message)
    compared = [event for event in page if event.event_id in of_messages]
    of_outbox = await outbox.payload_digests([event.position for event in compared])
    for event in compared:
        digest = of_outbox.get(event.position)
        if digest is not None and digest not in of_messages[event.event_id]:
            result.add_differing(event)


async def _journal_page(
    page: Sequence[JournalEvent],
    outboxes: Sequence[OutboxAudit],
    known_from_ms: int | None,
    result: AuditedOutboxes,
) -> None:
    known: set[str] = set()
    for outbox in outboxes:
        known |= await outbox.known({event.event_id for event in page})
    result.messages += len(page)
    for event in page:
        if event.event_id in known:
            continue
        added_ms = event_id_ms(event.event_id)
        if added_ms is None or known_from_ms is None or added_ms < known_from_ms + MARGIN_MS:
            result.unproven += 1
        else:
            result.add_unknown(event)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[OutboxAudit]:
    """An outbox. Raises CommandFailed, without the URL, which may have a password."""
    try:
        engine = create_async_engine(async_url(url))
    except (ArgumentError, ModuleNotFoundError) as error:
        raise CommandFailed(f"--outbox cannot be used: {error}") from None
    try:
        yield OutboxAudit(engine)
    except UnsupportedDatabase as error:
        raise CommandFailed(f"--outbox: {error}") from None
    except DATABASE_FAILURES as error:
        reason = reason_of(error)
        raise CommandFailed(f"the database of --outbox fails: {reason}", exit_status=1) from None
    finally:
        await engine.dispose()
