"""Lanes and their turns, over fakes."""

from typing import Any

import pytest
from angarium_worker.domain.circuit_breaker import FAILURES_TO_OPEN
from angarium_worker.domain.delivery import Delivery, Lane
from angarium_worker.domain.endpoint_guard import Result

EMPTY = Delivery(
    message_id=b"",
    endpoint_id=b"",
    application_id=b"a" * 16,
    tenant_id=b"t" * 16,
    event_type="invoice.paid",
    payload=b'{"paid":true}',
    endpoint_version=1,
    attempts_made=0,
    channels=(),
    trace=None,
    trigger=0,
    retry_delays_s=None,
    weight=1,
    lane=Lane.FIRST,
    fence=None,
    due_in_us=0,
)


def _park(rig: Any, endpoint_id: bytes, count: int = 1, **members: Any) -> list[bytes]:
    ids = [rig.new_id() for _ in range(count)]
    for message_id in ids:
        row = EMPTY._replace(message_id=message_id, endpoint_id=endpoint_id, **members)
        rig.ledger.pending[row.key] = row
        rig.ledger.due_at[row.key] = 0
    rig.lane_wake.notify(0)
    return ids


def _ids_sent(rig: Any) -> list[str]:
    return [dict(sent.request.headers)["webhook-id"] for sent in rig.sender.sent]


async def test_every_delivery_of_a_strict_endpoint_passes_through_its_lane(rig: Any) -> None:
    endpoint = rig.add_endpoint(throttle_rate=10)
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    await rig.until_settled()
    (row,) = rig.ledger.pending.values()
    assert (row.lane, row.due_in_us, rig.sender.sent) == (Lane.FIRST, 0, [])


async def test_what_stands_in_a_lane_is_sent_and_ends(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint()
    _park(rig, endpoint, 3)
    rig.sender.answers = 200
    await rig.changes.until(lambda: not rig.ledger.pending)
    assert len(rig.ledger.attempts) == 3
    assert {row.number for row in rig.ledger.attempts} == {1}
    await rig.until_idle()
    assert (rig.slots.usage().sending, rig.slots.usage().retries) == (0, 0)
    assert rig.order.asked == []


async def test_an_ordered_endpoint_gets_one_at_a_time_in_the_order_of_messages(
    start_rig: Any,
) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(fifo=True)
    ids = _park(rig, endpoint, 3)
    for count in (1, 2, 3):
        await rig.until_sent(count)
        assert len(rig.sender.sent) == count
        rig.sender.sent[-1].answer()
    await rig.changes.until(lambda: not rig.ledger.pending)
    assert [row.message_id for row in rig.ledger.attempts] == ids


async def test_a_failing_head_blocks_and_the_others_are_put_back(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(fifo=True)
    head, *rest = _park(rig, endpoint, 3)
    await rig.until_sent(1)
    rig.sender.sent[0].answer(500)
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    assert len(rig.sender.sent) == 1
    assert [due.message_id for due in rig.ledger.released] == rest
    assert rig.ledger.due_at[head, endpoint] == 5_000_000
    assert rig.ledger.pending[head, endpoint].lane == Lane.FIRST
    assert (rig.lanes.releases[0].ordered, rig.slots.in_hand) == (True, 0)


async def test_nothing_is_sent_before_messages_that_may_still_come(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(fifo=True)
    missing = rig.new_id()
    ids = _park(rig, endpoint, 2)
    rig.order.first_open = missing
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    assert rig.sender.sent == []
    assert sorted(key[0] for key in rig.ledger.pending) == ids
    assert rig.order.asked[0] == bytes(16)


async def test_the_first_open_message_itself_may_be_sent_and_nothing_after_it(
    start_rig: Any,
) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(fifo=True)
    rig.sender.answers = 200
    first, second = _park(rig, endpoint, 2)
    rig.order.first_open = first
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    assert [row.message_id for row in rig.ledger.attempts] == [first]
    assert rig.lanes.confirmed[endpoint] < first
    assert [key[0] for key in rig.ledger.pending] == [second]


@pytest.mark.parametrize("keeps", [False, True])
async def test_the_order_of_kept_messages_is_asked_for_where_messages_are_kept(
    start_rig: Any, keeps: bool
) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(fifo=True, keep_while_disabled=keeps)
    rig.sender.answers = 200
    _park(rig, endpoint)
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    assert rig.order.kept_for == {endpoint if keeps else None}


async def test_without_an_answer_about_the_order_nothing_is_sent(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(fifo=True)
    _park(rig, endpoint)
    rig.order.away = True
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    assert rig.sender.sent == []
    assert len(rig.ledger.pending) == 1


async def test_what_was_confirmed_before_is_sent_also_without_an_answer(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(fifo=True)
    rig.sender.answers = 200
    rig.order.away = True
    first, second = _park(rig, endpoint, 2)
    rig.lanes.confirmed[endpoint] = first
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    assert [row.message_id for row in rig.ledger.attempts] == [first]
    assert [key[0] for key in rig.ledger.pending] == [second]


async def test_no_more_is_in_flight_than_an_endpoint_takes(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(concurrency_max=2)
    _park(rig, endpoint, 5)
    await rig.until_sent(2)
    for answered in range(5):
        assert len(rig.sender.sent) - answered <= 2
        await rig.until_sent(answered + 1)
        rig.sender.sent[answered].answer()
    await rig.changes.until(lambda: not rig.ledger.pending)


async def test_no_more_is_sent_than_the_rate_allows_and_the_lane_keeps_account(
    start_rig: Any,
) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(throttle_rate=1)
    rig.sender.answers = 200
    _park(rig, endpoint, 3)
    rig.lanes.burst_at[endpoint] = 500_000
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    assert len(rig.sender.sent) <= 2
    assert 0 < rig.lanes.releases[0].burst_us <= 1_000_000


async def test_after_a_holder_that_vanished_the_rate_counts_as_used_up(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(throttle_rate=100)
    rig.lanes.abandoned.add(endpoint)
    rig.sender.answers = 200
    began_s = rig.guards.clock_s()
    _park(rig, endpoint, 1)
    await rig.until_sent(1)
    assert rig.guards.clock_s() - began_s >= 0.01


async def test_the_lane_of_a_disabled_endpoint_is_closed(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(disabled=True)
    _park(rig, endpoint)
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    await rig.changes.until(lambda: bool(rig.manual_ledger.closed))
    assert rig.manual_ledger.closed == [(endpoint, "the endpoint is disabled")]
    assert rig.sender.sent == []


async def test_what_cannot_be_signed_stays_in_its_lane_for_a_minute(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(secrets=(b"not a secret",))
    _park(rig, endpoint)
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    assert (rig.lanes.releases[0].wait_us, rig.sender.sent) == (60_000_000, [])


async def test_a_delivery_that_was_cancelled_by_hand_ends_with_the_reason(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    (message,) = _park(rig, endpoint, lane=None)
    rig.ledger.cancel_marks[message, endpoint] = "cancelled manually"
    await rig.changes.until(lambda: not rig.ledger.pending)
    assert [row.cancelled for row in rig.ledger.cancelled] == ["cancelled manually"]
    assert rig.sender.sent == []


async def test_a_worker_that_stops_puts_back_what_it_has_not_sent(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint(fifo=True)
    _, second = _park(rig, endpoint, 2)
    await rig.until_sent(1)
    await rig.stop_turning()
    stopping = rig.tasks.create_task(rig.worker.drain(grace_s=5))
    await rig.changes.until(lambda: bool(rig.ledger.released))
    assert [due.message_id for due in rig.ledger.released] == [second]
    rig.sender.sent[0].answer()
    await stopping
    assert (len(rig.lanes.releases), rig.lane_scheduler.held) == (1, 0)
    assert len(rig.ledger.attempts) == 1


async def test_a_hanging_endpoint_is_sent_no_more_than_its_window_and_the_rest_is_parked(
    start_rig: Any,
) -> None:
    rig = start_rig(sending_max=1_000, linger_s=0.02)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    for _ in range(40):
        await rig.take(rig.chunk([endpoint]))
    await rig.until_settled(40)
    assert len(rig.sender.sent) == 16
    in_lane = [row for row in rig.ledger.pending.values() if row.lane is not None]
    assert len(in_lane) == 24
    assert (rig.slots.usage().sending, rig.slots.usage().slow, rig.slots.usage().waiting) == (
        0,
        16,
        0,
    )
    await rig.take(rig.chunk([endpoint]))  # a backlog is known: nothing waits in memory
    assert rig.slots.usage().waiting == 0


async def test_what_tenants_are_told_is_on_record_with_the_attempt(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    kinds = {}
    for made, status in ((3, 500), (2, 500), (4, 200), (1, 200)):
        rig.sender.answers = [status]
        (message,) = _park(rig, endpoint, lane=None, attempts_made=made, retry_delays_s=(5.0,) * 5)
        rig.retry_wake.notify(0)
        await rig.changes.until(
            lambda m=message: any(a.message_id == m for a in rig.ledger.attempts)
        )
        kinds[made, status] = [e.type for e in rig.ledger.events if e.message_id == message]
    assert kinds == {
        (3, 500): ["message.attempt.failing"],
        (2, 500): [],
        (4, 200): ["message.attempt.recovered"],
        (1, 200): [],
    }


def _open_breaker(rig: Any, endpoint_id: bytes) -> None:
    """It failed for long, and the time for a probe has come."""
    guard, now_s = rig.guards.of(endpoint_id).guard, rig.guards.clock_s()
    for _ in range(FAILURES_TO_OPEN):
        ticket = guard.begin(now_s - 60, retry=False, from_lane=False)
        guard.ended(ticket, Result.FAILED, now_s - 90, now_s - 60, 0.5)
    assert guard.state == "open"


async def test_the_lane_of_an_endpoint_whose_probe_hangs_rests_until_the_probe_has_ended(
    start_rig: Any,
) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint()
    _open_breaker(rig, endpoint)
    _park(rig, endpoint, 2)
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    (release,) = rig.lanes.releases
    assert (release.wait_us, release.state) == (15_000_000, "probing")
    assert (len(rig.sender.sent), rig.lane_scheduler.held, rig.lanes.woken) == (1, 0, [])
    rig.sender.sent[0].answer()
    await rig.until_sent(2)
    assert rig.lanes.woken == [endpoint]


async def test_after_a_probe_that_failed_its_lane_waits_for_the_next(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint()
    _open_breaker(rig, endpoint)
    _park(rig, endpoint, 2)
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    rig.sender.sent[0].answer(500)
    await rig.changes.until(lambda: len(rig.lanes.releases) == 2)
    after = rig.lanes.releases[1]
    assert (after.state, len(rig.sender.sent)) == ("open", 1)
    assert 1_500_000 < after.wait_us <= 2_000_000


async def test_a_probe_that_fails_at_once_ends_the_turn_that_made_it(start_rig: Any) -> None:
    rig = start_rig(turning=True)
    endpoint = rig.add_endpoint()
    _open_breaker(rig, endpoint)
    rig.sender.answers = 500
    _park(rig, endpoint, 2)
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    assert [release.state for release in rig.lanes.releases] == ["open"]
    assert (len(rig.sender.sent), rig.lanes.woken) == (1, [])
