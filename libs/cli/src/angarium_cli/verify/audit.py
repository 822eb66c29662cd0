"""The audit of a range of messages.

Page by page through the journal, each page compared with the worker's record; then page by page
through the record, each compared with the journal.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Protocol, cast

from angarium_chassis.database.columns import to_micros
from angarium_contracts.ids import created_at_ms
from angarium_dispatcher.examination import AuditedEndpoint, AuditedEndpoints
from angarium_gateway.examination.audited_events import AuditedEvents
from angarium_gateway.examination.audited_journal import (
    APPLICATIONS_PER_PAGE,
    AuditedApplication,
    AuditedJournal,
    AuditedMessage,
    OpenMessages,
    ShorterTenants,
)
from angarium_gateway.settings import Settings as GatewaySettings
from angarium_worker.examination.deliveries import DeliveryTraces, Recorded
from angarium_worker.settings import Settings as WorkerSettings

from angarium_cli.databases import opened_database
from angarium_cli.installation import Installation
from angarium_cli.verify.ledgers import (
    Counts,
    Delivery,
    Gap,
    GapKind,
    IdRange,
    expected_of,
    settled_of,
)
from angarium_cli.verify.outboxes import AuditedOutboxes, audit_outboxes
from angarium_cli.verify.retention import Kept, Unaudited
from angarium_cli.verify.statistics import AuditedStatistics, audit_statistics
from angarium_cli.verify.time_range import TimeRange

MESSAGES_PER_PAGE = 500
DELIVERIES_PER_PAGE = 50_000
RECORDS_PER_PAGE = 2_000
GAPS_KEPT_MAX = 1_000

type MessageKey = tuple[bytes, bytes]
"""Application id and message id."""
type Tell = Callable[[int], None]
"""Called with the number of messages compared so far."""


class Journal(Protocol):
    """The gateway's ledger, as `AuditedJournal` reads it."""

    async def open_messages(self, within: IdRange) -> OpenMessages: ...

    async def still_open(self, message_ids: Collection[bytes]) -> set[bytes]: ...

    async def applications(self, within: IdRange, after: bytes) -> list[AuditedApplication]: ...

    async def messages(
        self, application_id: bytes, within: IdRange, after: bytes, *, limit: int
    ) -> list[AuditedMessage]: ...

    async def scheduled(self, message_ids: Sequence[bytes]) -> set[bytes]: ...

    async def absent(self, keys: Collection[MessageKey]) -> set[MessageKey]: ...

    async def tenant_days(self, tenant_ids: Collection[bytes]) -> dict[bytes, int]: ...

    async def shorter_tenants(self, days: int) -> ShorterTenants: ...


class Endpoints(Protocol):
    """The dispatcher's endpoints, as `AuditedEndpoints` reads them."""

    async def of(self, application_id: bytes) -> list[AuditedEndpoint]: ...


class Traces(Protocol):
    """The worker's ledger, as `DeliveryTraces` reads it."""

    async def of(self, message_ids: Sequence[bytes]) -> set[Delivery]: ...

    async def recorded(self, within: IdRange, after: bytes, *, limit: int) -> list[Recorded]: ...


@dataclass(slots=True)
class Audit:
    """The result. `gaps` holds the first `GAPS_KEPT_MAX` of `gaps_count` gaps.

    Gaps in the `unaudited` parts of the range are not reported.
    """

    counts: Counts = field(default_factory=Counts)
    gaps: list[Gap] = field(default_factory=list)
    gaps_count: int = 0
    unaudited: Sequence[Unaudited] = ()
    statistics: AuditedStatistics = field(default_factory=AuditedStatistics)
    outboxes: AuditedOutboxes | None = None

    @property
    def is_clean(self) -> bool:
        """True without gaps, without statistics that differ, and with outboxes that agree."""
        agrees = self.outboxes is None or self.outboxes.is_clean
        return not self.gaps_count and not self.statistics.differences_count and agrees

    def add(self, gap: Gap) -> None:
        """Add a gap."""
        self.gaps_count += 1
        if len(self.gaps) < GAPS_KEPT_MAX:
            self.gaps.append(gap)


class Auditor:
    """Compares the ledgers of a range of messages while the platform runs.

    Open messages are read first: a message that was not open then is settled, and a settled message
    is on the worker's record. Before a gap is reported, both are read once more: the message may
    have been committed, or have left its schedule, in between. In the other direction the worker's
    record is read first: what is on it was committed before.
    """

    def __init__(
        self, journal: Journal, endpoints: Endpoints, traces: Traces, kept: Kept, *, tell: Tell
    ) -> None:
        self._journal = journal
        self._endpoints = endpoints
        self._traces = traces
        self._kept = kept
        self._tell = tell

    async def run(self, within: IdRange) -> Audit:
        """Audit all messages of the range, and all deliveries on record of them."""
        audit = Audit()
        kept_days = max(self._kept.message_days, self._kept.attempt_days)
        needed_days = min(kept_days, self._kept.days_to_reach(within.first))
        shorter = await self._journal.shorter_tenants(needed_days)
        audit.unaudited = self._kept.unaudited(within.first, within.end, shorter)
        await self._journal_pages(within, audit)
        await self._record_pages(within, audit)
        return audit

    async def _journal_pages(self, within: IdRange, audit: Audit) -> None:
        open_messages = await self._journal.open_messages(within)
        after = b""
        while True:
            applications = await self._journal.applications(within, after)
            for application in applications:
                await self._application(application, within, open_messages, audit)
            if len(applications) < APPLICATIONS_PER_PAGE:
                return
            after = applications[-1].id

    async def _application(
        self,
        application: AuditedApplication,
        within: IdRange,
        open_messages: OpenMessages,
        audit: Audit,
    ) -> None:
        endpoints = await self._endpoints.of(application.id)
        kept_from = self._kept.attempts_from(application.tenant_days)
        limit = max(1, min(MESSAGES_PER_PAGE, DELIVERIES_PER_PAGE // max(1, len(endpoints))))
        after = b""
        while True:
            page = await self._journal.messages(application.id, within, after, limit=limit)
            await self._page(page, endpoints, open_messages, kept_from, audit)
            self._tell(audit.counts.accepted)
            if len(page) < limit:
                return
            after = page[-1].id

    async def _page(
        self,
        page: Sequence[AuditedMessage],
        endpoints: Sequence[AuditedEndpoint],
        open_messages: OpenMessages,
        kept_from: bytes,
        audit: Audit,
    ) -> None:
        later = [message.id for message in page if message.deliver_at_ms]
        scheduled = await self._journal.scheduled(later)
        settled = settled_of(page, open_messages, scheduled, audit.counts, kept_from=kept_from)
        for message in page:
            if message.id in open_messages.set_aside:
                audit.add(Gap(GapKind.SET_ASIDE, message.id, message.application_id))
        certain, possible = expected_of(settled, endpoints)
        if not certain and not possible:
            return
        on_record = await self._traces.of([message.id for message in settled])
        audit.counts.expected += len(certain)
        audit.counts.unproven += sum(delivery not in on_record for delivery in possible)
        missing = [delivery for delivery in certain if delivery not in on_record]
        applications = {message.id: message.application_id for message in settled}
        for message_id, endpoint_id in await self._confirmed(missing):
            audit.add(Gap(GapKind.MISSING, message_id, applications[message_id], endpoint_id))

    async def _confirmed(self, missing: Sequence[Delivery]) -> list[Delivery]:
        if not missing:
            return []
        still_open = await self._journal.still_open({message_id for message_id, _ in missing})
        left = [delivery for delivery in missing if delivery[0] not in still_open]
        on_record = await self._traces.of(sorted({message_id for message_id, _ in left}))
        return [delivery for delivery in left if delivery not in on_record]

    async def _record_pages(self, within: IdRange, audit: Audit) -> None:
        """Every delivery on record must have a message, as far back as messages are kept."""
        kept = IdRange(max(within.first, self._kept.messages_from()), within.end)
        after = b""
        while kept.first < kept.end:
            page = await self._traces.recorded(kept, after, limit=RECORDS_PER_PAGE)
            one_each: dict[bytes, Recorded] = {}
            for each in page:
                one_each.setdefault(each.message_id, each)
            audit.counts.recorded += len(one_each)
            for gap in await self._of_no_message(list(one_each.values())):
                audit.add(gap)
            self._tell(audit.counts.accepted + audit.counts.recorded)
            if len(page) < RECORDS_PER_PAGE:
                return
            after = page[-1].message_id

    async def _of_no_message(self, recorded: Sequence[Recorded]) -> list[Gap]:
        keys = {(each.application_id, each.message_id) for each in recorded}
        without = await self._journal.absent(keys)
        absent = [each for each in recorded if (each.application_id, each.message_id) in without]
        tenant_days = await self._journal.tenant_days({each.tenant_id for each in absent})
        return [
            Gap(GapKind.OF_NO_MESSAGE, each.message_id, each.application_id, each.endpoint_id)
            for each in absent
            if each.message_id >= self._kept.messages_from(tenant_days.get(each.tenant_id))
        ]


async def audit_platform(
    installation: Installation, span: TimeRange, tell: Tell, outboxes: Sequence[str] = ()
) -> Audit:
    """Audit the messages of a time range, and compare them with the producers' outboxes of these
    URLs. Reads only. Raises CommandFailed."""
    async with AsyncExitStack() as opened:
        gateway = await opened.enter_async_context(opened_database(installation, "gateway"))
        dispatcher = await opened.enter_async_context(opened_database(installation, "dispatcher"))
        worker = await opened.enter_async_context(opened_database(installation, "worker"))
        journal = AuditedJournal(gateway)
        kept = _kept(installation, await journal.now_ms())
        auditor = Auditor(
            journal, AuditedEndpoints(dispatcher), DeliveryTraces(worker), kept, tell=tell
        )
        audit = await auditor.run(span.ids)
        days = _minutes_kept_days(installation)
        audit.statistics = await audit_statistics(gateway, worker, journal, kept, span, days=days)
        if outboxes:
            # Of messages that were deleted after their time, an outbox may still know.
            since_ms = max(to_micros(span.since) // 1_000, created_at_ms(kept.messages_from()))
            span_ms = (since_ms, to_micros(span.until) // 1_000)
            audit.outboxes = await audit_outboxes(
                AuditedEvents(gateway), outboxes, span_ms, span.ids
            )
        return audit


def _minutes_kept_days(installation: Installation) -> int:
    gateway = cast("GatewaySettings", installation.settings_or_refusal("gateway"))
    worker = cast("WorkerSettings", installation.settings_or_refusal("worker"))
    return min(gateway.statistics_minutes_kept_days, worker.statistics_minutes_kept_days)


def _kept(installation: Installation, now_ms: int) -> Kept:
    gateway = cast("GatewaySettings", installation.settings_or_refusal("gateway"))
    worker = cast("WorkerSettings", installation.settings_or_refusal("worker"))
    return Kept(gateway.message_retention_days, worker.attempt_retention_days, now_ms)
