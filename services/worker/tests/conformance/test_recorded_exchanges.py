"""What attempts sent and received, in the ledger and read again; on both engines."""

from collections.abc import Callable

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import (
    AttemptFound,
    AttemptHeaders,
    AttemptHeadersFound,
    ExpungeAttempt,
    GetAttempt,
    GetAttemptHeaders,
    Header,
)
from angarium_contracts.deliveries import ExpungeMessage
from angarium_contracts.queries import Problem, ProblemCode
from angarium_worker.adapters.database.attempt_pages import AttemptPages
from angarium_worker.adapters.database.stored_content import StoredContentTables
from angarium_worker.adapters.database.tables import attempt
from angarium_worker.adapters.destinations.webhook import failed_answer
from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.ledger.manual_ledger import ManualLedger
from angarium_worker.application.ledger.records import AttemptRow, Ledger, Record
from angarium_worker.application.operations.expunge_content import ExpungeContent
from angarium_worker.domain.delivery import Delivery
from angarium_worker.domain.exchange import HEAD_BYTES_MAX, Exchange
from sqlalchemy import update

from ..outcomes import settled

MESSAGE = b"m" * 16
EXCHANGE = Exchange(
    b"POST /hook HTTP/1.1\r\nHost: example.com\r\nwebhook-id: msg_1",
    ("X-Api-Key", "authorization"),
    b"HTTP/1.0 502 Bad Gateway\r\nServer: nginx\r\nVia: a\r\nvia:  b ",
)
FOUND = AttemptHeaders(
    url="https://example.com/hook",
    method="POST",
    http_version="1.1",
    sent=(Header("Host", "example.com"), Header("webhook-id", "msg_1")),
    withheld=("X-Api-Key", "authorization"),
    response_status=502,
    response_http_version="1.0",
    reason_phrase="Bad Gateway",
    received=(Header("Server", "nginx"), Header("Via", "a"), Header("via", "b")),
)

type MakeRow = Callable[..., AttemptRow]


@pytest.fixture
def pages(database: Database) -> AttemptPages:
    return AttemptPages(database, failed_answer)


async def headers_of(pages: AttemptPages, row: AttemptRow) -> AttemptHeaders:
    found = await pages.answer(GetAttemptHeaders(message_id=row.message_id, attempt_id=row.id))
    assert isinstance(found, AttemptHeadersFound)
    return found.headers


async def test_the_headers_of_a_first_attempt_are_read_again(
    pages: AttemptPages, ledger: Ledger, attempt_row: MakeRow
) -> None:
    row = attempt_row(exchange=EXCHANGE)
    await ledger.record([Record([row])])
    assert await headers_of(pages, row) == FOUND
    found = await pages.answer(GetAttempt(message_id=row.message_id, attempt_id=row.id))
    assert isinstance(found, AttemptFound)
    assert (found.attempt.http_version, found.attempt.reason_phrase) == ("1.0", "Bad Gateway")


async def test_so_are_those_of_failed_and_of_leased_attempts(
    pages: AttemptPages,
    ledger: Ledger,
    attempt_row: MakeRow,
    pending_row: Callable[..., Delivery],
) -> None:
    failed = attempt_row(status=2, exchange=EXCHANGE)
    await ledger.record([Record([failed], [pending_row()])])
    assert await headers_of(pages, failed) == FOUND
    (held,) = await ledger.lease_due(rows_max=1, bytes_max=1_000, lease_s=60.0)
    again = attempt_row(number=2, exchange=EXCHANGE)
    await ledger.record([Record(leased=[settled(held, None, 2, again)])])
    assert await headers_of(pages, again) == FOUND


async def test_an_attempt_without_a_record_says_so(
    pages: AttemptPages, ledger: Ledger, database: Database, attempt_row: MakeRow
) -> None:
    without, strange = attempt_row(), attempt_row(exchange=EXCHANGE)
    await ledger.record([Record([without, strange])])
    async with database.engine.begin() as connection:
        of_strange = update(attempt).where(attempt.c.id == strange.id)
        await connection.execute(of_strange.values(exchange=b"\xc1 of a later version"))
    for row in (without, strange):
        headers = await headers_of(pages, row)
        assert headers == AttemptHeaders(url=row.url, recorded=False)


async def test_nothing_sent_and_nothing_received(
    pages: AttemptPages, ledger: Ledger, attempt_row: MakeRow
) -> None:
    row = attempt_row(exchange=Exchange(), response_status=0, failure="dns_failed", status=2)
    await ledger.record([Record([row])])
    assert await headers_of(pages, row) == AttemptHeaders(url=row.url)


async def test_a_cut_head_is_marked(
    pages: AttemptPages, ledger: Ledger, attempt_row: MakeRow
) -> None:
    head = b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_BYTES_MAX
    exact, cut = (
        attempt_row(exchange=Exchange(response=head[:size]))
        for size in (HEAD_BYTES_MAX, HEAD_BYTES_MAX + 1)
    )
    await ledger.record([Record([exact, cut])])
    assert not (await headers_of(pages, exact)).truncated
    marked = await headers_of(pages, cut)
    assert marked.truncated
    assert marked.received == (Header("X", "x" * (HEAD_BYTES_MAX - 20)),)


@pytest.mark.parametrize("whole_message", [True, False])
async def test_deleted_content_leaves_no_headers(
    whole_message: bool,
    pages: AttemptPages,
    ledger: Ledger,
    manual_ledger: ManualLedger,
    database: Database,
    attempt_row: MakeRow,
) -> None:
    row = attempt_row(exchange=EXCHANGE)
    await ledger.record([Record([row])])
    content = StoredContentTables(database, lease_s=60.0)
    expunge = ExpungeContent(manual_ledger, content, WorkerCounters(), lease_s=60.0)
    if whole_message:
        await expunge.answer(ExpungeMessage(message_id=MESSAGE, reason="deleted"))
    else:
        await expunge.answer(ExpungeAttempt(message_id=MESSAGE, attempt_id=row.id))
    assert await headers_of(pages, row) == AttemptHeaders(url=row.url, recorded=False)


async def test_headers_of_another_message_are_not_found(
    pages: AttemptPages, ledger: Ledger, attempt_row: MakeRow
) -> None:
    row = attempt_row(exchange=EXCHANGE)
    await ledger.record([Record([row])])
    missing = await pages.answer(GetAttemptHeaders(message_id=b"n" * 16, attempt_id=row.id))
    assert isinstance(missing, Problem)
    assert missing.code is ProblemCode.NOT_FOUND
