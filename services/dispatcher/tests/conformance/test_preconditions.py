"""Commands that depend on the version of what they change, on both engines."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    CreateEventType,
    DeleteApplication,
    DeleteEndpoint,
    DeleteEventType,
    PatchApplication,
    PatchEndpoint,
    PatchEventType,
    Precondition,
    UpdateApplication,
    UpdateEndpoint,
    UpdateEventType,
    version_of,
)
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.save_endpoint import (
    create_endpoint,
    patch_endpoint,
    replace_endpoint,
)
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.delete_event_type import delete_event_type
from angarium_dispatcher.application.tenants.save_application import (
    create_application,
    patch_application,
    replace_application,
)
from angarium_dispatcher.application.tenants.save_event_type import (
    create_event_type,
    patch_event_type,
    replace_event_type,
)
from angarium_dispatcher.domain.refusals import NotFound, VersionDiffers

from ..conftest import Bench

TENANT = b"t" * 16
URL = "https://example.com/hook"

type Write = Callable[[Precondition], Awaitable[object]]


def writes(bench: Bench, name: str) -> dict[str, Write]:
    """Every conditional command, for the application, endpoint or event type of this name."""
    context = bench.context
    return {
        "application put": lambda when: replace_application(
            UpdateApplication(TENANT, name, "New", precondition=when), context
        ),
        "application patch": lambda when: patch_application(
            PatchApplication(TENANT, name, name="New", precondition=when), context
        ),
        "application delete": lambda when: delete_application(
            DeleteApplication(TENANT, name, when), context
        ),
        "endpoint put": lambda when: replace_endpoint(
            UpdateEndpoint(TENANT, "home", name, URL, precondition=when), context
        ),
        "endpoint patch": lambda when: patch_endpoint(
            PatchEndpoint(TENANT, "home", name, description="New", precondition=when), context
        ),
        "endpoint delete": lambda when: delete_endpoint(
            DeleteEndpoint(TENANT, "home", name, when), context
        ),
        "event type put": lambda when: replace_event_type(
            UpdateEventType(TENANT, name, "New", precondition=when), context
        ),
        "event type patch": lambda when: patch_event_type(
            PatchEventType(TENANT, name, description="New", precondition=when), context
        ),
        "event type delete": lambda when: delete_event_type(
            DeleteEventType(TENANT, name, expunge=True, precondition=when), context
        ),
    }


async def created(bench: Bench, kind: str) -> str:
    """Create an object called `here`; its version."""
    context = bench.context
    await create_application(CreateApplication(TENANT, "Home", "home"), context)
    if kind.startswith("application"):
        application = await create_application(CreateApplication(TENANT, "A", "here"), context)
        return version_of(application.application.updated_at)
    if kind.startswith("endpoint"):
        endpoint = await create_endpoint(CreateEndpoint(TENANT, "home", URL, "here"), context)
        return version_of(endpoint.endpoint.updated_at)
    event_type = await create_event_type(CreateEventType(TENANT, "here", ""), context)
    return version_of(event_type.event_type.updated_at)


KINDS = [
    f"{each} {verb}"
    for each in ("application", "endpoint", "event type")
    for verb in ("put", "patch", "delete")
]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_write_happens_only_to_the_version_that_it_names(bench: Bench, kind: str) -> None:
    version, write = await created(bench, kind), writes(bench, "here")[kind]
    for refused in (
        Precondition(if_match=()),
        Precondition(if_match=("1",)),
        Precondition(if_none_match=("*",)),
        Precondition(if_none_match=("1", version)),
        Precondition(if_match=(version,), if_none_match=(version,)),
    ):
        with pytest.raises(VersionDiffers):
            await write(refused)
    await write(Precondition(if_match=("1", version), if_none_match=("1",)))


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_missing_has_no_version(bench: Bench, kind: str) -> None:
    await created(bench, kind)
    write = writes(bench, "missing")[kind]
    absent = VersionDiffers if kind.endswith("put") else NotFound
    with pytest.raises(absent):
        await write(Precondition(if_match=("*",)))
    if kind.endswith("put"):
        await write(Precondition(if_none_match=("*",)))
        with pytest.raises(VersionDiffers):
            await write(Precondition(if_none_match=("*",)))
    await created_or_not(writes(bench, "missing")[kind], exists=kind.endswith("put"))


async def created_or_not(write: Write, *, exists: bool) -> None:
    if exists:
        await write(Precondition(if_match=("*",)))
    else:
        with pytest.raises(NotFound):
            await write(Precondition(if_none_match=("*",)))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.endswith("delete")])
async def test_of_writes_in_two_processes_that_name_one_version_one_happens(
    bench: Bench, second_bench: Bench, kind: str
) -> None:
    version = await created(bench, kind)
    condition = Precondition(if_match=(version,))
    ends = await asyncio.gather(
        *[writes(each, "here")[kind](condition) for each in (bench, second_bench) * 4],
        return_exceptions=True,
    )
    refused = [end for end in ends if isinstance(end, VersionDiffers)]
    assert (len(ends), len(refused)) == (8, 7), ends
