"""Sources on both engines: found by their id, with what their tenant may use."""

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.directory import ApplicationState
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.ingest_sources import IngestSourceTable
from angarium_gateway.adapters.database.tenants import TenantTable
from angarium_gateway.application.ingest.sources import IngestSources, StoredSource
from angarium_gateway.domain.quotas import NO_QUOTAS
from msgspec.structs import replace


@pytest.fixture
def sources(database: Database) -> IngestSources:
    return IngestSourceTable(database)


@pytest.fixture
def copy(database: Database) -> ApplicationCopyTable:
    return ApplicationCopyTable(database)


@pytest.fixture
async def source(copy: ApplicationCopyTable, tenants: TenantTable) -> ApplicationState:
    tenant = await tenants.create("acme")
    state = ApplicationState(
        b"s" * 16,
        tenant.id,
        2,
        "github",
        kind="source",
        source_type="github",
        sealed_source_config=b"sealed",
        ingest_tokens=(("aa", 0.0), ("bb", 12.5)),
    )
    await copy.learn(state)
    return state


async def test_a_source_is_found_whole(sources: IngestSources, source: ApplicationState) -> None:
    assert await sources.find(source.id) == StoredSource(source, False, NO_QUOTAS)
    assert await sources.find(b"x" * 16) is None


async def test_other_kinds_and_deleted_sources_are_not_found(
    sources: IngestSources, source: ApplicationState, copy: ApplicationCopyTable
) -> None:
    for number, kind in enumerate(("application", "stream")):
        other = replace(source, id=bytes([number]) * 16, kind=kind, uid=None)
        await copy.learn(other)
        assert await sources.find(other.id) is None
    await copy.learn(ApplicationState(source.id, source.tenant_id, 3, None, True, kind="source"))
    assert await sources.find(source.id) is None


async def test_the_state_of_the_tenant_is_found_with_its_source(
    sources: IngestSources, source: ApplicationState, tenants: TenantTable
) -> None:
    await tenants.suspend(source.tenant_id, suspended=True)
    found = await sources.find(source.id)
    assert found is not None
    assert found.suspended
    await tenants.delete(source.tenant_id)
    assert await sources.find(source.id) is None
