"""What all lanes do: one suite over both engines."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database.tables import lane, pending_delivery
from angarium_worker.application.lanes.lane_store import HeldLane, LaneRelease, Lanes, LaneTake
from angarium_worker.application.ledger.records import Ledger, Record
from angarium_worker.domain.delivery import Delivery
from sqlalchemy import delete, select

from ..outcomes import settled

type Rows = Callable[..., Any]

ENDPOINT, OTHER = b"e" * 16, b"f" * 16
LEASE_S = 60.0
MANY_BYTES = 1_000_000
HOUR_US = 3_600_000_000


def _id(number: int) -> bytes:
    return number.to_bytes(16)


async def _all(database: Database, table: Any) -> list[Any]:
    async with database.engine.connect() as connection:
        return list((await connection.execute(select(table))).all())


async def _lease(lanes: Lanes, lanes_max: int = 10, lease_s: float = LEASE_S) -> list[HeldLane]:
    return await lanes.lease_lanes(lanes_max=lanes_max, lease_s=lease_s)


async def _take(lanes: Lanes, held: HeldLane, firsts: int, retries: int = 0, **more: Any) -> Any:
    take = LaneTake(held.endpoint_id, held.fence, firsts, retries, **more)
    return await lanes.take_from_lanes([take], bytes_max=MANY_BYTES, lease_s=LEASE_S)


def _given_back(held: HeldLane, **members: Any) -> LaneRelease:
    release = LaneRelease(
        held.endpoint_id, held.fence, held.arrivals, 0, 0, held.confirmed, False, "waiting"
    )
    return release._replace(**members)


def _numbers(taken: Sequence[Delivery]) -> list[int]:
    return [int.from_bytes(due.message_id) for due in taken]


@pytest.fixture
def park(ledger: Ledger, pending_row: Rows) -> Rows:
    """Puts deliveries of these numbers into a lane."""

    async def put(*numbers: int, lane: int = 0, **members: Any) -> None:
        rows = [pending_row(message_id=_id(n), lane=lane, **members) for n in numbers]
        await ledger.record([Record((), rows)])

    return put


async def test_a_delivery_in_a_lane_is_taken_by_its_holder_and_not_by_time(
    ledger: Ledger, lanes: Lanes, pending_row: Rows
) -> None:
    row = pending_row(lane=1, trigger=1, retry_delays_s=(5.0, 300.0), weight=7, trace="00-1")
    await ledger.record([Record((), [row])])
    assert await ledger.lease_due(rows_max=9, bytes_max=MANY_BYTES, lease_s=LEASE_S) == []
    assert await ledger.next_due_in_s() is None
    (held,) = await _lease(lanes)
    assert (held.endpoint_id, held.application_id, held.tenant_id) == row[1:4]
    assert (held.weight, held.burst_us, held.confirmed) == (7, 0, bytes(16))
    assert not held.abandoned
    (due,) = await _take(lanes, held, 0, 5)
    assert (due.message_id, due.endpoint_id, due.application_id, due.tenant_id) == row[:4]
    assert (due.event_type, due.payload, due.endpoint_version, due.attempts_made) == row[4:8]
    assert (due.channels, due.trace, due.trigger, due.retry_delays_s, due.weight) == row[8:13]
    assert (due.lane, due.cancelled, due.fence) == (1, None, 1)


async def test_the_lanes_whose_turn_has_come_for_longest_are_leased_first(
    lanes: Lanes, park: Rows
) -> None:
    for n, ago_us in ((1, 1_000_000), (2, 3_000_000), (3, 2_000_000)):
        await park(n, endpoint_id=_id(n), due_in_us=-ago_us)
    await park(4, endpoint_id=_id(4), due_in_us=HOUR_US)
    first = await _lease(lanes, lanes_max=2)
    assert [int.from_bytes(held.endpoint_id) for held in first] == [2, 3]
    assert [int.from_bytes(held.endpoint_id) for held in await _lease(lanes)] == [1]
    assert await _lease(lanes) == []


async def test_workers_at_once_lease_every_lane_once(lanes: Lanes, park: Rows) -> None:
    for n in range(20):
        await park(n, endpoint_id=_id(n))
    leased = await asyncio.gather(*[_lease(lanes, lanes_max=8) for _ in range(4)])
    ids = [held.endpoint_id for each in leased for held in each]
    assert len(ids) == len(set(ids))
    ids += [held.endpoint_id for held in await _lease(lanes, lanes_max=20)]
    assert sorted(ids) == [_id(n) for n in range(20)]


async def test_due_first_attempts_come_ahead_of_due_retries_each_in_order_of_messages(
    lanes: Lanes, park: Rows
) -> None:
    await park(9, 3, 5, 7)
    await park(8, 2, 4, lane=1)
    await park(1, due_in_us=HOUR_US)
    await park(6, lane=1, due_in_us=HOUR_US)
    (held,) = await _lease(lanes)
    assert _numbers(await _take(lanes, held, 2, 2)) == [3, 5, 2, 4]
    assert _numbers(await _take(lanes, held, 0, 9)) == [8]
    assert _numbers(await _take(lanes, held, 9, 9)) == [7, 9]
    assert await _take(lanes, held, 9, 9) == []


async def test_an_ordered_lane_gives_nothing_beyond_the_first_that_is_not_due(
    lanes: Lanes, park: Rows
) -> None:
    await park(1, 2, 5)
    await park(3, lane=1)
    await park(4, due_in_us=HOUR_US)
    (held,) = await _lease(lanes)
    assert _numbers(await _take(lanes, held, 2, ordered=True)) == [1, 2]
    assert await _take(lanes, held, 9, ordered=True) == []  # the head is under way


async def test_an_ordered_lane_gives_firsts_and_retries_in_one_order_up_to_a_message(
    lanes: Lanes, park: Rows
) -> None:
    await park(1, 4)
    await park(2, 3, lane=1)
    (held,) = await _lease(lanes)
    assert _numbers(await _take(lanes, held, 9, ordered=True, upto=_id(0))) == []
    assert _numbers(await _take(lanes, held, 9, ordered=True, upto=_id(3))) == [1, 2, 3]


@pytest.mark.parametrize("ordered", [False, True])
async def test_a_lane_is_that_of_one_endpoint(lanes: Lanes, park: Rows, ordered: bool) -> None:
    before, after = b"d" * 16, b"f" * 16
    for number, endpoint_id in enumerate((before, ENDPOINT, after), start=1):
        due_in_us = 0 if endpoint_id == ENDPOINT else -HOUR_US
        await park(number, endpoint_id=endpoint_id, due_in_us=due_in_us)
        await park(10 + number, endpoint_id=endpoint_id, lane=1, due_in_us=due_in_us)
    held = {each.endpoint_id: each for each in await _lease(lanes)}
    assert _numbers(await _take(lanes, held[ENDPOINT], 9, 9, ordered=ordered)) == [2, 12]
    await lanes.release_lanes([_given_back(held[ENDPOINT], ordered=ordered)])
    # What was taken is held, and nothing else is left of it.
    assert [each.endpoint_id for each in await _lease(lanes)] == []
    await lanes.wake_lanes([ENDPOINT])
    assert [each.endpoint_id for each in await _lease(lanes)] == [ENDPOINT]
    assert _numbers(await _take(lanes, held[after], 9, 9, ordered=ordered)) == [3, 13]


async def test_a_take_is_bounded_in_bytes_over_all_lanes_but_gives_at_least_one(
    lanes: Lanes, park: Rows
) -> None:
    for endpoint in (OTHER, ENDPOINT):
        await park(1, 2, 3, endpoint_id=endpoint, payload=b"x" * 100)
    leased = {held.endpoint_id: held for held in await _lease(lanes)}
    takes = [LaneTake(each, leased[each].fence, 3, 0) for each in (OTHER, ENDPOINT)]
    taken = await lanes.take_from_lanes(takes, bytes_max=499, lease_s=LEASE_S)
    assert [(due.endpoint_id, int.from_bytes(due.message_id)) for due in taken] == [
        *[(OTHER, n) for n in (1, 2, 3)],
        (ENDPOINT, 1),
    ]
    taken = await lanes.take_from_lanes(takes, bytes_max=1, lease_s=LEASE_S)
    assert [(due.endpoint_id, int.from_bytes(due.message_id)) for due in taken] == [(ENDPOINT, 2)]


async def test_a_stale_holder_takes_nothing_and_gives_nothing_back(
    lanes: Lanes, park: Rows, database: Database
) -> None:
    await park(1)
    (stale,) = await _lease(lanes, lease_s=0)
    assert await _take(lanes, stale, 1) == []
    (holder,) = await _lease(lanes)
    assert holder.abandoned
    assert holder.fence > stale.fence
    assert await _take(lanes, stale, 1) == []
    await lanes.release_lanes([_given_back(stale, state="stale")])
    (row,) = await _all(database, lane)
    assert (row.state, row.held_until is None) == ("waiting", False)
    assert len(await _take(lanes, holder, 1)) == 1


async def test_a_lane_that_was_given_back_can_not_be_used_under_the_old_fence(
    lanes: Lanes, park: Rows, database: Database
) -> None:
    await park(1)
    (held,) = await _lease(lanes)
    await lanes.release_lanes([_given_back(held)])
    await lanes.release_lanes([_given_back(held, wait_us=HOUR_US)])
    assert await _take(lanes, held, 1) == []
    (again,) = await _lease(lanes)
    assert not again.abandoned
    await _take(lanes, again, 1)
    async with database.engine.begin() as connection:
        await connection.execute(delete(pending_delivery))
    await lanes.release_lanes([_given_back(again)])
    await park(2)
    (new,) = await _lease(lanes)
    assert new.fence > again.fence


async def test_a_lane_keeps_what_was_confirmed_its_state_and_its_booked_rate(
    lanes: Lanes, park: Rows, database: Database
) -> None:
    await park(1, due_in_us=-1)
    (held,) = await _lease(lanes)
    release = _given_back(held, confirmed=_id(9), burst_us=HOUR_US, state="open")
    await lanes.release_lanes([release])
    (again,) = await _lease(lanes)
    assert again.confirmed == _id(9)
    assert 0.9 * HOUR_US < again.burst_us <= HOUR_US
    assert (await _all(database, lane))[0].state == "open"


async def test_an_empty_lane_ends(
    ledger: Ledger, lanes: Lanes, park: Rows, database: Database
) -> None:
    await park(1)
    (held,) = await _lease(lanes)
    (due,) = await _take(lanes, held, 1)
    outcome = settled(due)
    assert len(await ledger.record([Record(leased=[outcome])])) == 1
    await lanes.release_lanes([_given_back(held)])
    assert await _all(database, lane) == []
    assert await lanes.next_lane_in_s() is None


async def test_an_empty_lane_stays_as_long_as_its_rate_is_booked_ahead(
    ledger: Ledger, lanes: Lanes, park: Rows, database: Database
) -> None:
    await park(1)
    (held,) = await _lease(lanes)
    (due,) = await _take(lanes, held, 1)
    outcome = settled(due)
    await ledger.record([Record(leased=[outcome])])
    await lanes.release_lanes([_given_back(held, burst_us=HOUR_US)])
    assert len(await _all(database, lane)) == 1
    next_s = await lanes.next_lane_in_s()
    assert next_s is not None
    assert 3_500 < next_s <= 3_600


async def test_the_next_turn_is_when_the_first_is_due_and_not_before_the_wait(
    lanes: Lanes, park: Rows
) -> None:
    await park(2, due_in_us=100_000_000)
    await park(1, due_in_us=500_000_000)
    await lanes.wake_lanes([ENDPOINT])
    for members, least_s, most_s in (
        ({}, 95, 100),
        ({"wait_us": 200_000_000}, 195, 200),
        ({"ordered": True}, 495, 500),
    ):
        (held,) = await _lease(lanes)
        await lanes.release_lanes([_given_back(held, **members)])
        next_s = await lanes.next_lane_in_s()
        assert next_s is not None
        assert least_s < next_s <= most_s
        await lanes.wake_lanes([ENDPOINT, OTHER])
    assert len(await _lease(lanes)) == 1


@pytest.mark.parametrize("first_lane", [0, 1])
async def test_the_turn_of_an_ordered_lane_is_that_of_its_first_message(
    lanes: Lanes, park: Rows, first_lane: int
) -> None:
    await park(1, lane=first_lane, due_in_us=HOUR_US)
    await park(2, lane=1 - first_lane)
    await park(3, lane=first_lane)
    (held,) = await _lease(lanes)
    await lanes.release_lanes([_given_back(held, ordered=True)])
    turn_s = await lanes.next_lane_in_s()
    assert turn_s is not None
    assert 3_500 < turn_s <= 3_600
    assert await _lease(lanes) == []


async def test_an_arrival_does_not_cut_the_wait_short_but_waking_does(
    lanes: Lanes, park: Rows
) -> None:
    await park(1)
    (held,) = await _lease(lanes)
    await park(2)
    await lanes.release_lanes([_given_back(held, wait_us=HOUR_US)])
    await park(3)
    assert await _lease(lanes) == []
    await lanes.wake_lanes([ENDPOINT])
    (held,) = await _lease(lanes)
    await lanes.wake_lanes([ENDPOINT])
    await lanes.release_lanes([_given_back(held, wait_us=HOUR_US)])
    assert len(await _lease(lanes)) == 1


async def test_what_arrives_while_a_lane_is_held_keeps_it_and_gives_it_its_turn(
    ledger: Ledger, lanes: Lanes, park: Rows, database: Database
) -> None:
    await park(1)
    (held,) = await _lease(lanes)
    (due,) = await _take(lanes, held, 1)
    await park(2, due_in_us=30_000_000)
    outcome = settled(due)
    await ledger.record([Record(leased=[outcome])])
    async with database.engine.begin() as connection:  # as if the row could not be seen yet
        await connection.execute(delete(pending_delivery))
    await lanes.release_lanes([_given_back(held)])
    next_s = await lanes.next_lane_in_s()
    assert next_s is not None
    assert 25 < next_s <= 30


async def test_a_held_lane_counts_with_the_end_of_its_lease(lanes: Lanes, park: Rows) -> None:
    await park(1)
    await _lease(lanes)
    await park(2)
    next_s = await lanes.next_lane_in_s()
    assert next_s is not None
    assert LEASE_S - 5 < next_s <= LEASE_S


async def test_lanes_that_are_missing_are_mended_once(
    lanes: Lanes, park: Rows, database: Database
) -> None:
    assert await lanes.mend_lanes() == 0
    for endpoint in (b"a" * 16, ENDPOINT, OTHER):
        await park(1, 2, 3, endpoint_id=endpoint, weight=4)
    await park(4, lane=None, endpoint_id=b"z" * 16)
    async with database.engine.begin() as connection:
        await connection.execute(delete(lane).where(lane.c.endpoint_id != ENDPOINT))
    assert await lanes.mend_lanes() == 2
    assert await lanes.mend_lanes() == 0
    leased = await _lease(lanes)
    assert sorted(held.endpoint_id for held in leased) == [b"a" * 16, ENDPOINT, OTHER]
    assert {held.weight for held in leased} == {4}


async def test_nothing_to_take_give_back_or_wake_is_nothing(lanes: Lanes) -> None:
    assert await lanes.take_from_lanes([], bytes_max=1, lease_s=LEASE_S) == []
    await lanes.release_lanes([])
    await lanes.wake_lanes([])
    assert await _lease(lanes) == []
