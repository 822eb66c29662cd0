"""Applications are found by a member of their metadata, and lose it; on both engines."""

from typing import Any

from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import CreateApplication, DeleteApplication, SourceGiven
from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.metadata_members import (
    FindNamedApplications,
    ForgetMetadataMember,
    NamedApplications,
)
from angarium_contracts.queries import Done
from angarium_dispatcher.adapters.database.tables import tables
from angarium_dispatcher.adapters.streams.answer_queries import QueryAnswers
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.save_application import create_application
from angarium_dispatcher.domain.application import Application
from sqlalchemy import event, select

from ..conftest import SEAL, Bench

TENANT = b"t" * 16
PERSON = {"customer": "canary-77", "plan": "free"}


async def create(
    bench: Bench,
    metadata: dict[str, str],
    kind: ApplicationKind = ApplicationKind.APPLICATION,
    tenant_id: bytes = TENANT,
) -> Application:
    sealed = SEAL.close(b"{}", tenant_id)
    source = SourceGiven("github", sealed, sealed, token_hash="h" * 64)
    command = CreateApplication(
        tenant_id,
        "A",
        metadata=metadata,
        kind=kind,
        source=source if kind is ApplicationKind.SOURCE else None,
    )
    return (await create_application(command, bench.context)).application


async def asked(bench: Bench, question: Any) -> Any:
    return await QueryAnswers(bench.context, bench.reads, bench.cache).answer(question)


async def named(bench: Bench, limit: int = 500) -> tuple[list[bytes], int]:
    """The applications of the person, and the number of queries that found them."""
    found: list[bytes] = []
    queries, after = 0, None
    while True:
        question = FindNamedApplications(TENANT, "customer", "canary-77", after=after, limit=limit)
        page = await asked(bench, question)
        assert isinstance(page, NamedApplications)
        found += page.application_ids
        queries, after = queries + 1, page.looked_to
        if after is None:
            return found, queries


async def places_of(canary: str, bench: Bench) -> list[str]:
    found = []
    async with bench.database.engine.connect() as connection:
        for table in tables.sorted_tables:
            for row in (await connection.execute(select(table))).all():
                found += [
                    f"{table.name}.{column}"
                    for column, value in row._mapping.items()
                    if canary.encode()
                    in (value if isinstance(value, bytes) else str(value).encode())
                ]
    return sorted(found)


async def test_applications_of_every_kind_are_found_by_a_member_of_their_metadata(
    bench: Bench,
) -> None:
    mine = [(await create(bench, PERSON, kind)).id for kind in ApplicationKind]
    for other in ({"customer": "canary-7"}, {"client": "canary-77"}, {}):
        await create(bench, other)
    await create(bench, PERSON, tenant_id=b"u" * 16)
    deleted = await create(bench, PERSON)
    command = DeleteApplication(TENANT, format_id(APPLICATION, deleted.id))
    await delete_application(command, bench.context)
    for limit, queries in ((500, 1), (6, 2), (2, 4), (1, 7)):
        found, made = await named(bench, limit)
        assert (sorted(found), made) == (sorted(mine), queries)


async def test_a_page_of_applications_is_read_in_the_order_of_an_index(bench: Bench) -> None:
    database, seen = bench.database, list[tuple[str, Any]]()

    def note(*given: Any) -> None:
        seen.append((given[2], given[3]))

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    await bench.reads.applications_after(TENANT, ("source", b"s" * 16), 500)
    event.remove(engine, "before_cursor_execute", note)
    statement, parameters = next(each for each in seen if "ORDER BY" in each[0])
    explain = "explain" if database.on_postgres else "explain query plan"
    async with database.engine.connect() as connection:
        if database.on_postgres:  # A small table is read faster without an index.
            await connection.exec_driver_sql("set local enable_seqscan = off")
            await connection.exec_driver_sql("set local enable_bitmapscan = off")
        rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
        plan = str(rows.all())
    assert "ix_applications_tenant_id_kind_id" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


async def test_one_application_is_found_only_if_it_has_the_member(bench: Bench) -> None:
    mine, other = await create(bench, PERSON), await create(bench, {"customer": "x"})
    for application_id, found in ((mine.id, (mine.id,)), (other.id, ()), (b"n" * 16, ())):
        question = FindNamedApplications(TENANT, "customer", "canary-77", application_id)
        assert await asked(bench, question) == NamedApplications(found)
    foreign = FindNamedApplications(b"u" * 16, "customer", "canary-77", mine.id)
    assert await asked(bench, foreign) == NamedApplications(())


async def test_nothing_of_the_member_is_left(bench: Bench) -> None:
    mine, other = await create(bench, PERSON), await create(bench, {"customer": "x"})
    assert await places_of("canary-77", bench) == ["applications.metadata"]
    for _ in range(2):
        command = ForgetMetadataMember(TENANT, mine.id, "customer", "canary-77")
        assert await asked(bench, command) == Done()
    assert await places_of("canary-77", bench) == []
    changed = await bench.reads.find_application(TENANT, mine.id)
    assert changed is not None
    assert changed.metadata == {"plan": "free"}
    assert changed.updated_at > mine.updated_at
    assert changed.version > mine.version
    # Once: the repetition found nothing to change.
    assert len(bench.announcer.changes) == 3
    await asked(bench, ForgetMetadataMember(TENANT, other.id, "customer", "canary-77"))
    await asked(bench, ForgetMetadataMember(b"u" * 16, other.id, "customer", "x"))
    kept = await bench.reads.find_application(TENANT, other.id)
    assert kept is not None
    assert kept.metadata == {"customer": "x"}
