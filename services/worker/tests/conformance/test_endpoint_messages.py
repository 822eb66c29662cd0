"""Where deliveries stand: one suite over both engines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.deliveries import (
    EndpointDeliveryState,
    EndpointStats,
    FindMissingDeliveries,
    GetEndpointDeliveryState,
    GetEndpointStats,
    ListFailedDeliveries,
    MessageIds,
)
from angarium_contracts.ids import lowest_id_at
from angarium_worker.adapters.database import tables
from angarium_worker.adapters.database.endpoint_messages import EndpointMessages
from angarium_worker.adapters.database.endpoint_stats import EndpointStatsReader
from sqlalchemy import insert

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ENDPOINT, OTHER = b"e" * 16, b"f" * 16
OK, FAILED = 0, 2
LEASE_S = 40.0


def _at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def _message(minute: float, number: int = 0) -> bytes:
    """A message accepted so many minutes after noon."""
    return lowest_id_at(to_micros(_at(minute)) // 1_000)[:6] + number.to_bytes(9) + b"m"


class Story:
    """Writes what happened to the deliveries of an endpoint, as rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._number = 0

    async def _write(self, table: Any, **values: Any) -> None:
        values = {
            "endpoint_id": ENDPOINT,
            "application_id": b"a" * 16,
            "tenant_id": b"t" * 16,
        } | values
        async with self._database.engine.begin() as connection:
            await connection.execute(insert(table), [values])

    async def attempt(
        self,
        message_id: bytes,
        minute: float,
        status: int,
        *,
        goes_on: bool = False,
        endpoint_id: bytes = ENDPOINT,
    ) -> None:
        self._number += 1
        at_us = to_micros(_at(minute))
        await self._write(
            tables.attempt,
            id=lowest_id_at(at_us // 1_000)[:6] + self._number.to_bytes(9) + b"n",
            message_id=message_id,
            endpoint_id=endpoint_id,
            event_type="invoice.paid",
            url="https://example.com/",
            number=1,
            status=status,
            trigger=0,
            response_status=200 if status == OK else 500,
            response=b"",
            duration_ms=1,
            ended_at=at_us,
            next_attempt_at=at_us + 5_000_000 if goes_on else None,
        )

    async def pending(
        self,
        message_id: bytes,
        *,
        due_in_s: float = 3_600,
        fence: int = 0,
        lane: int | None = None,
        attempts_made: int = 1,
    ) -> None:
        await self._write(
            tables.pending_delivery,
            message_id=message_id,
            event_type="invoice.paid",
            payload=b"{}",
            endpoint_version=1,
            attempts_made=attempts_made,
            fence=fence,
            lane=lane,
            due_at=to_micros(datetime.now(UTC)) + int(due_in_s * 1_000_000),
        )

    async def cancelled(self, message_id: bytes, *, by_hand: bool = False) -> None:
        await self._write(
            tables.cancelled_delivery,
            message_id=message_id,
            event_type="invoice.paid",
            reason="the endpoint is disabled",
            cancelled_at=0,
            by_hand=by_hand,
        )

    async def lane(self, state: str, *, due_in_s: float, held: bool = False) -> int:
        due_at = to_micros(datetime.now(UTC)) + int(due_in_s * 1_000_000)
        await self._write(
            tables.lane,
            weight=1,
            due_at=due_at,
            waits_until=0,
            held_until=due_at if held else None,
            fence=1,
            arrivals=0,
            burst_at=0,
            confirmed=bytes(16),
            state=state,
        )
        return due_at

    async def failing(self, since_us: int, *, version: int = 3) -> None:
        await self._write(
            tables.endpoint_health,
            version=version,
            failing_since=since_us,
            last_failure_at=since_us,
        )


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


@pytest.fixture
def questions(database: Database) -> EndpointMessages:
    return EndpointMessages(database, rows_per_page=4)


@pytest.fixture
def standing(database: Database) -> EndpointStatsReader:
    return EndpointStatsReader(database, lease_s=LEASE_S, concurrency_limit_of={ENDPOINT: 12}.get)


async def _walk(
    questions: EndpointMessages,
    *,
    limit: int = 100,
    after: bytes | None = None,
    **members: Any,
) -> tuple[list[bytes], int]:
    """All failed messages, and in how many pages."""
    found: list[bytes] = []
    pages = 0
    while True:
        page = await questions.failed(
            ListFailedDeliveries(
                endpoint_id=ENDPOINT, after=after, limit=limit, **({"since": _at(0)} | members)
            )
        )
        assert list(page.message_ids) == sorted(page.message_ids)
        assert len(page.message_ids) <= limit
        found += page.message_ids
        pages += 1
        if page.done:
            assert page.last is None
            return found, pages
        assert page.last is not None
        assert after is None or page.last > after
        after = page.last


async def test_failed_are_those_that_were_given_up_or_lost_to_a_disabled_endpoint(
    questions: EndpointMessages, story: Story
) -> None:
    exhausted, retried, delivered, pending, recovered, resent, lost, by_hand = (
        _message(minute) for minute in range(1, 9)
    )
    await story.attempt(exhausted, 10, FAILED, goes_on=True)
    await story.attempt(exhausted, 11, FAILED)
    await story.attempt(exhausted, 12, OK, endpoint_id=OTHER)
    await story.attempt(retried, 13, FAILED, goes_on=True)
    await story.pending(retried)
    await story.attempt(delivered, 14, OK)
    await story.pending(pending)
    await story.attempt(recovered, 15, FAILED)
    await story.attempt(recovered, 16, OK)
    await story.attempt(resent, 17, FAILED)
    await story.pending(resent)
    await story.attempt(lost, 18, FAILED, goes_on=True)
    await story.cancelled(lost)
    await story.attempt(by_hand, 19, FAILED)
    await story.cancelled(by_hand, by_hand=True)
    found, _ = await _walk(questions)
    assert sorted(found) == [exhausted, lost]


async def test_a_message_that_was_given_up_twice_is_found_once(
    questions: EndpointMessages, story: Story
) -> None:
    twice, lost = _message(1), _message(2)
    for minute in (3, 4, 5):
        await story.attempt(twice, minute, FAILED)
        await story.attempt(lost, minute, FAILED)
    await story.cancelled(lost)
    for limit in (1, 100):
        found, _ = await _walk(questions, limit=limit)
        assert sorted(found) == [twice, lost]


async def test_only_messages_of_the_time_that_is_asked_for_are_found(
    questions: EndpointMessages, story: Story
) -> None:
    messages = [_message(minute) for minute in range(6)]
    for minute, message_id in enumerate(messages):
        await story.attempt(message_id, 60 + minute, FAILED)
        await story.cancelled(_message(minute, 1))
    found, _ = await _walk(questions, since=_at(2), until=_at(4))
    assert sorted(found) == sorted([*messages[2:5], *(_message(each, 1) for each in (2, 3, 4))])
    assert (await _walk(questions, since=_at(100)))[0] == []


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_a_walk_in_pages_finds_every_message_exactly_once(
    questions: EndpointMessages, story: Story, limit: int
) -> None:
    expected = []
    for minute in range(12):
        message_id = _message(minute)
        await story.attempt(message_id, minute, OK, endpoint_id=OTHER)
        # Some are given up at once, some long after later messages were.
        await story.attempt(message_id, minute, FAILED, goes_on=minute % 3 == 0)
        if minute % 3 == 0:
            await story.attempt(message_id, 30 - minute, FAILED)
        await story.cancelled(_message(minute, 1))
        expected += [message_id, _message(minute, 1)]
    found, pages = await _walk(questions, limit=limit)
    assert sorted(found) == sorted(expected)
    assert pages >= 4


async def test_a_page_without_anything_leads_on(questions: EndpointMessages, story: Story) -> None:
    for minute in range(9):
        await story.attempt(_message(minute), minute, OK)
    await story.attempt(_message(9), 9, FAILED)
    first = await questions.failed(ListFailedDeliveries(endpoint_id=ENDPOINT, since=_at(0)))
    assert (first.message_ids, first.done) == ((), False)
    assert await _walk(questions) == ([_message(9)], 3)


async def test_what_fails_again_while_it_is_walked_does_not_come_again(
    questions: EndpointMessages, story: Story
) -> None:
    for minute in range(6):
        await story.attempt(_message(minute), minute, FAILED)
    first = await questions.failed(
        ListFailedDeliveries(endpoint_id=ENDPOINT, since=_at(0), limit=3)
    )
    for message_id in first.message_ids:
        await story.attempt(message_id, 50, FAILED)
    rest, _ = await _walk(questions, after=first.last)
    assert sorted([*first.message_ids, *rest]) == [_message(minute) for minute in range(6)]


async def test_missing_are_those_without_an_attempt_that_nobody_waits_for_or_cancelled(
    questions: EndpointMessages, story: Story
) -> None:
    tried, waits, lost, by_hand, elsewhere, never = (_message(each) for each in range(6))
    await story.attempt(tried, 10, FAILED)
    await story.pending(waits)
    await story.cancelled(lost)
    await story.cancelled(by_hand, by_hand=True)
    await story.attempt(elsewhere, 11, OK, endpoint_id=OTHER)
    asked = (never, tried, waits, lost, by_hand, elsewhere, never)
    answer = await questions.missing(FindMissingDeliveries(endpoint_id=ENDPOINT, message_ids=asked))
    assert answer == MessageIds(message_ids=(lost, elsewhere, never))
    nothing = FindMissingDeliveries(endpoint_id=ENDPOINT, message_ids=())
    assert await questions.missing(nothing) == MessageIds(message_ids=())


async def test_the_stats_count_each_delivery_by_what_became_of_it(
    standing: EndpointStatsReader, story: Story
) -> None:
    for minute in (1, 2, 3):
        await story.attempt(_message(minute), minute + 10, FAILED, goes_on=True)
        await story.attempt(_message(minute), minute + 11, OK)
    await story.attempt(_message(4), 20, FAILED)
    await story.attempt(_message(4), 30, FAILED)
    await story.attempt(_message(5), 21, FAILED, goes_on=True)
    await story.pending(_message(5))
    await story.attempt(_message(6), 22, FAILED)
    await story.pending(_message(6), due_in_s=30, fence=7)
    await story.pending(_message(7), due_in_s=30, fence=8)
    await story.pending(_message(9), due_in_s=30, fence=8, attempts_made=0)
    await story.pending(_message(10), due_in_s=30, fence=7, attempts_made=0)
    await story.attempt(_message(8), 23, FAILED)
    await story.cancelled(_message(8))
    await story.attempt(_message(2, 1), 24, FAILED, endpoint_id=OTHER)
    stats = await standing.stats(GetEndpointStats(endpoint_id=ENDPOINT))
    assert stats == EndpointStats(success=3, pending=1, sending=4, fail=1, canceled=1)
    part = GetEndpointStats(endpoint_id=ENDPOINT, since=_at(3), until=_at(5))
    expected = EndpointStats(success=1, pending=0, sending=1, fail=1, canceled=0)
    assert await standing.stats(part) == expected
    nothing = EndpointStats(success=0, pending=0, sending=0, fail=0, canceled=0)
    assert await standing.stats(GetEndpointStats(endpoint_id=b"x" * 16)) == nothing


async def _state(standing: EndpointStatsReader) -> EndpointDeliveryState:
    return await standing.state(GetEndpointDeliveryState(endpoint_id=ENDPOINT))


async def test_an_endpoint_without_a_lane_is_being_delivered_to(
    standing: EndpointStatsReader, story: Story
) -> None:
    await story.pending(_message(1), due_in_s=600)
    await story.pending(_message(2), due_in_s=20, fence=1)
    await story.pending(_message(3), due_in_s=20, fence=2)
    await story.pending(_message(4), due_in_s=-1)
    assert await _state(standing) == EndpointDeliveryState(
        state="delivering", parked=0, scheduled=2, concurrency_limit=12
    )
    other = await standing.state(GetEndpointDeliveryState(endpoint_id=OTHER))
    assert other == EndpointDeliveryState(state="delivering", parked=0, scheduled=0)


async def test_an_open_breaker_says_until_when(standing: EndpointStatsReader, story: Story) -> None:
    due_at = await story.lane("open", due_in_s=30)
    await story.pending(_message(1), due_in_s=-1, lane=0)
    await story.pending(_message(2), due_in_s=-1, lane=1)
    await story.pending(_message(3), due_in_s=900, lane=1)
    state = await _state(standing)
    assert (state.state, state.parked, state.scheduled) == ("open", 2, 1)
    assert state.open_until is not None
    assert to_micros(state.open_until) == due_at


@pytest.mark.parametrize(
    ("lane", "held", "parked", "expected"),
    [
        ("waiting", False, 1, "waiting"),
        ("waiting", False, 0, "delivering"),
        ("probing", True, 0, "probing"),
        ("recovering", False, 1, "recovering"),
        ("open", True, 1, "open"),
    ],
)
async def test_the_state_is_that_of_the_lane(
    standing: EndpointStatsReader,
    story: Story,
    lane: str,
    parked: int,
    expected: str,
    *,
    held: bool,
) -> None:
    await story.lane(lane, due_in_s=30 if held else -1, held=held)
    for number in range(parked):
        await story.pending(_message(1, number), due_in_s=-1, lane=0)
    state = await _state(standing)
    assert (state.state, state.parked, state.open_until) == (expected, parked, None)


async def test_failing_since_is_told_until_a_success_or_a_change(
    standing: EndpointStatsReader, story: Story, database: Database
) -> None:
    await story.attempt(_message(1), 1, OK)
    await story.attempt(_message(2), 2, FAILED)
    await story.failing(to_micros(_at(2)))
    assert (await _state(standing)).failing_since == _at(2)
    await story.attempt(_message(3), 3, OK)
    assert (await _state(standing)).failing_since is None
    await story.attempt(_message(4), 4, FAILED)
    assert (await _state(standing)).failing_since == _at(2)
    async with database.engine.begin() as connection:
        await connection.execute(
            insert(tables.endpoint_copy),
            {
                "id": ENDPOINT,
                "tenant_id": b"t" * 16,
                "application_id": b"a" * 16,
                "version": 4,
                "url": "",
                "secrets": b"",
                "disabled": False,
                "deleted": False,
            },
        )
    assert (await _state(standing)).failing_since is None
