"""From accepted batches to chunks."""

from collections.abc import Sequence

from angarium_contracts.contract import encode
from angarium_contracts.hot_path import (
    AcceptedMessage,
    DeliveriesRequested,
    DeliveriesSettled,
    MessagesAccepted,
    SettledChunk,
)
from angarium_dispatcher.application.dispatch.dispatch_messages import (
    DispatchedCounts,
    match_batches,
    publications_of,
)
from angarium_dispatcher.application.dispatch.recipients_cache import RecipientsCache
from angarium_dispatcher.domain.filters.message_filter import compile_filter
from angarium_dispatcher.domain.matching import EndpointFilter, Recipients
from angarium_dispatcher.domain.schedules import NO_SCHEDULES, Schedules
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

APPLICATION, TENANT, BATCH = b"a" * 16, b"t" * 16, b"b" * 16


def a_message(
    number: int, event_type: str = "a", channels: tuple[str, ...] = ()
) -> AcceptedMessage:
    return AcceptedMessage(
        id=number.to_bytes(16),
        tenant_id=TENANT,
        application_id=APPLICATION,
        application_version=3,
        event_type=event_type,
        payload=b"{}" + bytes([number]),
        channels=channels,
        trace="00-1-2-01",
    )


def a_batch(*messages: AcceptedMessage, publication: int = 1) -> MessagesAccepted:
    return MessagesAccepted(BATCH, publication, "settle", messages)


def endpoint(number: int, *event_types: str) -> EndpointFilter:
    return EndpointFilter(number.to_bytes(16), 7, frozenset(event_types) or None)


async def dispatched(
    batch: MessagesAccepted,
    wanted: Sequence[EndpointFilter],
    *,
    redelivered: bool = False,
    share: int = 1,
    schedules: Schedules = NO_SCHEDULES,
) -> tuple[list[DeliveriesRequested | DeliveriesSettled], DispatchedCounts]:
    async def read(_: Sequence[bytes]) -> dict[bytes, Recipients]:
        return {APPLICATION: Recipients(3, wanted, share=share, schedules=schedules)}

    cache = RecipientsCache(read, applications_max=5, weight_max=10_000)
    (matched,) = await match_batches([batch], cache)
    counts = DispatchedCounts()
    published = [
        entry for entry, _ in publications_of(matched, redelivered=redelivered, counts=counts)
    ]
    return published, counts


def filtered(number: int, text: str) -> EndpointFilter:
    return EndpointFilter(number.to_bytes(16), 7, filter=compile_filter(text))


async def test_filters_choose_endpoints_and_one_that_fails_is_counted() -> None:
    messages = [
        structs.replace(a_message(1), payload=b'{"n": 1}', tags=("t",)),
        structs.replace(a_message(2), payload=b'{"n": 2}'),
    ]
    wanted = [
        endpoint(1),
        filtered(2, "payload.n == 2"),
        filtered(3, '"t" in tags'),
        filtered(4, "payload.absent"),
    ]
    (chunk,), counts = await dispatched(a_batch(*messages), wanted)
    assert isinstance(chunk, DeliveriesRequested)
    assert [
        [int.from_bytes(one.endpoint_id) for one in message.deliveries]
        for message in chunk.messages
    ] == [[1, 3], [1, 2]]
    assert counts.filters_failed == 2


async def test_a_batch_that_no_filter_matches_is_settled() -> None:
    (settled,), counts = await dispatched(a_batch(a_message(1)), [filtered(1, 'eventType == "b"')])
    assert isinstance(settled, DeliveriesSettled)
    assert counts.batches_without_recipients == 1


async def test_a_payload_that_is_no_json_object_fails_only_filters_that_read_it() -> None:
    broken = structs.replace(a_message(1), payload=b"[1]")
    wanted = [filtered(1, "payload.n == 1"), filtered(2, 'eventType == "a"')]
    (chunk,), counts = await dispatched(a_batch(broken), wanted)
    assert isinstance(chunk, DeliveriesRequested)
    assert [one.endpoint_id for one in chunk.messages[0].deliveries] == [(2).to_bytes(16)]
    assert counts.filters_failed == 1


async def test_a_content_type_stays_with_its_payload() -> None:
    raw = structs.replace(a_message(1), payload=b"<a/>", content_type="application/xml")
    (chunk,), _ = await dispatched(a_batch(raw, a_message(2)), [endpoint(1)])
    assert isinstance(chunk, DeliveriesRequested)
    assert [(one.payload, one.content_type) for one in chunk.messages] == [
        (b"<a/>", "application/xml"),
        (a_message(2).payload, None),
    ]
    assert b"content_type" not in encode(a_batch(a_message(2)))


async def test_each_message_goes_to_the_endpoints_that_want_it_in_one_chunk() -> None:
    batch = a_batch(a_message(1, "a"), a_message(2, "b"), a_message(3, "c"))
    (chunk,), counts = await dispatched(batch, [endpoint(10, "a", "b"), endpoint(11, "a")])
    assert isinstance(chunk, DeliveriesRequested)
    assert (chunk.batch_id, chunk.publication, chunk.settle_to) == (BATCH, 1, "settle")
    assert (chunk.chunk, chunk.chunks, chunk.redelivered) == (0, 1, False)
    first, second = chunk.messages
    assert first.id == batch.messages[0].id
    assert (first.tenant_id, first.application_id) == (TENANT, APPLICATION)
    assert (first.event_type, first.payload, first.trace) == ("a", b"{}\x01", "00-1-2-01")
    assert [delivery.endpoint_id for delivery in first.deliveries] == [
        (10).to_bytes(16),
        (11).to_bytes(16),
    ]
    assert {delivery.endpoint_version for delivery in first.deliveries} == {7}
    assert len(second.deliveries) == 1
    assert (counts.messages, counts.deliveries) == (3, 3)


async def test_each_message_carries_its_share_and_its_schedule() -> None:
    batch = a_batch(a_message(1, "a"), a_message(2, "b"))
    (chunk,), _ = await dispatched(
        batch, [endpoint(10)], share=7, schedules=Schedules((60.0,), [("a", ())])
    )
    assert isinstance(chunk, DeliveriesRequested)
    assert [message.weight for message in chunk.messages] == [7, 7]
    assert [message.retry_delays_s for message in chunk.messages] == [(), (60.0,)]


async def test_without_share_and_schedule_nothing_more_travels() -> None:
    (chunk,), _ = await dispatched(a_batch(a_message(1, "a")), [endpoint(10)])
    assert b"weight" not in encode(chunk)
    assert b"retry_delays_s" not in encode(chunk)


async def test_a_batch_that_nobody_wants_is_settled() -> None:
    published, counts = await dispatched(
        a_batch(a_message(1, "c"), publication=4), [endpoint(1, "a")]
    )
    assert published == [DeliveriesSettled((SettledChunk(BATCH, 4, 0, 0, 0),))]
    assert counts == DispatchedCounts(messages=1, deliveries=0, batches_without_recipients=1)


async def test_the_redelivered_flag_stands_on_every_chunk() -> None:
    published, _ = await dispatched(
        a_batch(a_message(1)), [endpoint(n) for n in range(150)], redelivered=True
    )
    assert [entry.redelivered for entry in published if isinstance(entry, DeliveriesRequested)] == [
        True,
        True,
    ]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=20), st.integers(1, 230))
async def test_all_chunks_together_carry_every_delivery_once_and_say_k_of_n(
    event_types: list[str], endpoints: int
) -> None:
    batch = a_batch(*[a_message(n, event_type) for n, event_type in enumerate(event_types)])
    wanted = [endpoint(n, "a", "b") for n in range(endpoints)]
    published, counts = await dispatched(batch, wanted)
    chunks = [entry for entry in published if isinstance(entry, DeliveriesRequested)]
    assert [chunk.chunk for chunk in chunks] == list(range(len(chunks)))
    assert {chunk.chunks for chunk in chunks} <= {len(chunks)}
    carried = [
        (message.id, delivery.endpoint_id)
        for chunk in chunks
        for message in chunk.messages
        for delivery in message.deliveries
    ]
    expected = {
        (message.id, one.endpoint_id)
        for message in batch.messages
        if message.event_type in "ab"
        for one in wanted
    }
    assert len(carried) == len(expected) == counts.deliveries
    assert set(carried) == expected
    for chunk in chunks:
        assert len({message.id for message in chunk.messages}) == len(chunk.messages)
        assert 1 <= sum(len(message.deliveries) for message in chunk.messages) <= 100
