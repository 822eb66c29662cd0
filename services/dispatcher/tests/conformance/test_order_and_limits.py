"""Order, concurrency and retry schedule of endpoints, weight of applications, on both engines."""

from typing import Any

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
from angarium_dispatcher.adapters.streams import wire
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.save_endpoint import (
    create_endpoint,
    patch_endpoint,
    replace_endpoint,
)
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.save_application import (
    create_application,
    patch_application,
    replace_application,
)
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.refusals import InvalidField

from ..conftest import Bench

TENANT = b"t" * 16
URL = "https://example.com/hook"
OPTIONS: dict[str, Any] = {"fifo": True, "concurrency_max": 4, "retry_delays_s": (0.5, 60.0)}
DEFAULTS = (False, None, None)


@pytest.fixture
async def made(bench: Bench) -> Endpoint:
    """The endpoint `one` of the application `acme`, with every option set."""
    await create_application(CreateApplication(TENANT, "Acme", "acme", weight=3), bench.context)
    command = CreateEndpoint(TENANT, "acme", URL, "one", **OPTIONS)
    return (await create_endpoint(command, bench.context)).endpoint


def options_of(endpoint: Any) -> tuple[bool, int | None, tuple[float, ...] | None]:
    return endpoint.fifo, endpoint.concurrency_max, endpoint.retry_delays_s


async def test_options_are_stored_and_travel_everywhere(bench: Bench, made: Endpoint) -> None:
    found = await bench.reads.find_endpoint(made.application_id, "one")
    assert found == made
    part = await bench.reads.directory_since(0, 10, with_applications=True, with_endpoints=True)
    for shown in (found, wire.endpoint(made), wire.endpoint_state(part.endpoints[0])):
        assert options_of(shown) == (True, 4, (0.5, 60.0))


async def test_without_them_an_endpoint_has_the_defaults(bench: Bench, made: Endpoint) -> None:
    saved = await create_endpoint(CreateEndpoint(TENANT, "acme", URL, "two"), bench.context)
    found = await bench.reads.find_endpoint(made.application_id, "two")
    for shown in (saved.endpoint, found, wire.endpoint_state(saved.endpoint)):
        assert options_of(shown) == DEFAULTS


@pytest.mark.usefixtures("made")
async def test_a_put_that_does_not_name_them_leaves_them_and_one_that_does_clears(
    bench: Bench,
) -> None:
    put = UpdateEndpoint(TENANT, "acme", "one", URL)
    kept = await replace_endpoint(put, bench.context)
    assert options_of(kept.endpoint) == (True, 4, (0.5, 60.0))
    clear = UpdateEndpoint(
        TENANT, "acme", "one", URL, fifo=False, concurrency_max=None, retry_delays_s=None
    )
    assert options_of((await replace_endpoint(clear, bench.context)).endpoint) == DEFAULTS


@pytest.mark.usefixtures("made")
async def test_a_put_that_creates_takes_them(bench: Bench) -> None:
    put = UpdateEndpoint(TENANT, "acme", "new", URL, **OPTIONS)
    saved = await replace_endpoint(put, bench.context)
    assert (saved.created, options_of(saved.endpoint)) == (True, (True, 4, (0.5, 60.0)))


async def test_a_patch_sets_one_and_no_retries_is_not_the_inherited_schedule(
    bench: Bench, made: Endpoint
) -> None:
    await patch_endpoint(PatchEndpoint(TENANT, "acme", "one", retry_delays_s=()), bench.context)
    found = await bench.reads.find_endpoint(made.application_id, "one")
    assert found is not None
    assert options_of(found) == (True, 4, ())
    patch = PatchEndpoint(TENANT, "acme", "one", retry_delays_s=None, fifo=False)
    assert options_of((await patch_endpoint(patch, bench.context)).endpoint) == (False, 4, None)


@pytest.mark.parametrize(
    ("members", "at"),
    [
        ({"concurrency_max": 0}, "concurrency_max"),
        ({"concurrency_max": 1_001}, "concurrency_max"),
        ({"retry_delays_s": (0.0,)}, "retry_delays_s"),
        ({"retry_delays_s": (1.0,) * 51}, "retry_delays_s"),
    ],
)
@pytest.mark.usefixtures("made")
async def test_what_is_out_of_bounds_is_refused(
    bench: Bench, members: dict[str, Any], at: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        await create_endpoint(CreateEndpoint(TENANT, "acme", URL, **members), bench.context)
    assert refused.value.field == at
    with pytest.raises(InvalidField):
        await patch_endpoint(PatchEndpoint(TENANT, "acme", "one", **members), bench.context)


async def test_tombstones_keep_none_of_it(bench: Bench, made: Endpoint) -> None:
    await delete_endpoint(DeleteEndpoint(TENANT, "acme", "one"), bench.context)
    (tombstone,) = await bench.reads.endpoints_by_id([made.id])
    assert options_of(tombstone) == DEFAULTS
    gone = await delete_application(DeleteApplication(TENANT, "acme"), bench.context)
    assert gone.tombstone.weight == 1


@pytest.mark.usefixtures("made")
async def test_an_application_keeps_its_weight_until_it_is_named(bench: Bench) -> None:
    put = await replace_application(UpdateApplication(TENANT, "acme", "New"), bench.context)
    assert wire.application(put.application).weight == 3
    patch = PatchApplication(TENANT, "acme", weight=1_000)
    assert (await patch_application(patch, bench.context)).application.weight == 1_000
    put = await replace_application(UpdateApplication(TENANT, "acme", "A", weight=2), bench.context)
    found = await bench.reads.find_application(TENANT, "acme")
    assert found == put.application
    new = await replace_application(UpdateApplication(TENANT, "new", "New"), bench.context)
    assert new.application.weight == 1
    for weight in (0, 1_001):
        with pytest.raises(InvalidField) as refused:
            await create_application(CreateApplication(TENANT, "A", weight=weight), bench.context)
        assert refused.value.field == "weight"


async def test_a_new_weight_is_read_with_the_recipients(bench: Bench, made: Endpoint) -> None:
    await patch_application(PatchApplication(TENANT, "acme", weight=8), bench.context)
    recipients = (await bench.reads.recipients([made.application_id]))[made.application_id]
    assert (recipients.share, recipients.tenant_id, recipients.version) == (8, TENANT, 3)
