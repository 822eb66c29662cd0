"""Schedules on the hot path, operational events to the gateway and matching by hand, over a
real Valkey."""

import asyncio
import time

import msgspec
import pytest
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_server import QueryServer
from angarium_contracts import configuration as wire
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.deliveries import MatchedMessages, MatchMessages, MessageKind
from angarium_contracts.hot_path import DeliveriesRequested, RequestedMessage
from angarium_contracts.ids import APPLICATION, format_id, operational_application_id
from angarium_contracts.operational import OperationalEvent, PostOperationalEvents
from angarium_contracts.queries import Done, Page, Problem, ProblemCode
from angarium_contracts.stream_names import GATEWAY_QUERIES, GATEWAYS, deliveries_requested
from angarium_contracts.tenant_policy import GetTenantPolicy, SetTenantPolicy, TenantPolicy

from .conftest import (
    TENANT,
    URL,
    Client,
    a_batch,
    a_message,
    an_application,
    an_endpoint,
    running,
)

OPERATIONAL = format_id(APPLICATION, operational_application_id(TENANT))


async def dispatched(client: Client, saved: wire.EndpointSaved, before: int) -> RequestedMessage:
    """What becomes of one more message, after `before` earlier ones."""
    await client.accept(a_batch(a_message(saved)))
    stream = deliveries_requested(0)
    chunk = (await client.entries(stream, DeliveriesRequested, before + 1))[before]
    return chunk.messages[0]


@pytest.mark.usefixtures("dispatcher")
async def test_a_changed_schedule_counts_for_the_next_message(client: Client) -> None:
    await client.ask(wire.CreateApplication(TENANT, "A", "acme", weight=5), wire.ApplicationSaved)
    endpoint = await an_endpoint(client)
    first = await dispatched(client, endpoint, 0)
    assert (first.weight, first.retry_delays_s) == (5, None)
    policy = await client.ask(SetTenantPolicy(TENANT, (60.0,)), TenantPolicy)
    assert policy.before == TenantPolicy()
    read = await client.ask(GetTenantPolicy(TENANT), TenantPolicy)
    assert read == msgspec.structs.replace(policy, before=None)
    assert (await dispatched(client, endpoint, 1)).retry_delays_s == (60.0,)
    event_type = wire.CreateEventType(TENANT, "a.b", "", retry_delays_s=())
    await client.ask(event_type, wire.EventTypeSaved)
    assert (await dispatched(client, endpoint, 2)).retry_delays_s == ()
    await client.ask(wire.DeleteEventType(TENANT, "a.b"), Done)
    await client.ask(SetTenantPolicy(TENANT), TenantPolicy)
    assert (await dispatched(client, endpoint, 3)).retry_delays_s is None


class FakeGateway:
    """Takes operational events, after it has refused the first it is told of."""

    def __init__(self) -> None:
        self.refused = False
        self.events: asyncio.Queue[OperationalEvent] = asyncio.Queue()

    async def answer(self, command: PostOperationalEvents) -> Contract:
        if not self.refused:
            self.refused = True
            return Problem(ProblemCode.UNAVAILABLE, "not now")
        for event in command.events:
            self.events.put_nowait(event)
        return Done()

    async def serve(self, redis_url: str) -> None:
        broker = open_broker(redis_url)
        await broker.connect()
        try:
            await QueryServer(
                broker,
                stream=GATEWAY_QUERIES,
                group=GATEWAYS,
                consumer="gateway",
                questions=Reader(PostOperationalEvents),
                answer=self.answer,
                quarantine=Quarantine(broker, "gateway"),
                clock_ms=lambda: time.time_ns() // 1_000_000,
                clock_s=time.monotonic,
            ).run()
        finally:
            await broker.stop()


@pytest.mark.usefixtures("dispatcher")
async def test_the_gateway_is_told_of_endpoints_until_it_takes_it(
    client: Client, redis_url: str
) -> None:
    gateway = FakeGateway()
    async with running(lambda: gateway.serve(redis_url)), asyncio.timeout(20):
        await an_application(client)
        made = await an_endpoint(client, uid="one")
        created = await gateway.events.get()
        await client.ask(wire.DeleteEndpoint(TENANT, "acme", "one"), wire.EndpointDeleted)
        deleted = await gateway.events.get()
    assert [created.type, deleted.type] == ["endpoint.created", "endpoint.deleted"]
    assert {created.endpoint_id, deleted.endpoint_id} == {made.endpoint.id}
    assert gateway.refused
    assert gateway.events.empty()


@pytest.mark.usefixtures("dispatcher")
async def test_operational_endpoints_are_managed_like_others_and_get_messages(
    client: Client,
) -> None:
    none = await client.ask(wire.ListEndpoints(TENANT, OPERATIONAL, Page()), wire.Endpoints)
    assert none.items == ()
    saved = await client.ask(
        wire.CreateEndpoint(TENANT, OPERATIONAL, URL, "ops"), wire.EndpointSaved
    )
    listed = await client.ask(wire.ListEndpoints(TENANT, OPERATIONAL, Page()), wire.Endpoints)
    assert listed.items == (saved.endpoint,)
    for question in (
        wire.GetApplication(TENANT, OPERATIONAL),
        wire.DeleteApplication(TENANT, OPERATIONAL),
    ):
        assert (await client.ask(question, Problem)).code == ProblemCode.NOT_FOUND
    applications = await client.ask(wire.ListApplications(TENANT, Page()), wire.Applications)
    assert applications.items == ()
    await client.accept(a_batch(a_message(saved)), stream=_stream_of(saved))
    (chunk,) = await client.entries(deliveries_requested(_stream_of(saved)), DeliveriesRequested, 1)
    assert chunk.messages[0].deliveries[0].endpoint_id == saved.endpoint.id


def _stream_of(saved: wire.EndpointSaved) -> int:
    return saved.application.id[-1] % 2


@pytest.mark.usefixtures("dispatcher")
async def test_matching_by_hand_is_answered_or_refused(client: Client) -> None:
    await an_application(client)
    await an_endpoint(client, uid="one", event_types=("a",))
    question = MatchMessages(TENANT, "acme", "one", (MessageKind("a"), MessageKind("b")))
    assert (await client.ask(question, MatchedMessages)).wanted == (True, False)
    await client.ask(wire.PatchEndpoint(TENANT, "acme", "one", disabled=True), wire.EndpointSaved)
    refused = await client.ask(question, Problem)
    assert refused.code == ProblemCode.CONFLICT
    assert "(`disabled`: false)" in refused.detail
    unknown = MatchMessages(TENANT, "acme", "two", ())
    assert (await client.ask(unknown, Problem)).code == ProblemCode.NOT_FOUND
