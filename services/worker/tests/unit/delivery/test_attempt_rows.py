"""The row of an attempt, and how the attempt is counted, to the number."""

from typing import Any

import pytest
from angarium_contracts.attempts import AttemptTrigger
from angarium_contracts.ids import lowest_id_at
from angarium_worker.domain.attempt_result import (
    AbortRequested,
    Accepted,
    FailureReason,
    NotAttempted,
    Rejected,
    without_answer,
)
from angarium_worker.domain.exchange import Exchange
from msgspec.structs import replace

from .delivery_scenarios import EMPTY

NOW_S = 1_700_000_000
EXCHANGE = Exchange(b"POST / HTTP/1.1\r\n\r\n", response=b"HTTP/1.1 200 OK\r\n\r\n")


async def first_attempt(rig: Any, result: Any, *, age_ms: int = 1_500, **endpoint: Any) -> Any:
    """The message of a first attempt, which ends when the message is so old."""
    endpoint_id = rig.add_endpoint(**endpoint)
    await rig.know(endpoint_id)
    requested = rig.chunk([endpoint_id], channels=("a", "b"))
    message = replace(requested.messages[0], id=lowest_id_at(NOW_S * 1_000 - age_ms))
    await rig.take(replace(requested, messages=(message,)))
    await rig.until_sent(1)
    rig.sender.sent[0].on_result(result)
    await rig.until_settled()
    return message


async def later_attempt(rig: Any, result: Any, **members: Any) -> None:
    row = EMPTY._replace(
        message_id=lowest_id_at(NOW_S * 1_000 - 60_000), endpoint_id=rig.add_endpoint(), **members
    )
    rig.ledger.pending[row.key] = row
    rig.ledger.due_at[row.key] = 0
    await rig.until_sent(1)
    rig.sender.sent[0].on_result(result)
    await rig.until_idle()


async def test_an_attempt_goes_on_record_with_its_phases(rig: Any) -> None:
    result = Accepted(
        201,
        b"ok",
        duration_s=0.5,
        first_byte_s=0.25,
        dns_s=0.001,
        connect_s=0.002,
        tls_s=0.004,
        exchange=EXCHANGE,
    )
    message = await first_attempt(rig, result)

    (row,) = rig.ledger.attempts
    assert (row.message_id, row.application_id, row.tenant_id) == (
        message.id,
        message.application_id,
        message.tenant_id,
    )
    assert (row.event_type, row.channels) == ("invoice.paid", ("a", "b"))
    assert (row.number, row.status, row.trigger) == (1, 0, int(AttemptTrigger.SCHEDULED))
    assert (row.response_status, row.response, row.failure) == (201, b"ok", None)
    assert (row.duration_ms, row.ended_at_us, row.retry_in_us) == (500, NOW_S * 1_000_000, None)
    assert row.timings == (1_000, 2_000, 4_000, 250_000, 500_000)
    assert row.exchange == EXCHANGE
    assert row.id not in (row.message_id, row.endpoint_id)


async def test_a_first_attempts_latency_runs_from_the_acceptance_of_its_message(rig: Any) -> None:
    await first_attempt(rig, Accepted(200, duration_s=0.25))

    counters = rig.counters
    assert (sum(counters.first_latencies_s.counts), sum(counters.retry_latencies_s.counts)) == (
        1,
        0,
    )
    assert counters.first_latencies_s.total == 1.5
    assert (sum(counters.durations_s.counts), counters.durations_s.total) == (1, 0.25)
    assert (counters.delivered, sum(counters.failed)) == ([0, 0, 1, 0, 0, 0], 0)
    assert (counters.exhausted, counters.parked, dict(counters.reasons)) == (0, 0, {})


async def test_a_message_of_a_clock_that_is_ahead_took_no_time(rig: Any) -> None:
    await first_attempt(rig, Accepted(200), age_ms=-5_000)
    assert rig.counters.first_latencies_s.total == 0.0


async def test_a_failed_attempt_is_due_again_and_has_no_latency(rig: Any) -> None:
    await first_attempt(rig, Rejected(404))

    (row,) = rig.ledger.attempts
    assert (row.status, row.retry_in_us) == (2, 5_000_000)
    counters = rig.counters
    assert (sum(counters.first_latencies_s.counts), sum(counters.durations_s.counts)) == (0, 1)
    assert (sum(counters.delivered), counters.failed) == (0, [0, 0, 0, 0, 1, 0])
    assert counters.exhausted == 0


async def test_an_attempt_without_an_answer_is_counted_by_its_reason(rig: Any) -> None:
    await first_attempt(rig, without_answer(FailureReason.DNS_FAILED, "no such host", 0.1))

    (row,) = rig.ledger.attempts
    assert (row.response_status, row.failure) == (0, "dns_failed: no such host")
    assert dict(rig.counters.reasons) == {"dns_failed": 1}
    assert rig.counters.failed == [1, 0, 0, 0, 0, 0]


async def test_what_was_not_attempted_is_parked_without_a_row(rig: Any) -> None:
    await first_attempt(rig, NotAttempted(reason=FailureReason.NO_FREE_CONNECTION))

    assert rig.ledger.attempts == []
    (pending,) = rig.ledger.pending.values()
    assert (pending.attempts_made, pending.due_in_us) == (0, 5_000_000)
    counters = rig.counters
    assert (counters.parked, sum(counters.durations_s.counts), sum(counters.failed)) == (1, 0, 0)


async def test_what_was_not_attempted_under_a_lease_is_parked_once_too(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    await later_attempt(rig, NotAttempted(reason=FailureReason.NO_FREE_CONNECTION), attempts_made=1)

    assert (rig.ledger.attempts, rig.counters.parked, rig.counters.retries) == ([], 1, 1)
    (pending,) = rig.ledger.pending.values()
    assert (pending.attempts_made, pending.due_in_us) == (1, 5_000_000)


@pytest.mark.parametrize(
    ("receiver_control", "exhausted", "retry_in_us"), [(True, 1, None), (False, 0, 5_000_000)]
)
async def test_a_request_to_end_the_delivery_counts_where_the_owner_lets_it(
    rig: Any, receiver_control: bool, exhausted: int, retry_in_us: int | None
) -> None:
    result = AbortRequested(500, answer=Rejected(500))
    await first_attempt(rig, result, receiver_control=receiver_control)

    (row,) = rig.ledger.attempts
    assert (row.response_status, row.retry_in_us) == (500, retry_in_us)
    assert rig.counters.exhausted == exhausted


async def test_the_last_attempt_of_the_schedule_is_counted_as_such(start_rig: Any) -> None:
    rig = start_rig(retrying=True)
    await later_attempt(rig, Rejected(503), attempts_made=2)

    (row,) = rig.ledger.attempts
    assert (row.number, row.retry_in_us, rig.counters.exhausted) == (3, None, 1)


@pytest.mark.parametrize(
    ("members", "firsts", "retries"),
    [
        ({"attempts_made": 0}, 1, 0),
        ({"attempts_made": 1}, 0, 1),
        ({"attempts_made": 1, "trigger": int(AttemptTrigger.MANUAL)}, 0, 0),
    ],
)
async def test_a_latency_counts_by_the_number_of_the_attempt_unless_somebody_asked_for_it(
    start_rig: Any, members: dict[str, int], firsts: int, retries: int
) -> None:
    rig = start_rig(retrying=True)
    await later_attempt(rig, Accepted(200), **members)

    counters = rig.counters
    assert (sum(counters.first_latencies_s.counts), sum(counters.retry_latencies_s.counts)) == (
        firsts,
        retries,
    )
    assert counters.first_latencies_s.total + counters.retry_latencies_s.total == 60.0 * (
        firsts + retries
    )
