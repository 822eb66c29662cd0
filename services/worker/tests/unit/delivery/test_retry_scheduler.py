"""Retries, and stopping, over fakes."""

from typing import Any

import pytest
from angarium_worker.application.delivery import retry_scheduler
from angarium_worker.domain.delivery import Delivery

PENDING = Delivery(
    message_id=b"m" * 16,
    endpoint_id=b"",
    application_id=b"a" * 16,
    tenant_id=b"t" * 16,
    event_type="invoice.paid",
    payload=b'{"paid":true}',
    endpoint_version=1,
    attempts_made=1,
    channels=(),
    trace=None,
    trigger=0,
    retry_delays_s=None,
    weight=1,
    lane=None,
    fence=None,
    due_in_us=0,
)


def _is_due(rig: Any, endpoint_id: bytes, **members: Any) -> tuple[bytes, bytes]:
    row = PENDING._replace(endpoint_id=endpoint_id, **members)
    rig.ledger.pending[row.key] = row
    rig.ledger.due_at[row.key] = 0
    return row.key


async def test_a_due_delivery_is_sent_to_the_current_url_and_ends(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    endpoint = rig.add_endpoint(url="https://example.com/now")
    _is_due(rig, endpoint)
    await rig.until_sent(1)
    assert rig.sender.sent[0].request.url == "https://example.com/now"
    rig.sender.sent[0].answer(204)
    await rig.until_idle()
    (row,) = rig.ledger.attempts
    assert (row.number, row.response_status, row.endpoint_id) == (2, 204, endpoint)
    assert (rig.ledger.pending, rig.counters.retries) == ({}, 1)
    assert (rig.slots.usage().sending, rig.slots.usage().retries) == (0, 0)


async def test_a_failed_retry_moves_on_by_the_schedule(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    key = _is_due(rig, rig.add_endpoint())
    await rig.until_sent(1)
    rig.sender.sent[0].answer(500)
    await rig.until_idle()
    assert rig.ledger.pending[key].attempts_made == 2
    assert rig.ledger.due_at[key] == 300_000_000


async def test_after_the_last_attempt_the_delivery_is_exhausted(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    _is_due(rig, rig.add_endpoint(), attempts_made=2)
    await rig.until_sent(1)
    rig.sender.sent[0].answer(500)
    await rig.until_idle()
    (row,) = rig.ledger.attempts
    assert (row.number, row.retry_in_us) == (3, None)
    assert (rig.ledger.pending, rig.counters.exhausted) == ({}, 1)


@pytest.mark.parametrize("members", [{"disabled": True}, {"deleted": True}])
async def test_for_an_inactive_endpoint_the_delivery_is_cancelled(
    start_rig: Any, members: Any
) -> None:
    rig = start_rig(retrying=True)
    _is_due(rig, rig.add_endpoint(**members))
    await rig.changes.until(lambda: not rig.ledger.pending)
    await rig.until_idle()
    assert (rig.sender.sent, rig.ledger.attempts, rig.counters.cancelled) == ([], [], 1)


async def test_an_endpoint_that_never_existed_cancels_the_delivery(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    _is_due(rig, rig.new_id())
    await rig.changes.until(lambda: not rig.ledger.pending)
    assert rig.counters.cancelled == 1


async def test_without_the_configuration_no_attempt_is_counted(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    rig.endpoints.away = True
    key = _is_due(rig, rig.add_endpoint(known=False))
    await rig.changes.until(lambda: rig.ledger.due_at[key] == 5_000_000)
    await rig.until_idle()
    assert rig.ledger.pending[key].attempts_made == 1
    assert (rig.ledger.attempts, rig.slots.usage().retries) == ([], 0)


async def test_retries_leave_half_of_the_slots_to_first_attempts(start_rig: Any) -> None:
    rig = start_rig(retrying=True, sending_max=6)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    for number in range(10):
        _is_due(rig, endpoint, message_id=number.to_bytes(16))
    await rig.until_sent(3)
    assert (rig.slots.usage().retries, rig.slots.free_for_retries()) == (3, 0)
    assert await rig.take(rig.chunk([endpoint, endpoint, endpoint]))
    assert len(rig.sender.sent) == 6
    for attempt in list(rig.sender.sent):
        attempt.answer()
    await rig.until_sent(9)


async def test_a_database_outage_delays_a_retrys_record_and_sends_nothing_twice(
    start_rig: Any,
) -> None:
    rig = start_rig(retrying=True)
    _is_due(rig, rig.add_endpoint())
    await rig.until_sent(1)
    rig.ledger.down = True
    rig.sender.sent[0].answer()
    await rig.changes.until(lambda: rig.recorder.failing)
    rig.ledger.down = False
    await rig.until_idle()
    assert (len(rig.sender.sent), len(rig.ledger.attempts)) == (1, 1)


async def test_stopping_waits_for_the_attempts_under_way(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    rig.sender.answers = 200
    _is_due(rig, rig.add_endpoint())
    await rig.until_sent(1)
    await rig.worker.drain(grace_s=5)
    assert (len(rig.ledger.attempts), rig.ledger.released) == (1, [])


async def test_after_the_grace_attempts_are_cut_off_and_their_leases_released(
    start_rig: Any,
) -> None:
    rig = start_rig(retrying=True)
    key = _is_due(rig, rig.add_endpoint())
    await rig.until_sent(1)
    await rig.worker.drain(grace_s=0.01)
    assert rig.sender.sent[0].cancelled
    assert [(due.message_id, due.endpoint_id) for due in rig.ledger.released] == [key]


async def test_what_was_leased_but_not_touched_is_released_at_once(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    rig.endpoints.answering.clear()
    key = _is_due(rig, rig.add_endpoint(known=False))
    await rig.changes.until(lambda: bool(rig.endpoints.asked))
    await rig.worker.drain(grace_s=5)
    assert [(due.message_id, due.endpoint_id) for due in rig.ledger.released] == [key]
    rig.endpoints.answering.set()
    assert (rig.slots.in_hand, rig.slots.usage().sending, rig.slots.usage().retries) == (0, 0, 0)


async def test_leases_of_which_the_database_took_too_long_are_released_unused(
    start_rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry_scheduler, "HELD_UP_S", -1.0)  # every lease takes longer
    rig = start_rig(retrying=True)
    key = _is_due(rig, rig.add_endpoint())
    await rig.changes.until(lambda: bool(rig.ledger.released))
    assert [row.key for row in rig.ledger.released] == [key]
    assert (rig.sender.sent, rig.slots.in_hand) == ([], 0)
    monkeypatch.undo()
    rig.ledger.due_at[key] = 0
    rig.retry_wake.notify(0)
    await rig.until_sent(1)
    assert len(rig.ledger.released) == 1
    rig.sender.sent[0].answer(200)
    await rig.until_idle()


def _message(number: int, *, age_s: int) -> bytes:
    made_ms = (1_700_000_000 - age_s) * 1_000
    return made_ms.to_bytes(6) + number.to_bytes(10)


async def test_what_exceeds_the_budget_of_several_workers_comes_back_at_twice_its_age(
    start_rig: Any,
) -> None:
    rig = start_rig(retrying=True)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    rig.guards.share_with(20)
    rig.guards.failing_elsewhere(frozenset({endpoint}))
    keys = [_is_due(rig, endpoint, message_id=_message(n, age_s=40)) for n in range(3)]
    await rig.until_sent(1)
    assert rig.counters.parked == 2
    rig.sender.sent[0].answer(204)
    await rig.until_idle()
    left = [rig.ledger.pending[key] for key in keys if key in rig.ledger.pending]
    assert [(row.attempts_made, row.lane) for row in left] == [(1, None)] * 2
    assert all(30 <= rig.ledger.due_at[row.key] / 1e6 <= 50 for row in left)
    assert len(rig.sender.sent) == 1


async def test_what_an_operator_resends_is_not_postponed(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    rig.guards.share_with(20)
    rig.guards.failing_elsewhere(frozenset({endpoint}))
    keys = [_is_due(rig, endpoint, message_id=_message(n, age_s=40), trigger=1) for n in range(2)]
    await rig.until_sent(1)
    await rig.changes.until(lambda: any(rig.ledger.pending[key].lane is not None for key in keys))
    rig.sender.sent[0].answer(204)
    await rig.until_idle()


@pytest.mark.parametrize(("workers", "age_s", "sent"), [(20, 2, 1), (20, 8, 3), (1, 2, 3)])
async def test_a_retry_that_comes_before_the_record_is_read_is_one_of_an_endpoint_in_trouble(
    start_rig: Any, workers: int, age_s: int, sent: int
) -> None:
    rig = start_rig(retrying=True)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    rig.guards.share_with(workers)
    for number in range(3):
        _is_due(rig, endpoint, message_id=_message(number, age_s=age_s))
    await rig.until_sent(sent)
    assert rig.counters.parked == 3 - sent
    for attempt in list(rig.sender.sent):
        attempt.answer(204)
    await rig.until_idle()


async def test_a_retry_that_succeeds_costs_nothing_of_the_budget(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    rig.guards.share_with(20)
    for number in range(4):
        _is_due(rig, rig.add_endpoint(), message_id=_message(number, age_s=2))
        await rig.until_sent(number + 1)
        rig.sender.sent[number].answer(204)
        await rig.until_idle()
    assert rig.counters.parked == 0
