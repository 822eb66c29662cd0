"""What the dispatcher answers and announces, over a real Valkey."""

import pytest
from angarium_chassis.sealing import Seal
from angarium_contracts import configuration as wire
from angarium_contracts.contract import Reader
from angarium_contracts.deliveries import EndpointsFound, GetEndpoints
from angarium_contracts.directory import (
    DirectoryChanged,
    DirectoryPage,
    DirectorySince,
    EndpointStates,
    GetEndpointStates,
)
from angarium_contracts.ids import APPLICATION, ENDPOINT, format_id
from angarium_contracts.queries import Done, Page, Problem, ProblemCode
from angarium_contracts.stream_names import (
    DIRECTORY_CHANGED,
)

from .conftest import SEAL, TENANT, URL, Client, an_application, an_endpoint, entries_after


@pytest.mark.usefixtures("dispatcher")
async def test_a_change_is_announced_before_it_is_answered(client: Client) -> None:
    saved = await an_application(client)
    assert saved.created
    assert saved.state.version == 1
    endpoint = await an_endpoint(client, uid="one")
    announced = await entries_after(client.redis, DIRECTORY_CHANGED, b"0")
    changes = [Reader(DirectoryChanged).read(fields[b"__data__"]) for _, fields in announced]
    assert [change for change in changes if change != DirectoryChanged(0, 0)] == [
        DirectoryChanged(0, 1, (saved.state,)),
        DirectoryChanged(1, 2, (endpoint.application,), (endpoint.state,)),
    ]


@pytest.mark.usefixtures("dispatcher")
async def test_every_question_about_applications_and_endpoints_is_answered(client: Client) -> None:
    await an_application(client)
    created = await an_endpoint(client, uid="one")
    got = await client.ask(wire.GetApplication(TENANT, "acme"), wire.ApplicationSaved)
    assert got.state == created.application
    page = await client.ask(wire.ListApplications(TENANT, Page()), wire.Applications)
    assert ([one.uid for one in page.items], page.done) == (["acme"], True)
    await client.ask(wire.PatchApplication(TENANT, "acme", name="New"), wire.ApplicationSaved)
    await client.ask(wire.UpdateApplication(TENANT, "acme", "Newer"), wire.ApplicationSaved)

    ref = format_id(ENDPOINT, created.endpoint.id)
    endpoint = await client.ask(wire.GetEndpoint(TENANT, "acme", ref), wire.EndpointSaved)
    assert endpoint.endpoint == created.endpoint
    assert endpoint.state == created.state
    endpoints = await client.ask(wire.ListEndpoints(TENANT, "acme", Page()), wire.Endpoints)
    assert [one.id for one in endpoints.items] == [created.endpoint.id]
    await client.ask(wire.PatchEndpoint(TENANT, "acme", "one", disabled=True), wire.EndpointSaved)
    await client.ask(wire.UpdateEndpoint(TENANT, "acme", "one", URL), wire.EndpointSaved)
    secret = await client.ask(wire.GetEndpointSecret(TENANT, "acme", "one"), wire.EndpointSecret)
    assert SEAL.open(secret.sealed_secret, secret.endpoint_id).startswith(b"whsec_")
    assert secret.sealed_secret == created.state.secrets[0]

    states = await client.ask(GetEndpointStates((created.endpoint.id, b"x" * 16)), EndpointStates)
    assert [one.id for one in states.endpoints] == [created.endpoint.id]
    directory = await client.ask(DirectorySince(0), DirectoryPage)
    assert (directory.version, directory.done) == (6, True)
    assert directory.endpoints == states.endpoints

    gone = await client.ask(wire.DeleteEndpoint(TENANT, "acme", "one"), wire.EndpointDeleted)
    assert gone.application.version == 7
    tombstone = await client.ask(wire.DeleteApplication(TENANT, "acme"), wire.ApplicationDeleted)
    assert tombstone.state.deleted


@pytest.mark.usefixtures("dispatcher")
async def test_endpoints_are_given_by_their_ids_deleted_ones_without_their_members(
    client: Client,
) -> None:
    application = await an_application(client)
    kept, deleted = await an_endpoint(client, uid="one"), await an_endpoint(client, uid="two")
    await client.ask(wire.DeleteEndpoint(TENANT, "acme", "two"), wire.EndpointDeleted)
    ids = (kept.endpoint.id, deleted.endpoint.id, b"x" * 16)
    application_id = application.application.id
    found = await client.ask(GetEndpoints(TENANT, application_id, ids), EndpointsFound)
    assert found.endpoints == (kept.endpoint,)
    (tombstone,) = found.deleted
    assert (tombstone.id, tombstone.url, tombstone.uid) == (deleted.endpoint.id, "", None)
    assert tombstone.created_at == deleted.endpoint.created_at < tombstone.updated_at
    for tenant_id, other in ((b"o" * 16, application_id), (TENANT, b"o" * 16)):
        question = GetEndpoints(tenant_id, other, ids)
        assert await client.ask(question, EndpointsFound) == EndpointsFound(())
    too_many = GetEndpoints(TENANT, application_id, (b"x" * 16,) * 251)
    assert (await client.ask(too_many, Problem)).code is ProblemCode.INVALID


@pytest.mark.usefixtures("dispatcher")
async def test_every_question_about_event_types_is_answered(client: Client) -> None:
    schemas = b'{"1": {}}'
    created = await client.ask(
        wire.CreateEventType(TENANT, "a.b", "text", schemas=schemas), wire.EventTypeSaved
    )
    assert created.created
    await client.ask(wire.UpdateEventType(TENANT, "a.b", "t", schemas=schemas), wire.EventTypeSaved)
    await client.ask(wire.PatchEventType(TENANT, "a.b", deprecated=True), wire.EventTypeSaved)
    got = await client.ask(wire.GetEventType(TENANT, "a.b"), wire.EventTypeSaved)
    assert (got.event_type.deprecated, got.event_type.schemas) == (True, schemas)
    without = await client.ask(wire.ListEventTypes(TENANT, Page()), wire.EventTypes)
    assert [one.schemas for one in without.items] == [None]
    full = await client.ask(wire.ListEventTypes(TENANT, Page(), with_content=True), wire.EventTypes)
    assert full.items == (got.event_type,)
    await client.ask(wire.DeleteEventType(TENANT, "a.b"), Done)
    assert (await client.ask(wire.ListEventTypes(TENANT, Page()), wire.EventTypes)).items == ()


@pytest.mark.usefixtures("dispatcher")
async def test_refusals_are_problems_that_name_the_member(client: Client) -> None:
    await an_application(client)
    taken = await client.ask(wire.CreateApplication(TENANT, "Acme", "acme"), Problem)
    assert (taken.code, taken.field) == (ProblemCode.CONFLICT, "uid")
    assert "acme" in taken.detail
    unknown = format_id(APPLICATION, b"x" * 16)
    missing = await client.ask(wire.GetApplication(TENANT, unknown), Problem)
    assert (missing.code, missing.field) == (ProblemCode.NOT_FOUND, None)
    invalid = await client.ask(wire.CreateEndpoint(TENANT, "acme", "http://example.com/"), Problem)
    assert (invalid.code, invalid.field) == (ProblemCode.INVALID, "url")
    page = Page(iterator="nonsense")
    unreadable = await client.ask(wire.ListApplications(TENANT, page), Problem)
    assert (unreadable.code, unreadable.field) == (ProblemCode.INVALID, "iterator")
    sealed = Seal(b"k" * 32).close(b"whsec_", TENANT)
    foreign = await client.ask(
        wire.CreateEndpoint(TENANT, "acme", URL, sealed_secret=sealed), Problem
    )
    assert foreign.code == ProblemCode.UNAVAILABLE
    assert "ANGARIUM_ENCRYPTION_KEY" in foreign.detail
