"""Searching and following attempts across endpoints: one suite over both engines."""

from collections.abc import Callable
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import (
    AttemptFilter,
    Attempts,
    AttemptStatus,
    FollowAttempts,
    SearchAttempts,
)
from angarium_contracts.directory import EndpointState
from angarium_contracts.queries import Page, Problem
from angarium_worker.adapters.database import attempt_search
from angarium_worker.adapters.database.attempt_search import AttemptSearch
from angarium_worker.adapters.database.endpoint_copy import EndpointCopyTable
from angarium_worker.adapters.destinations.webhook import failed_answer
from angarium_worker.application.ledger.records import AttemptRow, Ledger, Record
from sqlalchemy import event

TENANT, OTHER_TENANT = b"t" * 16, b"o" * 16
APPLICATION, OTHER_APPLICATION = b"a" * 16, b"b" * 16
ENDPOINTS = [bytes([number]) * 16 for number in (1, 2, 3)]


@pytest.fixture
def search(database: Database) -> AttemptSearch:
    return AttemptSearch(database, failed_answer)


def _state(endpoint_id: bytes, application_id: bytes, tenant_id: bytes = TENANT) -> EndpointState:
    return EndpointState(
        id=endpoint_id, tenant_id=tenant_id, application_id=application_id, version=1
    )


@pytest.fixture
async def made(
    database: Database, ledger: Ledger, attempt_row: Callable[..., AttemptRow]
) -> list[AttemptRow]:
    """Thirty attempts in turn at three endpoints; the third is of another application, and one
    more of another tenant. Every fifth fails."""
    states = [
        _state(ENDPOINTS[0], APPLICATION),
        _state(ENDPOINTS[1], APPLICATION),
        _state(ENDPOINTS[2], OTHER_APPLICATION),
        _state(b"\x09" * 16, b"z" * 16, OTHER_TENANT),
    ]
    await EndpointCopyTable(database).store(states, 1)
    rows = [
        attempt_row(
            message_id=(100 + number).to_bytes(16),
            endpoint_id=ENDPOINTS[number % 3],
            application_id=APPLICATION if number % 3 < 2 else OTHER_APPLICATION,
            tenant_id=TENANT,
            status=0 if number % 5 else 2,
            event_type="invoice.paid" if number % 2 else "invoice.void",
        )
        for number in range(30)
    ]
    other = attempt_row(endpoint_id=b"\x09" * 16, tenant_id=OTHER_TENANT)
    await ledger.record([Record([*rows, other])])
    return rows


async def _search(search: AttemptSearch, page: Page, **members: Any) -> Attempts:
    names = ("status", "status_class", "event_types", "latest", "will_retry")
    filters = {name: members.pop(name) for name in names if name in members}
    question = SearchAttempts(
        tenant_id=TENANT, page=page, filter=AttemptFilter(**filters), **members
    )
    found = await search.search(question)
    assert isinstance(found, Attempts)
    return found


async def _walk(search: AttemptSearch, **members: Any) -> list[bytes]:
    """The ids of all pages onwards, and a check that the way back gives the same."""
    seen: list[bytes] = []
    page = await _search(search, Page(limit=4), **members)
    back: list[bytes] = []
    while True:
        seen += [item.id for item in page.items]
        if page.done:
            break
        page = await _search(search, Page(limit=4, iterator=page.iterator), **members)
    back = [item.id for item in page.items]
    while True:
        page = await _search(search, Page(limit=4, iterator=page.prev_iterator), **members)
        back = [item.id for item in page.items] + back
        if page.done:
            break
    assert back == seen
    return seen


async def test_a_search_merges_endpoints_newest_first(
    search: AttemptSearch, made: list[AttemptRow]
) -> None:
    assert await _walk(search) == [row.id for row in reversed(made)]
    of_application = [row.id for row in reversed(made) if row.application_id == APPLICATION]
    assert await _walk(search, application_id=APPLICATION) == of_application
    of_endpoint = [row.id for row in reversed(made) if row.endpoint_id == ENDPOINTS[1]]
    assert await _walk(search, endpoint_id=ENDPOINTS[1]) == of_endpoint


async def test_a_filter_without_an_index_is_refused_for_too_many_endpoints(
    search: AttemptSearch, made: list[AttemptRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt_search, "ENDPOINTS_MAX", 2)
    without_index = SearchAttempts(
        tenant_id=TENANT, page=Page(), filter=AttemptFilter(event_types=("invoice.paid",))
    )
    problem = await search.search(without_index)
    assert isinstance(problem, Problem)
    assert problem.field == "filters"
    assert "`status=2`" in problem.detail
    # With an index, of fewer endpoints, and without a filter, they are found.
    assert len(await _walk(search, status=AttemptStatus.FAIL)) == 6
    of_application = {"application_id": APPLICATION, "event_types": ("invoice.paid",)}
    assert len(await _walk(search, **of_application)) == 10
    assert len(await _walk(search)) == len(made)


@pytest.mark.parametrize(
    ("members", "indexes"),
    [
        ({}, ("tenant_id_id_idx", "attempt_failed")),
        (
            {"application_id": APPLICATION},
            ("endpoint_id_id_idx1", "attempt_failed_by_endpoint"),
        ),
        ({"endpoint_id": ENDPOINTS[0]}, ("endpoint_id_id_idx1", "attempt_failed_by_endpoint")),
    ],
)
@pytest.mark.parametrize("failed", [{"status": AttemptStatus.FAIL}, {"status_class": 500}])
async def test_failed_attempts_are_found_by_an_index(
    search: AttemptSearch,
    made: list[AttemptRow],
    database: Database,
    members: dict[str, Any],
    indexes: tuple[str, str],
    failed: dict[str, Any],
) -> None:
    statements: list[tuple[str, Any]] = []

    def note(*seen: Any) -> None:
        statements.append((seen[2], seen[3]))

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    await _search(search, Page(limit=4), event_types=("invoice.paid",), **failed, **members)
    event.remove(engine, "before_cursor_execute", note)
    explain = "explain" if database.on_postgres else "explain query plan"
    async with database.engine.connect() as connection:
        if database.on_postgres:  # A small table is read faster without an index.
            await connection.exec_driver_sql("set local enable_seqscan = off")
        plans = [
            str((await connection.exec_driver_sql(f"{explain} {statement}", given)).all())
            for statement, given in statements
            if "attempt" in statement.lower()
        ]
    assert len(plans) == 2
    for plan in plans:
        # On Postgres, the partition's part of the index, which has a name of its own.
        assert (indexes[0] if database.on_postgres else indexes[1]) in plan


async def test_failed_attempts_of_an_application_need_no_examination_of_others(
    search: AttemptSearch, made: list[AttemptRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt_search, "LOOKED_THROUGH_MAX", 1)
    monkeypatch.setattr(attempt_search, "LOOKED_THROUGH_MIN", 1)
    monkeypatch.setattr(attempt_search, "ENDPOINTS_MAX", 1)
    failed = [row for row in reversed(made) if row.status == 2]
    of_application = [row.id for row in failed if row.application_id == APPLICATION]
    found = await _search(
        search, Page(limit=50), status=AttemptStatus.FAIL, application_id=APPLICATION
    )
    assert ([each.id for each in found.items], found.done) == (of_application, True)
    assert await _walk(search, status=AttemptStatus.FAIL, application_id=APPLICATION) == (
        of_application
    )
    of_endpoint = [row.id for row in failed if row.endpoint_id == ENDPOINTS[2]]
    assert await _walk(search, status=AttemptStatus.FAIL, endpoint_id=ENDPOINTS[2]) == of_endpoint


@pytest.mark.parametrize("examined", [2, 20_000])
async def test_a_filter_finds_all_however_few_a_page_examines(
    search: AttemptSearch, made: list[AttemptRow], monkeypatch: pytest.MonkeyPatch, examined: int
) -> None:
    monkeypatch.setattr(attempt_search, "LOOKED_THROUGH_MAX", examined)
    monkeypatch.setattr(attempt_search, "LOOKED_THROUGH_MIN", min(examined, 500))
    failed = [row.id for row in reversed(made) if row.status == 2]
    assert await _walk(search, status=AttemptStatus.FAIL) == failed
    failed_paid = [
        row.id for row in reversed(made) if row.status == 2 and row.event_type.endswith("paid")
    ]
    found = await _walk(search, status=AttemptStatus.FAIL, event_types=("invoice.paid",))
    assert found == failed_paid
    paid = [row.id for row in reversed(made) if row.event_type == "invoice.paid"]
    assert await _walk(search, event_types=("invoice.paid",)) == paid


@pytest.mark.parametrize("examined", [2, 20_000])
async def test_of_each_delivery_the_latest_attempt_is_found(
    search: AttemptSearch,
    ledger: Ledger,
    made: list[AttemptRow],
    attempt_row: Callable[..., AttemptRow],
    monkeypatch: pytest.MonkeyPatch,
    examined: int,
) -> None:
    monkeypatch.setattr(attempt_search, "LOOKED_THROUGH_MAX", examined)
    monkeypatch.setattr(attempt_search, "LOOKED_THROUGH_MIN", min(examined, 500))
    repeated = [
        attempt_row(
            message_id=row.message_id,
            endpoint_id=row.endpoint_id,
            application_id=row.application_id,
            tenant_id=TENANT,
            number=2,
            status=0 if row is made[0] else 2,
            event_type=row.event_type,
            retry_in_us=None if row is made[0] else 60_000_000,
        )
        for row in (made[0], made[5])
    ]
    elsewhere = attempt_row(
        message_id=made[1].message_id,
        endpoint_id=ENDPOINTS[0],
        application_id=APPLICATION,
        tenant_id=TENANT,
        status=0,
    )
    await ledger.record([Record([*repeated, elsewhere])])
    now = [elsewhere, *reversed(repeated)]
    now += [row for row in reversed(made) if row not in (made[0], made[5])]
    assert await _walk(search, latest=True) == [row.id for row in now]
    failed = [row.id for row in now if row.status == 2]
    assert await _walk(search, latest=True, status=AttemptStatus.FAIL) == failed
    retried = [row.id for row in now if row.retry_in_us is not None]
    assert retried
    assert await _walk(search, latest=True, will_retry=True) == retried
    ended = [row.id for row in now if row.status == 2 and row.retry_in_us is None]
    filters = {"latest": True, "will_retry": False, "status": AttemptStatus.FAIL}
    assert await _walk(search, **filters) == ended


async def test_attempts_of_some_messages_are_found(
    search: AttemptSearch, made: list[AttemptRow]
) -> None:
    some = [made[3], made[5], made[7]]
    ids = tuple(row.message_id for row in some)
    assert await _walk(search, message_ids=ids) == [row.id for row in reversed(some)]
    of_application = [row.id for row in reversed(some) if row.application_id == APPLICATION]
    assert 0 < len(of_application) < len(some)
    found = await _walk(search, message_ids=ids, application_id=APPLICATION)
    assert found == of_application
    assert await _walk(search, message_ids=ids, endpoint_id=ENDPOINTS[0]) == [made[3].id]
    failed = await _walk(search, message_ids=ids, status=AttemptStatus.FAIL)
    assert failed == [made[5].id]
    other = SearchAttempts(tenant_id=OTHER_TENANT, page=Page(), message_ids=ids)
    found_of_other = await search.search(other)
    assert isinstance(found_of_other, Attempts)
    assert found_of_other.items == ()


async def test_an_iterator_of_another_list_is_refused(search: AttemptSearch) -> None:
    question = SearchAttempts(tenant_id=TENANT, page=Page(iterator="msg_1"))
    assert isinstance(await search.search(question), Problem)


async def test_following_gives_what_was_made_since_oldest_first(
    search: AttemptSearch, made: list[AttemptRow]
) -> None:
    after, seen = bytes(16), []
    while True:
        question = FollowAttempts(tenant_id=TENANT, after=after, limit=7)
        found = await search.follow(question)
        seen += [item.id for item in found.items]
        if found.done:
            break
        after = found.items[-1].id
    assert seen == [row.id for row in made]
    assert found.items[-1].application_id == made[-1].application_id
    rest = FollowAttempts(tenant_id=TENANT, after=made[20].id, application_id=OTHER_APPLICATION)
    of_other = [row.id for row in made[21:] if row.application_id == OTHER_APPLICATION]
    assert [item.id for item in (await search.follow(rest)).items] == of_other
