"""Endpoints that ask to be left alone, and endpoints that are gone."""

from typing import Any

import pytest
from angarium_worker.application.endpoints.endpoint_config import Inactive
from angarium_worker.application.endpoints.retry_after_cache import RetryAfterCache
from angarium_worker.domain.delivery import Delivery, Lane

SECOND_NS = 1_000_000_000


def _pending(rig: Any, message_id: bytes, endpoint_id: bytes) -> Delivery:
    row: Delivery = rig.ledger.pending[message_id, endpoint_id]
    return row


async def _first(rig: Any, endpoint: bytes, status: int, retry_after: str | None = None) -> bytes:
    """Answer a first attempt; gives the message's id."""
    chunk = rig.chunk([endpoint])
    await rig.take(chunk)
    rig.sender.sent[-1].answer(status, retry_after=retry_after)
    message_id: bytes = chunk.messages[0].id
    return message_id


@pytest.mark.parametrize("status", [429, 503])
async def test_after_retry_after_first_attempts_wait_without_being_sent(
    rig: Any, status: int
) -> None:
    endpoint, other = rig.add_endpoint(), rig.add_endpoint()
    await rig.know(endpoint, other)
    refused = await _first(rig, endpoint, status, "60")
    await rig.until_idle()
    assert _pending(rig, refused, endpoint).due_in_us == 60_000_000
    rig.now_ns += 10 * SECOND_NS
    waiting = rig.chunk([endpoint, other])
    await rig.take(waiting)
    assert len(rig.sender.sent) == 2
    rig.sender.sent[1].answer()
    await rig.until_idle()
    row = _pending(rig, waiting.messages[0].id, endpoint)
    assert (row.due_in_us, row.attempts_made, row.lane) == (0, 0, 0)
    assert len(rig.ledger.attempts) == 2
    rig.now_ns += 50 * SECOND_NS
    await _first(rig, endpoint, 200)
    await rig.until_idle()
    assert len(rig.ledger.attempts) == 3


async def test_without_retry_after_the_schedule_holds_and_the_pause_is_short(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    refused = await _first(rig, endpoint, 503)
    await rig.until_idle()
    assert _pending(rig, refused, endpoint).due_in_us == 5_000_000
    assert rig.retry_after.wait_s(endpoint) == 1.0


async def test_a_500_slows_nothing_down(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await _first(rig, endpoint, 500, "60")
    await rig.until_idle()
    assert rig.retry_after.wait_s(endpoint) == 0


async def test_retries_wait_too_and_are_not_counted(start_rig: Any) -> None:
    rig = start_rig(retrying=True, turning=True)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    rig.retry_after.slow_down(endpoint, 30)
    row = Delivery(
        message_id=b"m" * 16,
        endpoint_id=endpoint,
        application_id=b"a" * 16,
        tenant_id=b"t" * 16,
        event_type="a",
        payload=b"{}",
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
    rig.ledger.pending[row.key] = row
    rig.ledger.due_at[row.key] = 0
    await rig.changes.until(lambda: bool(rig.lanes.releases))
    assert rig.sender.sent == []
    waiting = rig.ledger.pending[row.key]
    assert (waiting.attempts_made, waiting.lane) == (1, Lane.RETRY)
    assert 29_000_000 < rig.lanes.releases[0].wait_us <= 30_000_000


def test_slowdowns_are_bounded_end_by_themselves_and_never_get_shorter() -> None:
    now_ns = 0
    retry_after = RetryAfterCache(lambda: now_ns, endpoints_max=2)
    assert not retry_after
    for endpoint_id in (b"1", b"2", b"3"):
        retry_after.slow_down(endpoint_id, 60)
    assert [retry_after.wait_s(each) for each in (b"1", b"2", b"3")] == [0, 60, 60]
    retry_after.slow_down(b"2", 1)
    assert retry_after.wait_s(b"2") == 60
    retry_after.slow_down(b"2", 0)
    now_ns = 60 * SECOND_NS
    assert [retry_after.wait_s(each) for each in (b"2", b"3")] == [0, 0]
    assert not retry_after


async def test_a_410_is_on_record_and_its_owner_is_told_once(rig: Any) -> None:
    endpoint = rig.add_endpoint(version=4)
    await rig.know(endpoint)
    await _first(rig, endpoint, 410)
    await rig.until_idle()
    await rig.changes.until(lambda: bool(rig.ledger.expedited))
    (gone,) = rig.endpoints.disabled
    assert (gone.endpoint_id, gone.version) == (endpoint, 4)
    assert (gone.tenant_id, gone.application_id) == (b"t" * 16, b"a" * 16)
    assert rig.ledger.expedited == [(endpoint, 40.0)]
    (row,) = rig.ledger.attempts
    assert (row.status, row.response_status, row.retry_in_us) == (2, 410, None)
    assert rig.ledger.pending == {}


async def test_after_a_410_nothing_more_is_sent_and_what_waits_is_cancelled_on_record(
    start_rig: Any,
) -> None:
    rig = start_rig(retrying=True)
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    waiting = await _first(rig, endpoint, 500)
    await rig.until_idle()
    rig.ledger.due_at[waiting, endpoint] = 3_600_000_000
    await _first(rig, endpoint, 410)
    await rig.until_idle()
    assert isinstance(rig.cache.get(endpoint, 1), Inactive)
    later = rig.chunk([endpoint])
    await rig.take(later)
    await rig.changes.until(lambda: len(rig.ledger.cancelled) == 2)
    await rig.until_idle()
    assert len(rig.sender.sent) == 2
    assert {row.message_id for row in rig.ledger.cancelled} == {waiting, later.messages[0].id}
    assert {row.cancelled for row in rig.ledger.cancelled} == {"the endpoint answered 410 Gone"}
    assert rig.ledger.pending == {}


async def test_a_newer_configuration_makes_a_gone_endpoint_active_again(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    await _first(rig, endpoint, 410)
    await rig.cache.apply(2, (), [rig.moved(endpoint, "https://example.com/new", version=2)])
    assert rig.cache.get(endpoint, 2).url == "https://example.com/new"


async def test_while_the_dispatcher_is_away_the_worker_goes_on_telling(rig: Any) -> None:
    endpoint = rig.add_endpoint()
    await rig.know(endpoint)
    rig.endpoints.away = True
    await _first(rig, endpoint, 410)
    await rig.until_idle()
    assert rig.endpoints.disabled == []
    rig.endpoints.away = False
    await rig.changes.until(lambda: bool(rig.endpoints.disabled))


async def test_a_disabled_endpoint_ends_a_first_delivery_on_record(rig: Any) -> None:
    endpoint = rig.add_endpoint(disabled=True)
    await rig.know(endpoint)
    chunk = rig.chunk([endpoint])
    await rig.take(chunk)
    await rig.until_settled()
    (row,) = rig.ledger.cancelled
    assert (row.message_id, row.cancelled) == (chunk.messages[0].id, "the endpoint is disabled")
    await rig.take(rig.again(chunk, [endpoint]), "again")
    await rig.until_settled(2)
    assert len(rig.ledger.cancelled) == 1
