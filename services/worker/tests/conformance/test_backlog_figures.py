"""Figures of the pending deliveries, on both engines."""

from collections.abc import Callable
from typing import Any

from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.resolutions import LENGTH_US, Resolution, start_of
from angarium_contracts.ids import ENDPOINT, TENANT, format_id
from angarium_worker.adapters.database.tables import delivery_rollup
from angarium_worker.application.ledger.records import Ledger, Record
from angarium_worker.domain.delivery import Lane
from angarium_worker.examination.backlog_figures import BacklogFigures
from sqlalchemy import insert, text


async def figures(database: Database, *, top_n: int = 0) -> dict[str, Any]:
    return {
        metric.name: {tuple(each.labels.values()): each.value for each in metric.samples}
        for metric in await BacklogFigures(database, top_n=top_n).read()
    }


async def test_pending_deliveries_are_counted_by_what_they_wait_for(
    ledger: Ledger, database: Database, pending_row: Callable[..., Any]
) -> None:
    await ledger.record(
        [
            Record(
                (),
                [
                    pending_row(message_id=b"1" * 16, due_in_us=60_000_000),
                    pending_row(message_id=b"2" * 16, due_in_us=-10_000_000),
                    pending_row(message_id=b"3" * 16, due_in_us=-90_000_000),
                    pending_row(message_id=b"4" * 16, due_in_us=-10_000_000, lane=Lane.FIRST),
                ],
            )
        ]
    )

    found = await figures(database)

    assert found["angarium_deliveries_pending"] == {(): 4}
    assert found["angarium_deliveries_parked"] == {(): 1}
    assert found["angarium_retries_due"] == {(): 2}
    assert found["angarium_retries_overdue"] == {(): 1}
    assert 90 <= found["angarium_retries_overdue_seconds"][()] < 600
    assert found["angarium_lanes"] == {(): 1}
    assert not any(name.startswith("angarium_top") for name in found)


async def test_an_empty_database_has_nothing_that_waits(database: Database) -> None:
    assert {tuple(values.values()) for values in (await figures(database)).values()} == {(0.0,)}


async def now_us(database: Database) -> int:
    clock = (
        "select (extract(epoch from clock_timestamp()) * 1000000)::bigint"
        if database.on_postgres
        else "select unixepoch() * 1000000"
    )
    async with database.engine.connect() as connection:
        return int((await connection.execute(text(clock))).scalar_one())


async def test_only_the_tenants_and_endpoints_with_the_most_attempts_are_named(
    database: Database,
) -> None:
    this_minute = start_of(await now_us(database), Resolution.MINUTE)
    minute_us = LENGTH_US[Resolution.MINUTE]
    rows = [
        # tenant, endpoint, delivered, failed, minutes ago
        (b"1", b"a", 5, 0, 2),
        (b"2", b"b", 3, 4, 2),
        (b"2", b"c", 3, 1, 3),
        (b"3", b"d", 1, 2, 2),
        (b"3", b"d", 99, 99, 30),
    ]
    async with database.engine.begin() as connection:
        for tenant, endpoint, delivered, failed, ago in rows:
            values = {
                "resolution": int(Resolution.MINUTE),
                "starts_at": this_minute - ago * minute_us,
                "tenant_id": tenant * 16,
                "application_id": b"x" * 16,
                "endpoint_id": endpoint * 16,
                "event_type": "invoice.paid",
                "delivered": delivered,
                "failed": failed,
                "durations": b"",
                "latencies": b"",
            }
            zero = dict.fromkeys(("first_attempts", "exhausted", "retried", "cancelled"), 0)
            await connection.execute(insert(delivery_rollup).values(values | zero))

    found = await figures(database, top_n=2)

    one, two, three = (format_id(TENANT, each * 16) for each in (b"1", b"2", b"3"))
    assert found["angarium_top_tenant_attempts"] == {
        (two, "delivered"): 6,
        (one, "delivered"): 5,
        (two, "failed"): 5,
        (three, "failed"): 2,
    }
    assert found["angarium_top_endpoint_failures"] == {
        (two, format_id(ENDPOINT, b"b" * 16)): 4,
        (three, format_id(ENDPOINT, b"d" * 16)): 2,
    }
