"""Explanations of failed attempts wherever attempts are read; on both engines."""

from collections.abc import Callable
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import (
    Attempt,
    AttemptFilter,
    AttemptFound,
    Attempts,
    ExpungeAttempt,
    FollowAttempts,
    GetAttempt,
    ListAttemptsByEndpoint,
    ListAttemptsByMessage,
    SearchAttempts,
)
from angarium_contracts.operational import ATTEMPT_EXHAUSTED, ATTEMPT_RECOVERED
from angarium_contracts.queries import Page
from angarium_worker.adapters.database.attempt_pages import AttemptPages
from angarium_worker.adapters.database.attempt_search import AttemptSearch
from angarium_worker.adapters.database.outbox_rows import OutboxTable
from angarium_worker.adapters.database.stored_content import StoredContentTables
from angarium_worker.adapters.database.tables import endpoint_copy
from angarium_worker.adapters.destinations.webhook import failed_answer
from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.ledger.manual_ledger import ManualLedger
from angarium_worker.application.ledger.records import AttemptRow, EventRow, Ledger, Record
from angarium_worker.application.operations.expunge_content import ExpungeContent
from angarium_worker.domain.exchange import Exchange
from sqlalchemy import insert

MESSAGE, ENDPOINT, TENANT, APPLICATION = b"m" * 16, b"e" * 16, b"t" * 16, b"a" * 16
BODY = b"<title>Just a moment...</title>"
HEAD = b"HTTP/1.1 403 Forbidden\r\nServer: cloudflare"

type MakeRow = Callable[..., AttemptRow]


@pytest.fixture
def challenged(attempt_row: MakeRow) -> AttemptRow:
    """An attempt that only its body explains."""
    return attempt_row(
        status=2, response_status=403, response=BODY, exchange=Exchange(response=HEAD)
    )


@pytest.fixture
async def pages(database: Database) -> AttemptPages:
    async with database.engine.begin() as connection:
        await connection.execute(
            insert(endpoint_copy).values(
                id=ENDPOINT,
                tenant_id=TENANT,
                application_id=APPLICATION,
                version=1,
                url="https://example.com/hook",
                secrets=b"",
                disabled=False,
                deleted=False,
            )
        )
    return AttemptPages(database, failed_answer)


async def read_everywhere(
    pages: AttemptPages, database: Database, row: AttemptRow, *, with_content: bool
) -> list[Attempt]:
    """The attempt as each query gives it."""
    search = AttemptSearch(database, failed_answer)
    page, wanted = Page(), AttemptFilter(with_content=with_content)
    answers = [
        await pages.answer(ListAttemptsByMessage(MESSAGE, page, wanted)),
        await pages.answer(ListAttemptsByEndpoint(ENDPOINT, page, wanted)),
        await search.search(SearchAttempts(TENANT, page, filter=wanted)),
    ]
    if not with_content:
        answers.append(await search.follow(FollowAttempts(TENANT, bytes(16))))
    found = []
    for answer in answers:
        assert isinstance(answer, Attempts)
        found += [each for each in answer.items if each.id == row.id]
    assert len(found) == len(answers)
    return found


@pytest.mark.parametrize("with_content", [True, False])
async def test_each_query_explains_a_failure_alike(
    with_content: bool,
    pages: AttemptPages,
    database: Database,
    ledger: Ledger,
    challenged: AttemptRow,
) -> None:
    await ledger.record([Record([challenged])])
    for each in await read_everywhere(pages, database, challenged, with_content=with_content):
        assert each.explanation is not None
        assert each.explanation.code == "bot_protection"
        names = {evidence.name for evidence in each.explanation.evidence}
        assert ("Response body" in names) == with_content
        assert each.response == (BODY.decode() if with_content else "")


async def test_a_success_has_no_explanation(
    pages: AttemptPages, database: Database, ledger: Ledger, attempt_row: MakeRow
) -> None:
    row = attempt_row()
    await ledger.record([Record([row])])
    for each in await read_everywhere(pages, database, row, with_content=False):
        assert each.explanation is None


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"response_status": 0, "failure": "dns_failed: no such host"}, "name_not_resolved"),
        ({"response_status": 0, "failure": "of_a_later_version: it failed"}, "unknown_failure"),
        ({"response_status": 0, "failure": None}, "unknown_failure"),
        ({"response_status": 200, "failure": None}, "unknown_failure"),
        (
            {
                "response_status": 0,
                "failure": "certificate_not_trusted: certificate has expired",
                "exchange": Exchange(facts={"verify_code": "10", "not_after": "2026-04-01"}),
            },
            "tls_certificate_expired",
        ),
    ],
)
async def test_every_failed_attempt_has_an_explanation(
    members: dict[str, Any],
    code: str,
    pages: AttemptPages,
    ledger: Ledger,
    attempt_row: MakeRow,
) -> None:
    row = attempt_row(status=2, **members)
    await ledger.record([Record([row])])
    found = await pages.answer(GetAttempt(message_id=MESSAGE, attempt_id=row.id))
    assert isinstance(found, AttemptFound)
    assert found.attempt.explanation is not None
    assert found.attempt.explanation.code == code


async def test_deleted_content_is_in_no_explanation(
    pages: AttemptPages,
    database: Database,
    ledger: Ledger,
    manual_ledger: ManualLedger,
    attempt_row: MakeRow,
) -> None:
    facts = {"sent_body": "canary", "checked_body": "canary", "rewritten_as": "other JSON"}
    row = attempt_row(
        status=2, response_status=401, response=b"canary", exchange=Exchange(facts=facts)
    )
    await ledger.record([Record([row])])
    found = await pages.answer(GetAttempt(message_id=MESSAGE, attempt_id=row.id))
    assert "canary" in str(found)
    content = StoredContentTables(database, lease_s=60.0)
    expunge = ExpungeContent(manual_ledger, content, WorkerCounters(), lease_s=60.0)
    await expunge.answer(ExpungeAttempt(message_id=MESSAGE, attempt_id=row.id))
    found = await pages.answer(GetAttempt(message_id=MESSAGE, attempt_id=row.id))
    assert isinstance(found, AttemptFound)
    assert found.attempt.explanation is not None
    assert found.attempt.explanation.code == "authentication_required"
    assert "canary" not in str(found)


async def test_operational_events_have_the_explanation_of_their_failure(
    database: Database, ledger: Ledger, challenged: AttemptRow, attempt_row: MakeRow
) -> None:
    recovered = attempt_row()
    events = [
        EventRow(bytes([number]) * 16, kind, TENANT, APPLICATION, ENDPOINT, MESSAGE, row.id, 403, 1)
        for number, kind, row in (
            (1, ATTEMPT_EXHAUSTED, challenged),
            (2, ATTEMPT_RECOVERED, recovered),
        )
    ]
    await ledger.record([Record([challenged, recovered], events=events)])
    exhausted, back = await OutboxTable(database).read(10)
    assert exhausted.explanation is not None
    assert exhausted.explanation.code == "bot_protection"
    assert "Response body" not in {each.name for each in exhausted.explanation.evidence}
    assert back.explanation is None
