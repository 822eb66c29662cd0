"""Directory versions, on both engines: in the order of commits, without gaps, for any number
of writers; and reading what changed since one."""

import asyncio
from collections.abc import Sequence

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    DeleteApplication,
    DeleteEndpoint,
    PatchApplication,
)
from angarium_dispatcher.application.configuration.changes import ConfigurationChanges
from angarium_dispatcher.application.configuration.store import Change, DirectoryPart
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.save_endpoint import create_endpoint
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.save_application import (
    create_application,
    patch_application,
)

from ..conftest import Bench

TENANT = b"t" * 16
URL = "https://example.com/"


async def everything_since(bench: Bench, version: int, limit: int) -> list[DirectoryPart]:
    parts: list[DirectoryPart] = []
    while not parts or not parts[-1].done:
        parts.append(
            await bench.reads.directory_since(
                version, limit, with_applications=True, with_endpoints=True
            )
        )
        version = parts[-1].version
    return parts


def states_of(parts: Sequence[DirectoryPart]) -> set[tuple[bytes, int]]:
    """Id and version of every state in the parts."""
    applications = {(one.id, one.version) for part in parts for one in part.applications}
    return applications | {(one.id, one.version) for part in parts for one in part.endpoints}


async def test_concurrent_writers_of_two_processes_take_versions_without_gaps(
    bench: Bench, second_bench: Bench
) -> None:
    await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    async with asyncio.TaskGroup() as tasks:
        for number in range(8):
            for process in (bench, second_bench):
                tasks.create_task(
                    create_endpoint(CreateEndpoint(TENANT, "acme", URL), process.context)
                )
                command = CreateApplication(TENANT, "x", f"same-{number}", get_if_exists=True)
                tasks.create_task(create_application(command, process.context))
    changes = sorted(
        bench.announcer.changes + second_bench.announcer.changes, key=lambda change: change.version
    )
    assert [change.version for change in changes] == list(range(1, 26))
    assert [change.previous_version for change in changes] == list(range(25))
    for process in (bench, second_bench):
        own = [change.version for change in process.announcer.changes]
        assert own == sorted(own)
    assert await bench.reads.directory_version() == 25


async def test_a_reader_of_committed_rows_never_sees_a_version_before_an_earlier_one(
    bench: Bench, second_bench: Bench
) -> None:
    await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    writing = asyncio.gather(
        *[
            create_endpoint(CreateEndpoint(TENANT, "acme", URL), process.context)
            for _ in range(8)
            for process in (bench, second_bench)
        ]
    )
    seen: set[int] = set()
    version = 0
    while not writing.done():
        part = await bench.reads.directory_since(
            version, 5, with_applications=False, with_endpoints=True
        )
        seen |= {one.version for one in part.endpoints}
        version = part.version
        assert set(range(2, version + 1)) <= seen
    await writing


async def test_a_change_that_fails_takes_no_version(bench: Bench) -> None:
    await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)

    async def fails(change: Change) -> None:
        application = await change.find_application(TENANT, "acme")
        assert application is not None
        await change.replace_application(application)
        raise LookupError

    changes: ConfigurationChanges = bench.context.changes
    with pytest.raises(LookupError):
        await changes.apply(fails)
    assert await bench.reads.directory_version() == 1
    saved = await patch_application(PatchApplication(TENANT, "acme", name="B"), bench.context)
    assert saved.application.version == 2


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_paging_from_any_version_gives_the_current_state_of_all_that_changed(
    bench: Bench, limit: int
) -> None:
    for number in range(3):
        uid = f"a{number}"
        await create_application(CreateApplication(TENANT, "x", uid), bench.context)
        for endpoint in range(3):
            await create_endpoint(CreateEndpoint(TENANT, uid, URL, f"e{endpoint}"), bench.context)
    await delete_endpoint(DeleteEndpoint(TENANT, "a0", "e0"), bench.context)
    await delete_application(DeleteApplication(TENANT, "a1"), bench.context)
    latest = await bench.reads.directory_version()
    assert latest == 17

    whole = await everything_since(bench, 0, limit)
    assert whole[-1].version == latest
    applications = {one.id: one for part in whole for one in part.applications}
    endpoints = {one.id: one for part in whole for one in part.endpoints}
    assert [len(applications), len(endpoints)] == [3, 9]
    assert sum(one.deleted for one in applications.values()) == 1
    assert sum(one.deleted for one in endpoints.values()) == 4
    for part in whole:
        assert len(part.applications) <= limit
        assert len(part.endpoints) <= limit

    for since in range(latest + 1):
        found = states_of(await everything_since(bench, since, limit))
        expected = {(id_, version) for id_, version in states_of(whole) if version > since}
        assert found == expected


async def test_what_is_not_wanted_is_left_out(bench: Bench) -> None:
    await create_application(CreateApplication(TENANT, "x", "a"), bench.context)
    await create_endpoint(CreateEndpoint(TENANT, "a", URL), bench.context)
    part = await bench.reads.directory_since(0, 10, with_applications=False, with_endpoints=True)
    assert (part.applications, len(part.endpoints), part.done) == ((), 1, True)
    part = await bench.reads.directory_since(0, 10, with_applications=True, with_endpoints=False)
    assert (len(part.applications), part.endpoints, part.version) == (1, (), 2)
