"""From when messages are kept for a disabled endpoint, on both engines."""

from datetime import timedelta

import pytest
from angarium_contracts.configuration import CreateApplication, CreateEndpoint, PatchEndpoint
from angarium_contracts.endpoint_options import DisableEndpoint
from angarium_dispatcher.adapters.database.operational_events import OperationalEventRows
from angarium_dispatcher.application.endpoints.disable_endpoint import disable_endpoint
from angarium_dispatcher.application.endpoints.save_endpoint import (
    SavedEndpoint,
    create_endpoint,
    patch_endpoint,
)
from angarium_dispatcher.application.tenants.save_application import create_application
from angarium_dispatcher.domain.kept_messages import KEPT_BEFORE

from ..conftest import Bench

TENANT = b"t" * 16
URL = "https://example.com/hook"


@pytest.fixture
async def made(bench: Bench) -> SavedEndpoint:
    await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    command = CreateEndpoint(TENANT, "acme", URL, "one", keep_while_disabled=True)
    return await create_endpoint(command, bench.context)


async def patched(bench: Bench, **fields: object) -> SavedEndpoint:
    return await patch_endpoint(
        PatchEndpoint(TENANT, "acme", "one", **fields),  # type: ignore[arg-type]
        bench.context,
    )


async def test_enabling_an_endpoint_reports_once_since_when_messages_were_kept(
    bench: Bench, made: SavedEndpoint
) -> None:
    assert made.endpoint.kept_since is None
    disabled = (await patched(bench, disabled=True)).endpoint
    since = disabled.kept_since
    assert since is not None
    assert since == max(made.endpoint.created_at, disabled.updated_at - KEPT_BEFORE)
    assert (await patched(bench, description="d")).endpoint.kept_since == since
    enabled = await patched(bench, disabled=False)
    assert enabled.endpoint.kept_since is None
    assert enabled.resumed is not None
    assert enabled.resumed.kept_since == since
    assert (await patched(bench, description="e")).resumed is None
    events = await OperationalEventRows(bench.database).read(100)
    assert [event for event in events if event.type == "endpoint.resumed"] == [enabled.resumed]


async def test_an_endpoint_that_angarium_disables_keeps_too(
    bench: Bench, made: SavedEndpoint
) -> None:
    command = DisableEndpoint(TENANT, made.application.id, made.endpoint.id, 99, "it failed")
    await disable_endpoint(command, bench.context)
    enabled = await patched(bench, disabled=False)
    assert enabled.resumed is not None


@pytest.mark.usefixtures("made")
async def test_choosing_drop_forgets_and_keep_begins_when_it_is_chosen(bench: Bench) -> None:
    await patched(bench, disabled=True)
    dropped = await patched(bench, keep_while_disabled=False)
    assert dropped.endpoint.kept_since is None
    kept = (await patched(bench, keep_while_disabled=True)).endpoint
    assert kept.kept_since == kept.updated_at
    enabled = await patched(bench, disabled=False, keep_while_disabled=False)
    assert enabled.resumed is None


async def test_an_endpoint_that_is_created_disabled_keeps_from_then_on(bench: Bench) -> None:
    await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    command = CreateEndpoint(TENANT, "acme", URL, "one", disabled=True, keep_while_disabled=True)
    endpoint = (await create_endpoint(command, bench.context)).endpoint
    assert endpoint.kept_since == endpoint.created_at
    assert timedelta(0) < KEPT_BEFORE
