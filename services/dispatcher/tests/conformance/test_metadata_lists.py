"""Lists find applications and endpoints by a member of their metadata; on both engines."""

from typing import Any

from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    DeleteApplication,
    DeleteEndpoint,
    PatchApplication,
    PatchEndpoint,
)
from angarium_contracts.metadata_members import ForgetMetadataMember
from angarium_dispatcher.adapters.database.schema import SCHEMA
from angarium_dispatcher.adapters.database.tables import metadata_members
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.save_endpoint import create_endpoint, patch_endpoint
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.metadata_members import forget_metadata_member
from angarium_dispatcher.application.tenants.save_application import (
    create_application,
    patch_application,
)
from angarium_dispatcher.domain.paging import APPLICATIONS, ENDPOINTS, page_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from ..conftest import Bench

TENANT = b"t" * 16
OTHER = b"u" * 16
GOLD = ("plan", "gold")
URL = "https://example.com/"


async def create(bench: Bench, uid: str, metadata: dict[str, str], tenant: bytes = TENANT) -> bytes:
    command = CreateApplication(tenant, "A", uid, metadata=metadata)
    return (await create_application(command, bench.context)).application.id


async def applications_with(
    bench: Bench, member: tuple[str, str], *, limit: int = 2, descending: bool = False
) -> list[str | None]:
    """The uids of all, page by page."""
    found, iterator = list[str | None](), None
    while True:
        request = page_request(APPLICATIONS, limit=limit, iterator=iterator, descending=descending)
        page = await bench.reads.list_applications(TENANT, request, metadata=member)
        found += [one.uid for one in page.items]
        iterator = page.iterator
        if page.done:
            return found


async def endpoints_with(bench: Bench, app: bytes, member: tuple[str, str]) -> list[str | None]:
    request = page_request(ENDPOINTS, limit=10, iterator=None, descending=False)
    page = await bench.reads.list_endpoints(app, request, metadata=member)
    return [one.uid for one in page.items]


async def members(bench: Bench) -> int:
    async with bench.database.engine.connect() as connection:
        count = await connection.scalar(select(func.count()).select_from(metadata_members))
        return int(count or 0)


async def test_applications_are_found_as_their_metadata_is_now(bench: Bench) -> None:
    for number in range(5):
        await create(bench, f"gold-{number}", {"plan": "gold", "n": str(number)})
    await create(bench, "silver", {"plan": "silver", "gold": "plan"})
    await create(bench, "none", {})
    await create(bench, "theirs", {"plan": "gold"}, OTHER)
    gold = [f"gold-{number}" for number in range(5)]
    assert await applications_with(bench, GOLD) == gold
    assert await applications_with(bench, GOLD, descending=True) == gold[::-1]
    assert await applications_with(bench, ("n", "3")) == ["gold-3"]
    assert await applications_with(bench, ("n", "7")) == []

    await patch_application(
        PatchApplication(TENANT, "gold-0", metadata={"plan": "silver"}), bench.context
    )
    await patch_application(
        PatchApplication(TENANT, "none", metadata={"plan": "gold"}), bench.context
    )
    await delete_application(DeleteApplication(TENANT, "gold-1"), bench.context)
    await forget_metadata_member(
        ForgetMetadataMember(TENANT, await id_of(bench, "gold-2"), *GOLD), bench.context
    )
    assert await applications_with(bench, GOLD) == ["gold-3", "gold-4", "none"]
    assert await applications_with(bench, ("n", "1")) == []
    assert await applications_with(bench, ("n", "2")) == ["gold-2"]


async def id_of(bench: Bench, uid: str) -> bytes:
    found = await bench.reads.find_application(TENANT, uid)
    assert found is not None
    return found.id


async def test_endpoints_are_found_in_their_application(bench: Bench) -> None:
    app, other = await create(bench, "acme", {}), await create(bench, "other", {})
    for uid, metadata in (("a", {"plan": "gold"}), ("b", {"plan": "gold"}), ("c", {"plan": "x"})):
        for owner in ("acme", "other"):
            command = CreateEndpoint(TENANT, owner, URL, uid, metadata=metadata)
            await create_endpoint(command, bench.context)
    assert await endpoints_with(bench, app, GOLD) == ["a", "b"]
    patch = PatchEndpoint(TENANT, "acme", "a", metadata={"plan": "x"})
    await patch_endpoint(patch, bench.context)
    await delete_endpoint(DeleteEndpoint(TENANT, "acme", "b"), bench.context)
    assert await endpoints_with(bench, app, GOLD) == []
    assert await endpoints_with(bench, app, ("plan", "x")) == ["a", "c"]
    assert await endpoints_with(bench, other, GOLD) == ["a", "b"]

    for uid in ("acme", "other"):
        await delete_application(DeleteApplication(TENANT, uid), bench.context)
    assert await members(bench) == 0


async def test_the_migration_finds_what_was_there_before(bench: Bench) -> None:
    app = await create(bench, "acme", {"plan": "gold", "größe": "\u202e漢"})
    command = CreateEndpoint(TENANT, "acme", URL, "e", metadata={"plan": "gold"})
    await create_endpoint(command, bench.context)
    await create(bench, "none", {})
    before = await members(bench)
    await SCHEMA.migrate(bench.database, "-2")
    await SCHEMA.migrate(bench.database)
    assert await members(bench) == before == 3
    assert await applications_with(bench, ("größe", "\u202e漢")) == ["acme"]
    assert await endpoints_with(bench, app, GOLD) == ["e"]


async def test_a_page_is_read_from_the_index(bench: Bench) -> None:
    seen = list[tuple[str, Any]]()

    def note(*given: Any) -> None:
        seen.append((given[2], given[3]))

    engine = bench.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    await applications_with(bench, GOLD)
    event.remove(engine, "before_cursor_execute", note)
    statement, parameters = next(each for each in seen if "ORDER BY" in each[0])
    explain = "explain" if bench.database.on_postgres else "explain query plan"
    async with bench.database.engine.connect() as connection:
        if bench.database.on_postgres:  # A small table is read faster without an index.
            await connection.exec_driver_sql("set local enable_seqscan = off")
            await connection.exec_driver_sql("set local enable_bitmapscan = off")
        rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
        plan = str(rows.all())
    index = "pk_metadata_members" if bench.database.on_postgres else "metadata_members_1"
    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


METADATA = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y"]), max_size=3)


@given(st.data(), st.lists(METADATA, max_size=8), st.integers(1, 3), st.booleans())
@settings(
    max_examples=settings().max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_the_pages_are_a_plain_filter_of_all(
    bench: Bench, data: st.DataObject, given_metadata: list[dict[str, str]], limit: int, down: bool
) -> None:
    tag = str(data.draw(st.integers(0, 2**60)))
    uids = [f"{tag}-{number}" for number in range(len(given_metadata))]
    for uid, metadata in zip(uids, given_metadata, strict=True):
        await create(bench, uid, metadata | {"tag": tag})
    assert await applications_with(bench, ("tag", tag), limit=limit) == uids
    member = data.draw(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"])))
    found = await applications_with(bench, member, limit=limit, descending=down)
    mine = [uid for uid in found if uid in uids]
    expected = [
        uid
        for uid, metadata in zip(uids, given_metadata, strict=True)
        if member in metadata.items()
    ]
    assert mine == (expected[::-1] if down else expected)
