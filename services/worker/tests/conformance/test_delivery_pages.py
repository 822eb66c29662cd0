"""Where single deliveries stand: one suite over both engines."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.deliveries import (
    Deliveries,
    Delivery,
    DeliveryStatus,
    FindDeliveries,
    ListMessageDeliveries,
)
from angarium_worker.adapters.database import tables
from angarium_worker.adapters.database.delivery_pages import DeliveryPages
from angarium_worker.application.ledger.manual_ledger import ManualLedger
from angarium_worker.application.ledger.records import Ledger, Record
from angarium_worker.domain import delivery as domain
from sqlalchemy import update

LEASE_S = 40.0
HOUR_US = 3_600_000_000
MESSAGE, ENDPOINT = b"m" * 16, b"e" * 16
OK, FAILED = 0, 2
REASON = "the endpoint is disabled"

type Rows = Callable[..., Any]


@pytest.fixture
def pages(database: Database) -> DeliveryPages:
    return DeliveryPages(database, lease_s=LEASE_S)


def _cancelled(**members: Any) -> domain.Delivery:
    row = domain.Delivery(
        message_id=MESSAGE,
        endpoint_id=ENDPOINT,
        application_id=b"a" * 16,
        tenant_id=b"t" * 16,
        event_type="invoice.paid",
        payload=b"",
        endpoint_version=1,
        cancelled=REASON,
    )
    return row._replace(**members)


async def _one(pages: DeliveryPages) -> Delivery:
    """The only delivery, which both questions tell alike."""
    listed = await pages.of_message(ListMessageDeliveries(MESSAGE))
    assert listed == await pages.of_endpoint(FindDeliveries(ENDPOINT, (b"x" * 16, MESSAGE)))
    assert listed.done
    (delivery,) = listed.items
    assert (delivery.message_id, delivery.endpoint_id) == (MESSAGE, ENDPOINT)
    return delivery


async def test_a_message_without_a_delivery_has_none(pages: DeliveryPages) -> None:
    assert await pages.of_message(ListMessageDeliveries(MESSAGE)) == Deliveries(())
    assert await pages.of_endpoint(FindDeliveries(ENDPOINT, (MESSAGE,))) == Deliveries(())
    assert await pages.of_endpoint(FindDeliveries(ENDPOINT, ())) == Deliveries(())


@pytest.mark.parametrize(
    ("statuses", "cancelled", "expected", "reason"),
    [
        ([OK], False, DeliveryStatus.SUCCESS, None),
        ([FAILED, FAILED, OK], False, DeliveryStatus.SUCCESS, None),
        ([OK, FAILED], False, DeliveryStatus.SUCCESS, None),
        ([FAILED, FAILED], False, DeliveryStatus.FAIL, None),
        ([FAILED], True, DeliveryStatus.CANCELED, REASON),
        ([], True, DeliveryStatus.CANCELED, REASON),
        ([OK, FAILED], True, DeliveryStatus.SUCCESS, REASON),
    ],
)
async def test_a_delivery_that_ended_says_how(
    pages: DeliveryPages,
    ledger: Ledger,
    attempt_row: Rows,
    statuses: list[int],
    expected: DeliveryStatus,
    reason: str | None,
    *,
    cancelled: bool,
) -> None:
    attempts = [
        attempt_row(status=status, url=f"https://example.com/{number}")
        for number, status in enumerate(statuses)
    ]
    ended = [_cancelled()] if cancelled else []
    await ledger.record([Record(attempts, cancelled=ended)])
    delivery = await _one(pages)
    assert (delivery.status, delivery.canceled_reason) == (expected, reason)
    assert delivery.next_attempt_at is None
    assert delivery.url == (attempts[-1].url if attempts else None)


async def test_what_waits_for_its_retry_says_when_that_is(
    pages: DeliveryPages, ledger: Ledger, attempt_row: Rows, pending_row: Rows
) -> None:
    failed = attempt_row(status=FAILED, retry_in_us=HOUR_US)
    await ledger.record([Record([failed], [pending_row(due_in_us=HOUR_US)])])
    delivery = await _one(pages)
    assert (delivery.status, delivery.canceled_reason) == (DeliveryStatus.SENDING, None)
    assert delivery.next_attempt_at is not None
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    assert abs(delivery.next_attempt_at - in_an_hour) < timedelta(minutes=1)


async def test_what_waits_for_its_endpoints_turn_has_no_time(
    pages: DeliveryPages, ledger: Ledger, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row(lane=0, attempts_made=0, due_in_us=-5)])])
    assert await _one(pages) == Delivery(MESSAGE, ENDPOINT, DeliveryStatus.PENDING)


async def test_a_delivery_in_a_workers_hands_is_being_sent(
    pages: DeliveryPages, ledger: Ledger, manual_ledger: ManualLedger, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row(attempts_made=0)])])
    assert (await _one(pages)).status is DeliveryStatus.PENDING
    (due,) = await ledger.lease_due(rows_max=1, bytes_max=99, lease_s=30)
    assert await _one(pages) == Delivery(MESSAGE, ENDPOINT, DeliveryStatus.SENDING)
    assert await _cancel(manual_ledger) == 1
    expected = Delivery(MESSAGE, ENDPOINT, DeliveryStatus.SENDING, canceled_reason="not wanted")
    assert await _one(pages) == expected
    await ledger.release([due])
    assert (await _one(pages)).canceled_reason == "not wanted"


async def test_a_mark_that_nobody_has_carried_out_yet_shows_as_cancelled(
    pages: DeliveryPages, ledger: Ledger, manual_ledger: ManualLedger, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row(due_in_us=20_000_000)])])
    assert (await _one(pages)).status is DeliveryStatus.SENDING
    assert await _cancel(manual_ledger) == 1
    expected = Delivery(MESSAGE, ENDPOINT, DeliveryStatus.CANCELED, canceled_reason="not wanted")
    assert await _one(pages) == expected


async def test_a_delivery_that_is_pending_again_is_not_cancelled_any_more(
    pages: DeliveryPages, ledger: Ledger, attempt_row: Rows, pending_row: Rows
) -> None:
    attempts = [attempt_row(status=FAILED)]
    await ledger.record([Record(attempts, [pending_row(due_in_us=HOUR_US)], (), [_cancelled()])])
    delivery = await _one(pages)
    assert (delivery.status, delivery.canceled_reason) == (DeliveryStatus.SENDING, None)


async def test_a_retry_that_was_put_off_between_two_reads_is_being_sent(
    pages: DeliveryPages, ledger: Ledger, attempt_row: Rows, database: Database
) -> None:
    await ledger.record([Record([attempt_row(status=FAILED)])])
    at = datetime(2026, 1, 2, tzinfo=UTC)
    async with database.engine.begin() as connection:
        await connection.execute(update(tables.attempt).values(next_attempt_at=to_micros(at)))
    delivery = await _one(pages)
    assert (delivery.status, delivery.next_attempt_at) == (DeliveryStatus.SENDING, at)


async def test_deliveries_of_a_message_come_in_pages_by_endpoint_in_both_directions(
    pages: DeliveryPages, ledger: Ledger, attempt_row: Rows, pending_row: Rows
) -> None:
    ids = [bytes([number]) * 16 for number in range(9)]
    attempts = [attempt_row(endpoint_id=each, status=FAILED) for each in ids[:4] for _ in range(3)]
    pending = [pending_row(endpoint_id=each, due_in_us=HOUR_US) for each in ids[2:7]]
    cancelled = [_cancelled(endpoint_id=each) for each in ids[6:]]
    other = attempt_row(message_id=b"n" * 16, endpoint_id=b"z" * 16)
    await ledger.record([Record([*attempts, other], pending, (), cancelled)])

    async def read(past: bytes | None, **members: Any) -> tuple[list[bytes], bool]:
        question = ListMessageDeliveries(MESSAGE, limit=4, past=past, **members)
        page = await pages.of_message(question)
        return [each.endpoint_id for each in page.items], page.done

    assert await read(None) == (ids[:4], False)
    assert await read(ids[3]) == (ids[4:8], False)
    assert await read(ids[7]) == (ids[8:], True)
    assert await read(ids[8]) == ([], True)
    assert await read(ids[8], backwards=True) == (ids[4:8], False)
    assert await read(ids[4], backwards=True) == (ids[:4], True)
    assert await read(None, backwards=True) == (ids[5:], False)
    everything = await pages.of_message(ListMessageDeliveries(MESSAGE, limit=9))
    expected = [DeliveryStatus.FAIL] * 2 + [DeliveryStatus.SENDING] * 5
    assert [each.status for each in everything.items] == [*expected, *[DeliveryStatus.CANCELED] * 2]
    assert everything.done


async def test_deliveries_of_an_endpoint_are_those_of_the_messages_that_were_named(
    pages: DeliveryPages, ledger: Ledger, attempt_row: Rows, pending_row: Rows
) -> None:
    ids = [bytes([number]) * 16 for number in range(5)]
    attempts = [attempt_row(message_id=each) for each in ids[:2]]
    attempts.append(attempt_row(message_id=ids[4], endpoint_id=b"f" * 16))
    pending = [pending_row(message_id=ids[2], due_in_us=HOUR_US)]
    await ledger.record([Record(attempts, pending, (), [_cancelled(message_id=ids[3])])])
    found = await pages.of_endpoint(FindDeliveries(ENDPOINT, (ids[4], ids[3], ids[2], ids[1])))
    assert [(each.message_id, each.status) for each in found.items] == [
        (ids[1], DeliveryStatus.SUCCESS),
        (ids[2], DeliveryStatus.SENDING),
        (ids[3], DeliveryStatus.CANCELED),
    ]


async def _cancel(manual_ledger: ManualLedger) -> int:
    count = await manual_ledger.cancel(
        message_id=MESSAGE,
        endpoint_id=ENDPOINT,
        reason="not wanted",
        by_hand=True,
        rows_max=10,
        lease_s=LEASE_S,
    )
    return count.ended + count.marked
