"""Figures of the journal, on both engines."""

from typing import Any

from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.resolutions import Resolution
from angarium_contracts.ids import TENANT, format_id
from angarium_gateway.adapters.database.tables import message_rollup
from angarium_gateway.examination.journal_figures import JournalFigures
from angarium_gateway.examination.journal_state import read_journal
from sqlalchemy import insert, text


async def figures(database: Database, *, top_n: int = 0) -> dict[str, Any]:
    return {
        metric.name: {tuple(each.labels.values()): each.value for each in metric.samples}
        for metric in await JournalFigures(database, top_n=top_n).read()
    }


async def test_an_empty_journal_has_nothing_that_waits(database: Database) -> None:
    found = await figures(database)

    assert found.pop("angarium_background_tasks") == {
        (status,): 0 for status in ("running", "finished", "failed", "canceled")
    }
    assert {tuple(values.items()) for values in found.values()} == {(((), 0),)}
    assert (await read_journal(database, older_than_s=0)).open == 0


async def test_only_the_tenants_with_the_most_messages_are_named(database: Database) -> None:
    clock = (
        "select (extract(epoch from clock_timestamp()))::bigint / 60"
        if database.on_postgres
        else "select unixepoch() / 60"
    )
    async with database.engine.begin() as connection:
        minute = int((await connection.execute(text(clock))).scalar_one())
        for tenant, accepted, ago in ((b"1", 5, 2), (b"2", 7, 2), (b"3", 1, 3), (b"3", 99, 30)):
            await connection.execute(
                insert(message_rollup).values(
                    resolution=int(Resolution.MINUTE),
                    starts_at=(minute - ago) * 60_000_000,
                    tenant_id=tenant * 16,
                    application_id=b"x" * 16,
                    event_type="invoice.paid",
                    accepted=accepted,
                )
            )

    assert (await figures(database, top_n=2))["angarium_top_tenant_messages"] == {
        (format_id(TENANT, b"2" * 16),): 7,
        (format_id(TENANT, b"1" * 16),): 5,
    }
