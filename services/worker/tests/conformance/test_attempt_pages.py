"""Reading attempts: one suite over both engines."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import (
    Attempt,
    AttemptFilter,
    AttemptFound,
    Attempts,
    AttemptStatus,
    GetAttempt,
    ListAttemptsByEndpoint,
    ListAttemptsByMessage,
    Timings,
)
from angarium_contracts.ids import ATTEMPT, format_id
from angarium_contracts.queries import Page, Problem, ProblemCode
from angarium_worker.adapters.database.attempt_pages import AttemptPages
from angarium_worker.adapters.destinations.webhook import failed_answer
from angarium_worker.application.ledger.records import AttemptRow, AttemptTimings, Ledger, Record

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
MESSAGE, ENDPOINT = b"m" * 16, b"e" * 16


@pytest.fixture
def pages(database: Database) -> AttemptPages:
    return AttemptPages(database, failed_answer)


@pytest.fixture
async def rows(ledger: Ledger, attempt_row: Callable[..., AttemptRow]) -> list[AttemptRow]:
    """Five attempts of one delivery, a minute apart, oldest first; then one of another."""
    made = [
        attempt_row(
            number=number,
            status=0 if status == 200 else 2,
            response_status=status,
            failure=None if status else "dns_failed: no such host",
            event_type="invoice.paid" if number % 2 else "invoice.void",
            ended_at_us=to_micros(NOON + timedelta(minutes=number)),
        )
        for number, status in enumerate((0, 503, 404, 199, 200))
    ]
    other = attempt_row(message_id=b"n" * 16, endpoint_id=b"f" * 16, response=b"\xff\x00")
    await ledger.record([Record([*made, other])])
    return made


async def _page(pages: AttemptPages, page: Page | None = None, **members: Any) -> Attempts:
    wanted = AttemptFilter(**members)
    answer = await pages.answer(
        ListAttemptsByMessage(message_id=MESSAGE, page=page or Page(), filter=wanted)
    )
    assert isinstance(answer, Attempts)
    return answer


def _numbers(items: tuple[Attempt, ...]) -> list[int]:
    return [item.number for item in items]


async def test_attempts_come_newest_first(pages: AttemptPages, rows: list[AttemptRow]) -> None:
    answer = await _page(pages)
    assert _numbers(answer.items) == [4, 3, 2, 1, 0]
    assert answer.done
    newest = answer.items[0]
    assert (newest.id, newest.message_id, newest.endpoint_id) == (rows[4].id, MESSAGE, ENDPOINT)
    assert (newest.status, newest.response, newest.response_status) == (0, "ok", 200)
    assert newest.ended_at == NOON + timedelta(minutes=4)
    assert newest.failure is None
    oldest = answer.items[4]
    told = "The endpoint's host name could not be resolved. (no such host)"
    assert (oldest.failure_reason, oldest.failure, oldest.response) == ("dns_failed", told, told)
    assert answer.items[2].failure == "The endpoint refused the webhook."
    assert answer.items[2].response == "ok"


async def test_an_attempt_tells_its_timings_and_channels(
    pages: AttemptPages, ledger: Ledger, attempt_row: Callable[..., AttemptRow]
) -> None:
    timings = AttemptTimings(1_000, 2_500, 0, 10_000, 12_345)
    await ledger.record([Record([attempt_row(timings=timings, channels=("a", "b_c"))])])
    (item,) = (await _page(pages)).items
    assert item.timings == Timings(1.0, 2.5, 0.0, 10.0, 12.345)
    assert item.channels == ("a", "b_c")


@pytest.mark.parametrize(
    ("channel", "found"), [("a", 1), ("b_c", 1), ("B_c", 0), ("bxc", 0), ("b", 0)]
)
async def test_a_channel_is_matched_whole_and_exactly(
    pages: AttemptPages,
    ledger: Ledger,
    attempt_row: Callable[..., AttemptRow],
    channel: str,
    found: int,
) -> None:
    await ledger.record([Record([attempt_row(channels=("a", "b_c")), attempt_row()])])
    assert len((await _page(pages, channel=channel)).items) == found


async def test_a_failure_of_a_later_version_is_shown_as_it_stands(
    pages: AttemptPages, ledger: Ledger, attempt_row: Callable[..., AttemptRow]
) -> None:
    row = attempt_row(status=2, response_status=0, response=b"", failure="new_reason: more")
    await ledger.record([Record([row])])
    (item,) = (await _page(pages)).items
    assert (item.failure_reason, item.failure) == ("new_reason", "new_reason: more")


async def test_an_answer_that_broke_off_is_found_by_its_status_and_shows_what_came(
    pages: AttemptPages, ledger: Ledger, attempt_row: Callable[..., AttemptRow]
) -> None:
    detail = "answered 200, but the answer broke off after 17 of 100 bytes"
    row = attempt_row(
        status=2,
        response_status=200,
        response=b'{"received":true}',
        failure=f"connection_closed: {detail}",
    )
    await ledger.record([Record([row])])
    (item,) = (await _page(pages, status_class=200)).items
    assert (await _page(pages, status_class=0)).items == ()
    assert (item.status, item.response_status) == (AttemptStatus.FAIL, 200)
    assert item.response == '{"received":true}'
    assert (item.failure_reason, item.failure) == (
        "connection_closed",
        f"The endpoint closed the connection before its answer was complete. ({detail})",
    )


async def test_a_status_above_599_counts_as_5xx(
    pages: AttemptPages, ledger: Ledger, attempt_row: Callable[..., AttemptRow]
) -> None:
    await ledger.record([Record([attempt_row(status=2, response_status=999, response=b"odd")])])
    (item,) = (await _page(pages, status_class=500)).items
    assert (item.response_status, item.response) == (999, "odd")
    assert item.failure_reason == "endpoint_failed"
    for status_class in (0, 100, 200, 300, 400):
        assert (await _page(pages, status_class=status_class)).items == ()


@pytest.mark.usefixtures("rows")
async def test_pages_follow_each_other_without_gap_and_lead_back(pages: AttemptPages) -> None:
    first = await _page(pages, Page(limit=2))
    second = await _page(pages, Page(limit=2, iterator=first.iterator))
    third = await _page(pages, Page(limit=2, iterator=second.iterator))
    assert [_numbers(page.items) for page in (first, second, third)] == [[4, 3], [2, 1], [0]]
    assert [page.done for page in (first, second, third)] == [False, False, True]
    back = await _page(pages, Page(limit=2, iterator=third.prev_iterator))
    assert _numbers(back.items) == [2, 1]
    after_the_end = await _page(pages, Page(limit=2, iterator=third.iterator))
    assert (after_the_end.items, after_the_end.done) == ((), True)
    start = await _page(pages, Page(limit=2, iterator=back.prev_iterator))
    assert (_numbers(start.items), back.done, start.done) == ([4, 3], False, True)
    before_the_start = await _page(pages, Page(limit=2, iterator=start.prev_iterator))
    assert (before_the_start.items, before_the_start.done) == ((), True)
    assert before_the_start.prev_iterator == start.prev_iterator


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"status": AttemptStatus.SUCCESS}, [4]),
        ({"status": AttemptStatus.FAIL}, [3, 2, 1, 0]),
        ({"status": AttemptStatus.PENDING}, []),
        ({"status_class": 0}, [0]),
        ({"status_class": 100}, [3]),
        ({"status_class": 500}, [1]),
        ({"event_types": ("invoice.void",)}, [4, 2, 0]),
        ({"event_types": ()}, []),
        ({"before": NOON + timedelta(minutes=2)}, [1, 0]),
        ({"after": NOON + timedelta(minutes=2)}, [4, 3]),
        ({"channel": "any"}, []),
    ],
)
async def test_filters_apply(
    pages: AttemptPages, wanted: dict[str, Any], numbers: list[int]
) -> None:
    assert _numbers((await _page(pages, **wanted)).items) == numbers


@pytest.mark.usefixtures("rows")
async def test_without_content_the_response_stays_away(pages: AttemptPages) -> None:
    assert {item.response for item in (await _page(pages, with_content=False)).items} == {""}


@pytest.mark.usefixtures("rows")
async def test_attempts_are_found_by_endpoint_and_by_message_and_endpoint(
    pages: AttemptPages,
) -> None:
    by_endpoint = await pages.answer(ListAttemptsByEndpoint(endpoint_id=b"f" * 16, page=Page()))
    assert isinstance(by_endpoint, Attempts)
    assert [item.response for item in by_endpoint.items] == ["\ufffd\x00"]
    neither = ListAttemptsByMessage(message_id=MESSAGE, page=Page(), endpoint_id=b"f" * 16)
    answer = await pages.answer(neither)
    assert isinstance(answer, Attempts)
    assert (answer.items, answer.iterator, answer.prev_iterator) == ((), None, None)


async def test_one_attempt_is_found_by_its_message_and_id(
    pages: AttemptPages, rows: list[AttemptRow]
) -> None:
    found = await pages.answer(GetAttempt(message_id=MESSAGE, attempt_id=rows[1].id))
    assert isinstance(found, AttemptFound)
    assert found.attempt.response_status == 503
    missing = await pages.answer(GetAttempt(message_id=b"n" * 16, attempt_id=rows[1].id))
    assert isinstance(missing, Problem)
    assert missing.code is ProblemCode.NOT_FOUND


@pytest.mark.parametrize("iterator", ["", "-", "nonsense", format_id("msg", b"1" * 16)])
async def test_a_strange_iterator_is_a_problem_that_names_the_field(
    pages: AttemptPages, iterator: str
) -> None:
    answer = await pages.answer(
        ListAttemptsByMessage(message_id=MESSAGE, page=Page(iterator=iterator))
    )
    assert isinstance(answer, Problem)
    assert (answer.code, answer.field) == (ProblemCode.INVALID, "iterator")


@pytest.mark.usefixtures("rows")
async def test_an_iterator_need_not_be_an_id_that_exists(pages: AttemptPages) -> None:
    page = Page(iterator=format_id(ATTEMPT, b"\xff" * 16))
    assert len((await _page(pages, page)).items) == 5
