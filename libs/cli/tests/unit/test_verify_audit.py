"""The audit over ledgers in memory: what counts as a gap, and what does not."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from angarium_cli.verify.audit import GAPS_KEPT_MAX, Audit, Auditor, MessageKey
from angarium_cli.verify.ledgers import CHANGED_BEFORE_MS, Delivery, Gap, GapKind, IdRange
from angarium_cli.verify.retention import Kept
from angarium_contracts.ids import lowest_id_at
from angarium_dispatcher.domain.matching import EndpointFilter
from angarium_dispatcher.examination import AuditedEndpoint
from angarium_gateway.examination.audited_journal import (
    AuditedApplication,
    AuditedMessage,
    OpenMessages,
    ShorterTenants,
)
from angarium_worker.examination.deliveries import Recorded

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
APP = b"a" * 16
WANTS_ALL = EndpointFilter(b"e" * 16, 1)
WANTS_PAID = EndpointFilter(b"p" * 16, 1, frozenset({"invoice.paid"}))
WANTS_EU = EndpointFilter(b"u" * 16, 1, None, frozenset({"eu"}))
TENANT = b"t" * 16
ALL_TIME = IdRange(bytes(16), b"\xff" * 16)
KEPT = Kept(90, 90, NOW_MS)
NO_TENANTS = ShorterTenants()


def message_id(number: int) -> bytes:
    return lowest_id_at(NOW_MS + number)


def message(number: int, event_type: str = "invoice.paid", **members: object) -> AuditedMessage:
    return AuditedMessage(message_id(number), APP, event_type, **members)  # type: ignore[arg-type]


def endpoint(wanted: EndpointFilter, changed_ms: int = -60_000) -> AuditedEndpoint:
    return AuditedEndpoint(wanted, NOW_MS + changed_ms)


class Ledgers:
    """A gateway's, a dispatcher's and a worker's ledger. `meanwhile` happens after the first
    look at the worker's."""

    def __init__(
        self, messages: Sequence[AuditedMessage], endpoints: Sequence[AuditedEndpoint] = ()
    ) -> None:
        self.stored = sorted(messages, key=lambda each: each.id)
        self.enabled = list(endpoints) or [endpoint(WANTS_ALL)]
        self.open = OpenMessages()
        self.open_later: set[bytes] = set()
        self.waiting: set[bytes] = set()
        self.on_record: set[Delivery] = set()
        self.meanwhile: set[Delivery] = set()
        self.pages: list[int] = []
        self.record_pages: list[int] = []

    def record(self, *numbers: int, wanted: EndpointFilter = WANTS_ALL) -> None:
        self.on_record |= {(message_id(number), wanted.endpoint_id) for number in numbers}

    async def open_messages(self, within: IdRange) -> OpenMessages:
        return self.open

    async def still_open(self, message_ids: Collection[bytes]) -> set[bytes]:
        return self.open_later & set(message_ids)

    async def applications(self, within: IdRange, after: bytes) -> list[AuditedApplication]:
        return [AuditedApplication(APP)] if self.stored and after < APP else []

    async def messages(
        self, application_id: bytes, within: IdRange, after: bytes, *, limit: int
    ) -> list[AuditedMessage]:
        found = [each for each in self.stored if each.id > after][:limit]
        self.pages.append(len(found))
        return found

    async def scheduled(self, message_ids: Sequence[bytes]) -> set[bytes]:
        return self.waiting & set(message_ids)

    async def absent(self, keys: Collection[MessageKey]) -> set[MessageKey]:
        return set(keys) - {(each.application_id, each.id) for each in self.stored}

    async def tenant_days(self, tenant_ids: Collection[bytes]) -> dict[bytes, int]:
        return {}

    async def shorter_tenants(self, days: int) -> ShorterTenants:
        return ShorterTenants()

    async def recorded(self, within: IdRange, after: bytes, *, limit: int) -> list[Recorded]:
        found = sorted(each for each in self.on_record if each[0] > after)[:limit]
        self.record_pages.append(len(found))
        return [Recorded(message_id, APP, TENANT, endpoint) for message_id, endpoint in found]

    async def endpoints_of(self, application_id: bytes) -> list[AuditedEndpoint]:
        return self.enabled

    async def traces_of(self, message_ids: Sequence[bytes]) -> set[Delivery]:
        found = {each for each in self.on_record if each[0] in message_ids}
        self.on_record |= self.meanwhile
        return found


class _Endpoints:
    def __init__(self, ledgers: Ledgers) -> None:
        self.of = ledgers.endpoints_of


class _Traces:
    def __init__(self, ledgers: Ledgers) -> None:
        self.of = ledgers.traces_of
        self.recorded = ledgers.recorded


async def audit(ledgers: Ledgers) -> Audit:
    told: list[int] = []
    auditor = Auditor(ledgers, _Endpoints(ledgers), _Traces(ledgers), KEPT, tell=told.append)
    found = await auditor.run(ALL_TIME)
    assert told[-1] == found.counts.accepted + found.counts.recorded
    assert found.counts.accepted == len(ledgers.stored)
    return found


def missing(number: int, wanted: EndpointFilter = WANTS_ALL) -> Gap:
    return Gap(GapKind.MISSING, message_id(number), APP, wanted.endpoint_id)


async def test_ledgers_that_add_up_have_no_gap() -> None:
    ledgers = Ledgers([message(1), message(2)])
    ledgers.record(1, 2)

    found = await audit(ledgers)

    assert found.gaps_count == 0
    assert (found.counts.accepted, found.counts.settled, found.counts.expected) == (2, 2, 2)


async def test_a_settled_message_without_a_trace_is_a_gap() -> None:
    ledgers = Ledgers([message(1), message(2)])
    ledgers.record(2)

    assert (await audit(ledgers)).gaps == [missing(1)]


async def test_each_endpoint_that_wants_the_message_counts_for_itself() -> None:
    endpoints = [endpoint(WANTS_ALL), endpoint(WANTS_PAID), endpoint(WANTS_EU)]
    ledgers = Ledgers([message(1), message(2, "user.left", channels=("eu",))], endpoints)
    ledgers.record(1, 2)

    assert (await audit(ledgers)).gaps == [missing(1, WANTS_PAID), missing(2, WANTS_EU)]


async def test_of_an_endpoint_that_was_changed_since_nothing_is_proven() -> None:
    unchanged = endpoint(WANTS_ALL, 100 - CHANGED_BEFORE_MS)
    ledgers = Ledgers([message(99), message(100)], [unchanged])

    found = await audit(ledgers)

    assert found.gaps == [missing(100)]
    assert (found.counts.expected, found.counts.unproven) == (1, 1)


async def test_a_scheduled_message_counts_from_the_time_that_it_was_due() -> None:
    later_ms = NOW_MS + 3_600_000
    ledgers = Ledgers([message(1, deliver_at_ms=later_ms)], [endpoint(WANTS_ALL, 60_000)])

    assert (await audit(ledgers)).gaps == [missing(1)]


async def test_what_is_not_settled_is_no_gap() -> None:
    ledgers = Ledgers(
        [
            message(1),
            message(2, is_cancelled=True),
            message(3, is_targeted=True),
            message(4, deliver_at_ms=NOW_MS + 10),
            message(5),
        ]
    )
    ledgers.open = OpenMessages({message_id(1)}, unknown_from=message_id(5))
    ledgers.waiting = {message_id(4)}

    found = await audit(ledgers)

    assert found.gaps_count == 0
    counts = found.counts
    assert (counts.open, counts.cancelled, counts.targeted, counts.scheduled) == (2, 1, 1, 1)
    assert counts.settled == 0
    assert counts.oldest_open_ms == NOW_MS + 1


async def test_a_message_set_aside_is_a_gap() -> None:
    ledgers = Ledgers([message(1)])
    ledgers.open = OpenMessages(set_aside={message_id(1)})

    found = await audit(ledgers)

    assert found.gaps == [Gap(GapKind.SET_ASIDE, message_id(1), APP)]
    assert found.counts.set_aside == 1


async def test_what_moves_while_it_is_read_is_looked_at_again() -> None:
    ledgers = Ledgers([message(1), message(2)])
    ledgers.open_later = {message_id(1)}
    ledgers.meanwhile = {(message_id(2), WANTS_ALL.endpoint_id)}

    assert (await audit(ledgers)).gaps_count == 0


async def test_many_messages_are_read_in_pages_and_gaps_kept_are_bounded() -> None:
    ledgers = Ledgers([message(number) for number in range(1_200)])

    found = await audit(ledgers)

    assert ledgers.pages == [500, 500, 200]
    assert found.gaps_count == 1_200
    assert len(found.gaps) == GAPS_KEPT_MAX


async def test_the_record_is_gone_through_in_pages_and_each_message_counts_once() -> None:
    ledgers = Ledgers([message(number) for number in range(1_500)])
    for number in range(1_501):
        ledgers.record(number)
        ledgers.record(number, wanted=WANTS_PAID)

    found = await audit(ledgers)

    assert ledgers.record_pages == [2_000, 1_002]
    assert found.counts.recorded == 1_501
    assert [(gap.kind, gap.message_id) for gap in found.gaps] == [
        (GapKind.OF_NO_MESSAGE, message_id(1_500))
    ]


async def test_pages_are_smaller_where_there_are_many_endpoints() -> None:
    many = [endpoint(EndpointFilter(number.to_bytes(16), 1)) for number in range(1_000)]
    ledgers = Ledgers([message(number) for number in range(60)], many)

    await audit(ledgers)

    assert ledgers.pages == [50, 10]
