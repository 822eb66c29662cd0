from collections.abc import AsyncIterator

import asyncpg
import pytest
from angarium_chassis.database.fresh_plans import PLANS_LIVE_S, FreshPlans

ROWS = 20_000
MOVE = """
    update parcel p set weight = 1
    from unnest($1::int[]) as wanted (id) where p.id = wanted.id
"""


@pytest.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """To a database with an empty table, whose statistics nobody renews."""
    opened = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    await opened.execute("create table parcel (id int primary key, weight int)")
    await opened.execute("alter table parcel set (autovacuum_enabled = false)")
    await opened.execute("vacuum analyze parcel")
    yield opened
    await opened.close()


async def rows_read_one_by_one(connection: asyncpg.Connection) -> int:
    await connection.execute("select pg_stat_force_next_flush()")
    query = "select seq_tup_read from pg_stat_user_tables where relname = 'parcel'"
    return int(await connection.fetchval(query))


async def test_plans_made_on_an_empty_table_are_made_anew_once_it_is_full(
    connection: asyncpg.Connection,
) -> None:
    now_s = 0.0
    plans = FreshPlans(lambda: now_s)
    for _ in range(10):  # enough for Postgres to keep the plan
        await plans.renew(connection)
        await connection.execute(MOVE, [1])
    await connection.execute("insert into parcel select n, 0 from generate_series(1, $1) n", ROWS)

    # The hazard: the kept plan reads every row for one.
    before = await rows_read_one_by_one(connection)
    await plans.renew(connection)
    await connection.execute(MOVE, [1])
    assert await rows_read_one_by_one(connection) >= before + ROWS

    now_s = PLANS_LIVE_S
    before = await rows_read_one_by_one(connection)
    await plans.renew(connection)
    await connection.execute(MOVE, [1])
    assert await rows_read_one_by_one(connection) == before
