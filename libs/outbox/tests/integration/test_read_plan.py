"""The cost of a read on Postgres with many accepted events before the pending ones."""

import json
from typing import Any

import pytest
from angarium_outbox.store import OutboxStore
from angarium_outbox.tables import State
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

ROWS = 20_000


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """Plans are those of Postgres."""
    return postgres_url


async def test_a_read_does_not_visit_accepted_events(
    engine: AsyncEngine, store: OutboxStore
) -> None:
    async with engine.begin() as connection:
        for state in (State.ACCEPTED, State.PENDING):
            fill = (
                "insert into angarium_outbox (state, lane, application, event_id, event_type,"
                f" payload, size_bytes, created_ms) select {state:d}, i % 32, 'acme',"
                f" '{state:d}-' || i, 'a.b', '{{}}', 2, 1 from generate_series(1, {ROWS}) as i"
            )
            await connection.execute(text(fill))
        await connection.execute(text("analyze angarium_outbox"))
    seen: list[tuple[str, Any]] = []
    event.listen(
        engine.sync_engine,
        "before_cursor_execute",
        lambda *args: seen.append((args[2], args[3])),
    )

    assert len(await store.pending(range(16), events_max=100, bytes_max=1_000_000)) == 100
    statement, parameters = seen[0]
    async with engine.connect() as connection:
        explained = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters
        )
        plan: Any = explained.scalar_one()
    plan = json.loads(plan) if isinstance(plan, str) else plan

    assert "angarium_outbox_by_state" in json.dumps(plan)
    node = plan[0]["Plan"]
    assert node["Shared Hit Blocks"] + node["Shared Read Blocks"] < 50
