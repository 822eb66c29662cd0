"""What tenants are told of their endpoints, and the application that it is told to, on both
engines."""

from datetime import UTC, datetime

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    DeleteApplication,
    DeleteEndpoint,
    PatchApplication,
    PatchEndpoint,
    UpdateApplication,
    UpdateEndpoint,
)
from angarium_contracts.endpoint_options import DisableEndpoint, RotateEndpointSecret
from angarium_contracts.ids import (
    APPLICATION,
    ENDPOINT,
    format_id,
    operational_application_id,
)
from angarium_contracts.operational import OperationalEvent
from angarium_dispatcher.adapters.database.operational_events import OperationalEventRows
from angarium_dispatcher.application.configuration.references import get_application, get_endpoint
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.disable_endpoint import disable_endpoint
from angarium_dispatcher.application.endpoints.rotate_secret import rotate_secret
from angarium_dispatcher.application.endpoints.save_endpoint import (
    create_endpoint,
    patch_endpoint,
    replace_endpoint,
)
from angarium_dispatcher.application.operational.application import get_customer_application
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.save_application import (
    create_application,
    patch_application,
    replace_application,
)
from angarium_dispatcher.domain.paging import APPLICATIONS, page_request
from angarium_dispatcher.domain.refusals import InvalidField, NotFound

from ..conftest import Bench

TENANT, OTHER = b"t" * 16, b"o" * 16
URL = "https://example.com/hook"
OPERATIONAL = format_id(APPLICATION, operational_application_id(TENANT))
SINCE = datetime(2030, 1, 1, 12, tzinfo=UTC)


async def told(bench: Bench) -> list[OperationalEvent]:
    return await OperationalEventRows(bench.database).read(100)


@pytest.fixture
async def application_id(bench: Bench) -> bytes:
    saved = await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    return saved.application.id


async def test_every_change_of_an_endpoint_is_told_once_in_order(
    bench: Bench, application_id: bytes
) -> None:
    assert not bench.outbox_woken.is_set()
    made = (
        await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "one"), bench.context)
    ).endpoint
    assert bench.outbox_woken.is_set()
    await patch_endpoint(PatchEndpoint(TENANT, "acme", "one", description="new"), bench.context)
    await replace_endpoint(UpdateEndpoint(TENANT, "acme", "one", URL), bench.context)
    await rotate_secret(RotateEndpointSecret(TENANT, "acme", "one"), bench.context)
    await disable_endpoint(
        DisableEndpoint(TENANT, application_id, made.id, 99, "it failed", SINCE), bench.context
    )
    await delete_endpoint(DeleteEndpoint(TENANT, "acme", "one"), bench.context)
    events = await told(bench)
    assert [event.type for event in events] == [
        "endpoint.created",
        "endpoint.updated",
        "endpoint.updated",
        "endpoint.updated",
        "endpoint.disabled",
        "endpoint.deleted",
    ]
    assert {(event.tenant_id, event.application_id, event.endpoint_id) for event in events} == {
        (TENANT, application_id, made.id)
    }
    assert {event.endpoint_uid for event in events} == {"one"}
    assert [event.failing_since for event in events] == [None] * 4 + [SINCE, None]
    assert len({event.id for event in events}) == 6


@pytest.mark.usefixtures("application_id")
async def test_a_change_that_is_refused_tells_nothing(bench: Bench) -> None:
    with pytest.raises(InvalidField):
        await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "ep_one"), bench.context)
    with pytest.raises(NotFound):
        await delete_endpoint(DeleteEndpoint(TENANT, "acme", "one"), bench.context)
    assert await told(bench) == []
    assert not bench.outbox_woken.is_set()


async def test_disabling_twice_or_what_was_changed_since_tells_once(
    bench: Bench, application_id: bytes
) -> None:
    made = (await create_endpoint(CreateEndpoint(TENANT, "acme", URL), bench.context)).endpoint
    command = DisableEndpoint(TENANT, application_id, made.id, made.version, "gone")
    await disable_endpoint(command, bench.context)
    await disable_endpoint(command, bench.context)
    patch = PatchEndpoint(TENANT, "acme", format_id(ENDPOINT, made.id), disabled=False)
    await patch_endpoint(patch, bench.context)
    await disable_endpoint(command, bench.context)
    assert [event.type.split(".")[1] for event in await told(bench)] == [
        "created",
        "disabled",
        "updated",
    ]


@pytest.mark.usefixtures("application_id")
async def test_deleting_an_application_tells_of_each_of_its_endpoints(bench: Bench) -> None:
    for uid in ("one", "two", "three"):
        await create_endpoint(CreateEndpoint(TENANT, "acme", URL, uid), bench.context)
    await delete_endpoint(DeleteEndpoint(TENANT, "acme", "two"), bench.context)
    await delete_application(DeleteApplication(TENANT, "acme"), bench.context)
    deleted = [event for event in await told(bench) if event.type == "endpoint.deleted"]
    assert [event.endpoint_uid for event in deleted] == ["two", "one", "three"]


@pytest.mark.usefixtures("application_id")
async def test_rows_are_read_oldest_first_and_gone_once_deleted(bench: Bench) -> None:
    for number in range(3):
        await create_endpoint(CreateEndpoint(TENANT, "acme", URL, str(number)), bench.context)
    rows = OperationalEventRows(bench.database)
    first, second = await rows.read(2)
    assert [first.endpoint_uid, second.endpoint_uid] == ["0", "1"]
    await rows.delete([first.id, second.id])
    await rows.delete([first.id, b"x" * 16])
    assert [event.endpoint_uid for event in await rows.read(10)] == ["2"]


@pytest.mark.parametrize("with_put", [False, True])
async def test_the_first_operational_endpoint_makes_its_application_and_is_told_to_nobody(
    bench: Bench, *, with_put: bool
) -> None:
    if with_put:
        saved = await replace_endpoint(
            UpdateEndpoint(TENANT, OPERATIONAL, "one", URL), bench.context
        )
    else:
        saved = await create_endpoint(
            CreateEndpoint(TENANT, OPERATIONAL, URL, "one"), bench.context
        )
    assert (saved.created, saved.application.version) == (True, 2)
    application = saved.application
    assert application.id == operational_application_id(TENANT)
    assert (application.name, application.uid) == ("Operational webhooks", None)
    assert len(bench.announcer.changes) == 1
    second = await create_endpoint(CreateEndpoint(TENANT, OPERATIONAL, URL), bench.context)
    assert second.application.id == application.id
    found = await get_application(bench.reads, TENANT, OPERATIONAL)
    assert await get_endpoint(bench.reads, found, "one") == saved.endpoint
    await patch_endpoint(PatchEndpoint(TENANT, OPERATIONAL, "one", disabled=True), bench.context)
    await delete_endpoint(DeleteEndpoint(TENANT, OPERATIONAL, "one"), bench.context)
    assert await told(bench) == []


async def test_a_refused_operational_endpoint_leaves_no_application(bench: Bench) -> None:
    with pytest.raises(InvalidField):
        await create_endpoint(CreateEndpoint(TENANT, OPERATIONAL, "nonsense"), bench.context)
    with pytest.raises(NotFound):
        await get_application(bench.reads, TENANT, OPERATIONAL)
    assert await bench.reads.directory_version() == 0


async def test_the_operational_application_of_another_tenant_is_not_made(bench: Bench) -> None:
    with pytest.raises(NotFound):
        await create_endpoint(CreateEndpoint(OTHER, OPERATIONAL, URL), bench.context)
    await create_endpoint(CreateEndpoint(TENANT, OPERATIONAL, URL, "one"), bench.context)
    with pytest.raises(NotFound):
        await patch_endpoint(PatchEndpoint(OTHER, OPERATIONAL, "one", disabled=True), bench.context)


@pytest.mark.usefixtures("application_id")
async def test_the_operational_application_is_hidden_and_cannot_be_changed(bench: Bench) -> None:
    for _ in range(2):
        with pytest.raises(NotFound):
            await get_customer_application(bench.reads, TENANT, OPERATIONAL)
        with pytest.raises(NotFound):
            await delete_application(DeleteApplication(TENANT, OPERATIONAL), bench.context)
        with pytest.raises(NotFound):
            await patch_application(PatchApplication(TENANT, OPERATIONAL, name="x"), bench.context)
        with pytest.raises(NotFound):
            await replace_application(UpdateApplication(TENANT, OPERATIONAL, "x"), bench.context)
        await create_endpoint(CreateEndpoint(TENANT, OPERATIONAL, URL), bench.context)
    request = page_request(APPLICATIONS, limit=10, iterator=None, descending=False)
    page = await bench.reads.list_applications(TENANT, request)
    assert [one.uid for one in page.items] == ["acme"]
    assert page.done
