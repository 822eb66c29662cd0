"""The rate of an application is that of its endpoints without one of their own."""

from importlib.resources import files

from angarium_chassis.database.engine import Database
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    PatchApplication,
    PatchEndpoint,
    UpdateApplication,
)
from angarium_dispatcher.adapters.database.schema import SCHEMA
from angarium_dispatcher.adapters.streams import wire
from angarium_dispatcher.application.endpoints.save_endpoint import (
    create_endpoint,
    patch_endpoint,
)
from angarium_dispatcher.application.tenants.save_application import (
    create_application,
    patch_application,
    replace_application,
)

from ..conftest import Bench

TENANT = b"t" * 16
URL = "https://example.com/hook"
_VERSIONS = files("angarium_dispatcher").joinpath("migrations/versions").iterdir()
SINCE_RATES = sum("0004" <= path.name < "1" for path in _VERSIONS)
"""Migrations from the one on that added the rate of the application."""


async def make(bench: Bench, rate: int | None, **own_rates: int | None) -> None:
    command = CreateApplication(TENANT, "Acme", "acme", throttle_rate=rate)
    await create_application(command, bench.context)
    for uid, own in own_rates.items():
        endpoint = CreateEndpoint(TENANT, "acme", URL, uid, throttle_rate=own)
        await create_endpoint(endpoint, bench.context)


async def announced(bench: Bench) -> dict[str | None, int | None]:
    """The rates that readers of the directory learn, by uid, each change exactly once."""
    part = await bench.reads.directory_since(0, 100, with_applications=True, with_endpoints=True)
    states = {one.uid: wire.endpoint_state(one).throttle_rate for one in part.endpoints}
    told: dict[str | None, int | None] = {}
    version = 0
    for change in bench.announcer.changes:
        assert change.previous_version == version
        versions = {one.version for one in change.applications}
        versions |= {one.version for one in change.endpoints}
        assert versions == set(range(version + 1, change.version + 1))
        version = change.version
        told |= {one.uid: wire.endpoint_state(one).throttle_rate for one in change.endpoints}
    assert told == states
    assert part.version == version
    return states


async def test_endpoints_without_a_rate_take_that_of_the_application(bench: Bench) -> None:
    await make(bench, 1, without=None, fast=1000)
    assert await announced(bench) == {"without": 1, "fast": 1000}


async def test_a_changed_rate_reaches_them_and_null_takes_it_away(bench: Bench) -> None:
    await make(bench, None, one=None, two=None, fast=1000)
    for rate in (5, 6, None, 7):
        patch = PatchApplication(TENANT, "acme", throttle_rate=rate)
        await patch_application(patch, bench.context)
        assert await announced(bench) == {"one": rate, "two": rate, "fast": 1000}
    await replace_application(UpdateApplication(TENANT, "acme", "Acme"), bench.context)
    assert await announced(bench) == {"one": None, "two": None, "fast": 1000}


async def test_an_endpoint_that_loses_its_rate_takes_that_of_the_application(bench: Bench) -> None:
    await make(bench, 3, one=1000)
    await patch_application(PatchApplication(TENANT, "acme", throttle_rate=4), bench.context)
    patch = PatchEndpoint(TENANT, "acme", "one", throttle_rate=None)
    saved = await patch_endpoint(patch, bench.context)
    assert wire.endpoint(saved.endpoint).throttle_rate is None
    assert await announced(bench) == {"one": 4}


async def test_a_change_of_anything_else_leaves_the_endpoints_alone(bench: Bench) -> None:
    await make(bench, 3, one=None)
    await patch_application(PatchApplication(TENANT, "acme", name="New"), bench.context)
    await patch_application(PatchApplication(TENANT, "acme", throttle_rate=3), bench.context)
    assert [len(change.endpoints) for change in bench.announcer.changes] == [0, 1, 0, 0]


async def test_the_migration_gives_stored_rates_to_endpoints_and_announces_them(
    bench: Bench, database: Database
) -> None:
    await make(bench, 3, one=None, two=None, fast=1000)
    before = await bench.reads.directory_version()
    await SCHEMA.migrate(database, f"-{SINCE_RATES}")
    await SCHEMA.migrate(database)
    part = await bench.reads.directory_since(
        before, 100, with_applications=True, with_endpoints=True
    )
    assert {one.uid: wire.endpoint_state(one).throttle_rate for one in part.endpoints} == {
        "one": 3,
        "two": 3,
    }
    assert {one.version for one in part.endpoints} == {before + 1, before + 2}
    assert part.version == before + 2
