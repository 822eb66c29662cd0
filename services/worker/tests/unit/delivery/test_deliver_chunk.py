"""A chunk from its arrival to its settlement."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from angarium_contracts.ids import MESSAGE, format_id
from angarium_worker.domain.attempt_result import FailureReason, without_answer
from standardwebhooks import Webhook

# A rig is the pipeline over fakes: see conftest.py.


async def test_a_chunk_is_sent_recorded_and_then_settled(rig: Any) -> None:
    rig.sender.answers = 200
    endpoints = [rig.add_endpoint() for _ in range(3)]
    await rig.know(*endpoints)
    await rig.take(rig.chunk(endpoints))
    await rig.until_settled()
    assert [row.endpoint_id for row in rig.ledger.attempts] == endpoints
    assert {(row.number, row.status, row.response_status) for row in rig.ledger.attempts} == {
        (1, 0, 200)
    }
    assert (rig.ledger.pending, rig.slots.in_hand, rig.slots.usage().sending) == ({}, 0, 0)


async def test_nothing_is_settled_before_it_is_recorded(rig: Any) -> None:
    rig.sender.answers = 200
    rig.ledger.down = True
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    await rig.until_sent(1)
    await rig.changes.until(lambda: rig.recorder.failing)
    assert rig.settlement.settled_receipts == []
    rig.ledger.down = False
    await rig.until_settled()
    assert len(rig.ledger.attempts) == 1
    assert len(rig.sender.sent) == 1


async def test_a_request_is_signed_with_every_secret_as_standard_webhooks_wants(rig: Any) -> None:
    rig.sender.answers = 200
    second = "whsec_" + "b2xk" * 8
    endpoint = rig.add_endpoint(
        secrets=(b"whsec_" + b"bmV3" * 8, second.encode()), headers=b'{"x-team":"billing"}'
    )
    await rig.know(endpoint)
    requested = rig.chunk([endpoint])
    await rig.take(requested)
    await rig.until_settled()
    request = rig.sender.sent[0].request
    headers = dict(request.headers)
    assert headers["webhook-id"] == format_id(MESSAGE, requested.messages[0].id)
    assert headers["webhook-timestamp"] == "1700000000"
    assert headers["webhook-signature"].count("v1,") == 2
    assert headers["content-type"] == "application/json"
    assert headers["x-team"] == "billing"
    signed = Webhook(second).sign(
        headers["webhook-id"],
        datetime.fromtimestamp(1_700_000_000, UTC),
        request.body.decode(),
    )
    assert signed in headers["webhook-signature"].split(" ")


async def test_a_failed_delivery_becomes_pending_with_its_payload(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    await rig.until_sent(1)
    rig.sender.sent[0].answer(503, b"busy")
    await rig.until_settled()
    (row,) = rig.ledger.attempts
    assert (row.status, row.response_status, row.response) == (2, 503, b"busy")
    assert row.retry_in_us == 5_000_000
    (pending,) = rig.ledger.pending.values()
    assert (pending.attempts_made, pending.due_in_us, pending.is_held) == (1, 5_000_000, False)
    assert pending.payload == b'{"paid":true}'


async def test_a_missing_answer_is_recorded_with_its_reason(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    await rig.until_sent(1)
    rig.sender.sent[0].on_result(without_answer(FailureReason.DNS_FAILED, "no such host", 0.5))
    await rig.until_settled()
    (row,) = rig.ledger.attempts
    assert (row.response_status, row.duration_ms) == (0, 500)
    assert row.failure == "dns_failed: no such host"


async def test_what_never_left_this_process_is_parked_without_counting_an_attempt(
    rig: Any,
) -> None:
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    await rig.until_sent(1)
    rig.sender.sent[0].on_result(without_answer(FailureReason.NO_FREE_CONNECTION, "", 15.0))
    await rig.until_settled()
    assert rig.ledger.attempts == []
    (pending,) = rig.ledger.pending.values()
    assert (pending.attempts_made, pending.due_in_us) == (0, 5_000_000)


async def test_endpoints_that_are_not_at_hand_are_asked_for_in_one_question(rig: Any) -> None:
    rig.sender.answers = 200
    endpoints = [rig.add_endpoint(known=False) for _ in range(5)]
    await rig.take(rig.chunk(endpoints))
    await rig.until_settled()
    assert [set(asked) for asked in rig.endpoints.asked] == [set(endpoints)]
    assert len(rig.ledger.attempts) == 5
    assert set(rig.endpoints.copied) == set(endpoints)


async def test_a_copy_older_than_the_request_is_not_used(rig: Any) -> None:
    rig.sender.answers = 200
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    rig.endpoints.owned[endpoint] = rig.moved(endpoint, "https://example.com/new", version=2)
    await rig.take(rig.chunk([endpoint], version=2))
    await rig.until_settled()
    assert rig.sender.sent[0].request.url == "https://example.com/new"


async def test_without_an_answer_the_delivery_is_parked(rig: Any) -> None:
    rig.endpoints.away = True
    endpoint = rig.add_endpoint(known=False)
    await rig.take(rig.chunk([endpoint]))
    await rig.until_settled()
    (pending,) = rig.ledger.pending.values()
    assert (pending.attempts_made, pending.lane, pending.is_held) == (0, 0, False)
    assert (rig.ledger.attempts, rig.slots.usage().sending) == ([], 0)


@pytest.mark.parametrize("members", [{"disabled": True}, {"deleted": True}])
async def test_for_an_inactive_endpoint_nothing_is_sent(rig: Any, members: Any) -> None:
    endpoint = rig.add_endpoint(**members)
    await rig.take(rig.chunk([endpoint]))
    await rig.until_settled()
    assert (rig.sender.sent, rig.ledger.attempts, rig.ledger.pending) == ([], [], {})
    assert rig.counters.cancelled == 1


async def test_a_secret_that_cannot_be_opened_parks_the_delivery(rig: Any) -> None:
    endpoint = rig.add_endpoint(secrets=(b"not a secret",))
    await rig.take(rig.chunk([endpoint]))
    await rig.until_settled()
    (pending,) = rig.ledger.pending.values()
    assert (pending.attempts_made, pending.lane) == (0, 0)


async def test_a_hanging_endpoint_delays_neither_settlement_nor_the_others_records(
    start_rig: Any,
) -> None:
    rig = start_rig(linger_s=0.01)
    quick, hanging = rig.add_endpoint(), rig.add_endpoint()
    await rig.know(quick, hanging)
    await rig.take(rig.chunk([quick, hanging]))
    await rig.until_sent(2)
    rig.sender.sent[0].answer()
    await rig.until_settled()
    assert [row.endpoint_id for row in rig.ledger.attempts] == [quick]
    (held,) = rig.ledger.pending.values()
    assert (held.endpoint_id, held.fence, held.attempts_made) == (hanging, 1, 0)
    assert held.due_in_us == 40_000_000
    rig.sender.sent[1].answer(200)
    await rig.until_idle()
    assert [row.endpoint_id for row in rig.ledger.attempts] == [quick, hanging]
    assert rig.ledger.pending == {}


async def test_an_attempt_that_ends_before_its_hand_over_is_on_record_is_settled_after_it(
    start_rig: Any,
) -> None:
    rig = start_rig(linger_s=0.01)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    rig.ledger.down = True
    await rig.take(rig.chunk([endpoint]))
    await rig.changes.until(lambda: rig.recorder.failing)
    rig.sender.sent[0].answer(500)
    rig.ledger.down = False
    await rig.until_settled()
    await rig.until_idle()
    (pending,) = rig.ledger.pending.values()
    assert (pending.attempts_made, pending.fence) == (1, 2)
    assert [row.response_status for row in rig.ledger.attempts] == [500]


async def test_a_stale_holder_writes_nothing(start_rig: Any) -> None:
    rig = start_rig(linger_s=0.01)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    await rig.until_settled()
    ((key, row),) = rig.ledger.pending.items()
    rig.ledger.pending[key] = row._replace(fence=7)
    rig.sender.sent[0].answer(200)
    await rig.until_idle()
    assert rig.ledger.attempts == []
    assert rig.counters.stale == 1


async def test_a_redelivered_chunk_sends_only_the_rest_and_is_settled(rig: Any) -> None:
    rig.sender.answers = [200, 500, 200]
    done, pending, rest = (rig.add_endpoint() for _ in range(3))
    await rig.know(done, pending, rest)
    requested = rig.chunk([done, pending])
    await rig.take(requested)
    await rig.until_settled()
    again = rig.again(requested, [done, pending, rest])
    await rig.take(again, "again")
    await rig.until_settled(2)
    assert [row.endpoint_id for row in rig.ledger.attempts] == [done, pending, rest]
    assert rig.ledger.looked_up == 2  # before it is sent, and before it is recorded
    assert (rig.slots.usage().sending, rig.slots.in_hand) == (0, 0)


async def test_an_entry_that_was_taken_over_is_looked_up_too(rig: Any) -> None:
    rig.sender.answers = 200
    endpoint = rig.add_endpoint()
    requested = rig.chunk([endpoint])
    await rig.take(requested)
    await rig.until_settled()
    await rig.take(requested, redelivered=True)
    await rig.until_settled(2)
    assert len(rig.sender.sent) == 1


async def test_a_copy_of_a_chunk_in_flight_waits_for_it_and_sends_nothing(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    requested = rig.chunk([endpoint])
    await rig.take(requested, "first")
    await rig.until_sent(1)
    await rig.take(requested, "copy")
    await asyncio.sleep(0)
    assert rig.settlement.settled_receipts == []
    rig.sender.sent[0].answer()
    await rig.until_settled(2)
    assert rig.settlement.settled_receipts == ["first", "copy"]
    assert len(rig.sender.sent) == 1


async def test_only_what_a_lane_or_other_chunks_wait_for_is_settled_without_gathering(
    start_rig: Any,
) -> None:
    rig = start_rig(sending_max=1)
    plain, ordered = rig.add_endpoint(), rig.add_endpoint(fifo=True)
    await rig.know(plain, ordered)
    for receipt, endpoint in (("plain", plain), ("ordered", ordered)):
        await rig.take(rig.chunk([endpoint]), receipt)
    rig.sender.sent[0].answer()
    await rig.until_settled(2)
    assert rig.settlement.awaited_receipts == ["ordered"]
    others = rig.slots.reserve(rig.slots.in_hand_max // 2, 0)
    await rig.take(rig.chunk([plain]), "crowded")
    rig.sender.sent[1].answer()
    await rig.until_settled(3)
    rig.slots.release(others)
    assert rig.settlement.awaited_receipts == ["ordered", "crowded"]


async def test_while_the_slots_are_taken_what_comes_next_waits_for_one(start_rig: Any) -> None:
    rig = start_rig(sending_max=2)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    for _ in range(3):
        await rig.take(rig.chunk([endpoint]))
    assert (len(rig.sender.sent), rig.slots.usage().waiting) == (2, 1)
    rig.sender.sent[0].answer()
    assert (len(rig.sender.sent), rig.slots.usage().waiting) == (3, 0)


async def test_what_still_waits_when_its_chunk_closes_goes_into_its_lane(start_rig: Any) -> None:
    rig = start_rig(sending_max=2, linger_s=0.01)
    endpoints = [rig.add_endpoint() for _ in range(3)]
    await rig.know(*endpoints)
    await rig.take(rig.chunk(endpoints))
    await rig.until_settled(1)
    assert sorted(str(row.lane) for row in rig.ledger.pending.values()) == ["0", "None", "None"]
    assert (rig.slots.usage().waiting, rig.slots.usage().sending, rig.slots.usage().slow) == (
        0,
        0,
        2,
    )
    for sent in rig.sender.sent:
        sent.answer()
    await rig.until_idle()
    assert [row.lane for row in rig.ledger.pending.values()] == [0]


async def test_an_application_over_its_share_is_parked_while_many_wait(start_rig: Any) -> None:
    rig = start_rig(sending_max=2)
    endpoints = [rig.add_endpoint() for _ in range(4)]
    await rig.know(*endpoints)
    await rig.take(rig.chunk(endpoints))
    assert (len(rig.sender.sent), rig.slots.usage().waiting) == (2, 1)
    for answered in range(3):
        rig.sender.sent[answered].answer()
    await rig.until_settled(1)
    (row,) = rig.ledger.pending.values()
    assert (row.endpoint_id, row.lane, row.attempts_made) == (endpoints[3], 0, 0)


async def test_while_something_waits_for_a_slot_no_more_is_taken_in_hand(start_rig: Any) -> None:
    rig = start_rig(sending_max=2)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    for _ in range(3):
        await rig.take(rig.chunk([endpoint]))
    fourth = asyncio.ensure_future(rig.take(rig.chunk([endpoint])))
    await asyncio.sleep(0)
    assert not fourth.done()
    rig.sender.sent[0].answer()
    rig.sender.sent[1].answer()
    assert await fourth


async def test_a_chunk_is_held_from_when_it_is_begun_not_while_it_waits_for_room(
    start_rig: Any,
) -> None:
    rig = start_rig(sending_max=1)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await rig.take(rig.chunk([endpoint]))
    await rig.take(rig.chunk([endpoint]))
    third = asyncio.ensure_future(rig.take(rig.chunk([endpoint]), "third"))
    await asyncio.sleep(0.001)
    came_s = asyncio.get_running_loop().time()
    for place in range(3):
        await rig.until_sent(place + 1)
        rig.sender.sent[place].answer()
    assert await third
    await rig.until_settled(3)
    begun_s = {chunk.receipt: chunk.begun_s for chunk in rig.settlement.settled_chunks}
    assert begun_s["third"] >= came_s


async def test_when_told_to_stop_a_waiting_chunk_is_not_begun(start_rig: Any) -> None:
    rig = start_rig(sending_max=1)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    assert await rig.take(rig.chunk([endpoint]))
    assert await rig.take(rig.chunk([endpoint]))
    waiting = asyncio.ensure_future(rig.take(rig.chunk([endpoint])))
    await asyncio.sleep(0)
    rig.deliver.stop()
    assert not await waiting
    assert not await rig.take(rig.chunk([endpoint]))


async def test_rows_that_the_database_refuses_cost_their_chunk_alone(rig: Any) -> None:
    rig.sender.answers = 200
    good, bad = rig.add_endpoint(), rig.add_endpoint(url="https://example.com/bad")
    rig.ledger.refuses = {"https://example.com/bad"}
    await rig.know(good, bad)
    await rig.take(rig.chunk([bad]), "bad")
    await rig.take(rig.chunk([good]), "good")
    await rig.until_settled()
    await rig.changes.until(lambda: bool(rig.settlement.refused_receipts))
    assert rig.settlement.settled_receipts == ["good"]
    assert rig.settlement.refused_receipts == ["bad"]
    assert rig.slots.in_hand == 0


async def test_a_receiver_ends_a_delivery_only_where_its_endpoint_lets_it(start_rig: Any) -> None:
    rig = start_rig()
    free, bound = rig.add_endpoint(), rig.add_endpoint(receiver_control=False)
    await rig.know(free, bound)
    for count, request in enumerate(("abort-message", "disable"), 1):
        await rig.take(rig.chunk([free, bound]))
        await rig.until_sent(2 * count)
        for sent in rig.sender.sent[-2:]:
            sent.answer(500, request=request)
        await rig.until_settled(count)
    failures = {(row.endpoint_id, row.failure) for row in rig.ledger.attempts}
    assert failures == {
        (free, "aborted_by_receiver"),
        (free, "disabled_by_receiver"),
        (bound, None),
    }
    assert {key[1] for key in rig.ledger.pending} == {bound}
