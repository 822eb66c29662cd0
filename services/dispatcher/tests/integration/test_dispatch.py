"""From accepted batches to requested deliveries, over a real Valkey."""

import pytest
from angarium_chassis.streams.writer import Publication
from angarium_contracts import configuration as wire
from angarium_contracts.contract import Contract
from angarium_contracts.hot_path import (
    AcceptedMessage,
    DeliveriesRequested,
    DeliveriesSettled,
    SettledChunk,
)
from angarium_contracts.stream_names import (
    DISPATCHERS,
    deliveries_requested,
    messages_accepted,
    quarantine,
)
from angarium_dispatcher.main import run
from angarium_dispatcher.settings import Settings

from .conftest import (
    BATCH,
    SETTLE_TO,
    TENANT,
    Client,
    a_batch,
    a_message,
    an_application,
    an_endpoint,
    entries_after,
    running,
)


@pytest.mark.usefixtures("dispatcher")
async def test_an_accepted_batch_becomes_chunks_for_the_endpoints_that_want_it(
    client: Client,
) -> None:
    await an_application(client)
    wants_all = await an_endpoint(client)
    wants_some = await an_endpoint(client, event_types=("a.b",))
    await an_endpoint(client, disabled=True)
    both, one = a_message(wants_some, "a.b"), a_message(wants_some, "other")
    await client.accept(a_batch(both, one), stream=1)
    (chunk,) = await client.entries(deliveries_requested(1), DeliveriesRequested, 1)
    assert (chunk.batch_id, chunk.publication, chunk.settle_to) == (BATCH, 1, SETTLE_TO)
    assert (chunk.chunk, chunk.chunks, chunk.redelivered) == (0, 1, False)
    assert [message.id for message in chunk.messages] == [both.id, one.id]
    assert [
        [delivery.endpoint_id for delivery in message.deliveries] for message in chunk.messages
    ] == [[wants_all.endpoint.id, wants_some.endpoint.id], [wants_all.endpoint.id]]
    assert await client.redis.xlen(messages_accepted(1)) == 0


@pytest.mark.usefixtures("dispatcher")
async def test_a_change_counts_for_the_next_message(client: Client) -> None:
    await an_application(client)
    endpoint = await an_endpoint(client, uid="one")
    await client.accept(a_batch(a_message(endpoint)))
    (chunk,) = await client.entries(deliveries_requested(0), DeliveriesRequested, 1)
    assert chunk.messages[0].deliveries[0].endpoint_version == 2
    await client.ask(wire.PatchEndpoint(TENANT, "acme", "one", disabled=True), wire.EndpointSaved)
    await client.accept(a_batch(a_message(endpoint)))
    (settled,) = await client.entries(SETTLE_TO, DeliveriesSettled, 1)
    assert settled.settled == (SettledChunk(BATCH, 1, 0, 0, 0),)


@pytest.mark.usefixtures("dispatcher")
async def test_a_batch_that_nobody_wants_is_settled_and_its_stream_expires(client: Client) -> None:
    saved = await an_application(client)
    await client.accept(a_batch(a_message(saved), publication=3))
    (settled,) = await client.entries(SETTLE_TO, DeliveriesSettled, 1)
    assert settled.settled == (SettledChunk(BATCH, 3, 0, 0, 0),)
    assert 0 < await client.redis.ttl(SETTLE_TO) <= 3_600
    assert await client.redis.exists(deliveries_requested(0)) == 0


@pytest.mark.usefixtures("dispatcher")
async def test_messages_of_unknown_and_deleted_applications_have_no_recipients(
    client: Client,
) -> None:
    await an_application(client)
    endpoint = await an_endpoint(client)
    await client.ask(wire.DeleteApplication(TENANT, "acme"), wire.ApplicationDeleted)
    unknown = AcceptedMessage(b"m" * 16, TENANT, b"x" * 16, 1, "a.b", b"{}")
    await client.accept(a_batch(a_message(endpoint)), a_batch(unknown))
    assert len(await client.entries(SETTLE_TO, DeliveriesSettled, 2)) == 2


@pytest.mark.usefixtures("dispatcher")
async def test_a_batch_published_again_is_flagged_redelivered(client: Client) -> None:
    await an_application(client)
    endpoint = await an_endpoint(client)
    await client.accept(a_batch(a_message(endpoint), publication=2))
    (chunk,) = await client.entries(deliveries_requested(0), DeliveriesRequested, 1)
    assert (chunk.publication, chunk.redelivered) == (2, True)


async def test_a_batch_that_a_dead_dispatcher_left_is_flagged_redelivered(
    client: Client, settings: Settings
) -> None:
    async with running(lambda: run(settings)):
        await an_application(client)
        endpoint = await an_endpoint(client)
    stream = messages_accepted(0)
    await client.accept(a_batch(a_message(endpoint)))
    await client.redis.xreadgroup(DISPATCHERS, "dead", {stream: ">"})
    async with running(lambda: run(settings)):
        (chunk,) = await client.entries(deliveries_requested(0), DeliveriesRequested, 1)
    assert (chunk.publication, chunk.redelivered) == (1, True)


@pytest.mark.usefixtures("dispatcher")
async def test_an_entry_of_an_unknown_version_is_quarantined_and_the_stream_goes_on(
    client: Client,
) -> None:
    class FromTheFuture(Contract, frozen=True, tag="messages.accepted/99"):
        """What a newer gateway might send."""

        batch_id: bytes

    saved = await an_application(client)
    future = Publication(messages_accepted(0), FromTheFuture(BATCH))
    await client.writer.write([future])
    await client.accept(a_batch(a_message(saved)))
    await client.entries(SETTLE_TO, DeliveriesSettled, 1)
    ((_, poison),) = await entries_after(client.redis, quarantine("dispatcher"), b"0")
    assert b"messages.accepted/99" in poison[b"reason"]
    assert b"messages.accepted/99" in poison[b"body"]


@pytest.mark.usefixtures("dispatcher")
async def test_a_fan_out_of_large_payloads_is_written_in_parts_and_loses_nothing(
    client: Client,
) -> None:
    await an_application(client)
    saved = None
    for _ in range(12):
        saved = await an_endpoint(client)
    assert saved is not None
    large = [
        AcceptedMessage(
            number.to_bytes(16), TENANT, saved.application.id, saved.application.version, "a.b",
            b'"' + b"x" * 900_000 + b'"',
        )
        for number in range(8)
    ]  # fmt: skip
    await client.accept(a_batch(*large))
    chunks = await client.entries(deliveries_requested(0), DeliveriesRequested, 8)
    assert [(chunk.chunk, chunk.chunks) for chunk in chunks] == [(n, 8) for n in range(8)]
    carried = [
        (message.id, delivery.endpoint_id)
        for chunk in chunks
        for message in chunk.messages
        for delivery in message.deliveries
    ]
    assert len(carried) == len(set(carried)) == 96
