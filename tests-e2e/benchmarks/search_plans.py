"""The cost of a page of a search in a full ledger: the first one, and the hundredth.

    python search_plans.py --attempts 10000000 --messages 2000000

Starts a Postgres of its own, fills the tables of attempts and messages, and walks each search for a
hundred pages, as the services do. Prints the time of a page, how many blocks of 8 kB all of its
statements visit, and which indexes they use; `--plans` prints the plans. Blocks are the figure to
compare: they do not depend on what else the machine does.
"""

import argparse
import asyncio
import json
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.partitions import DAY_MS, partition_name, range_bounds
from angarium_chassis.database.schema import Schema
from angarium_cli.engines import PostgresProcess
from angarium_contracts.attempts import AttemptFilter, Attempts, AttemptStatus, SearchAttempts
from angarium_contracts.ids import MESSAGE, format_id, id_range, lowest_id_at, parse_id
from angarium_contracts.queries import Page
from angarium_gateway.adapters.database.message_search import MessageSearchTable
from angarium_gateway.adapters.database.message_terms import MessageTermIndexer
from angarium_gateway.adapters.database.schema import SCHEMA as GATEWAY
from angarium_gateway.application.read.messages import MessageFilter, MessageWindow
from angarium_worker.adapters.database.attempt_search import AttemptSearch
from angarium_worker.adapters.database.schema import SCHEMA as WORKER
from angarium_worker.adapters.destinations.webhook import failed_answer
from rich.console import Console
from rich.table import Table
from sqlalchemy import event, text

DAYS = 10
APPLICATIONS = 30
ENDPOINTS_EACH = 10
LIMIT = 50
PAGES = 100
REPEATS = 5
TENANT = b"t" * 16
_PARTITION = re.compile(r"_(from_\d{8}|before|default)")
_END_MS = 1_900_000_000_000 // DAY_MS * DAY_MS  # after the partition of what was before
_BEGIN_MS = _END_MS - DAYS * DAY_MS

type Turn = Callable[[bytes | None], Awaitable[tuple[bytes | None, bool]]]
"""One page, from a position on: the position after it, and whether it is the last."""

_ID = """substring(int8send({begin} + (i::numeric * {span} / {rows})::bigint) from 3 for 6)
    || '\\x7000'::bytea || substring(decode(md5({salt} || i::text), 'hex') from 1 for 8)"""
_ATTEMPTS = """
insert into attempt (message_id, id, endpoint_id, application_id, tenant_id, event_type, url,
    number, status, trigger, response_status, response, duration_ms, ended_at, channels)
select {message}, {id}, e.id, e.application_id, e.tenant_id,
    'type.' || (i / {endpoints} % 20), 'https://example.com/hook', 1,
    case when i / {endpoints} % 100 < 3 then 2 else 0 end, 0,
    case i / {endpoints} % 100 when 0 then 0 when 1 then 404 when 2 then 503 else 200 end,
    '\\x6f6b', 12, ({begin} + (i::numeric * {span} / {rows})::bigint) * 1000,
    case when i / {endpoints} % 1000 = 7 then '["rare"]' end
from generate_series({first}, {last}) as i
join endpoint_copy as e on e.id = decode(lpad(to_hex(i % {endpoints}), 32, '0'), 'hex')
"""
_MESSAGES = """
insert into message (application_id, id, tenant_id, event_type, event_id, channels, tags, payload)
select decode(lpad(to_hex(1000 + i % {applications}), 32, '0'), 'hex'), {id},
    convert_to(repeat('t', 16), 'UTF8'), 'type.' || (i / {applications} % 20), 'evt_' || i,
    case when i / {applications} % 100 = 3 then '["some"]' end,
    case when i / {applications} % 1000 = 7 then '["rare"]' end, '\\x7b7d'
from generate_series({first}, {last}) as i
"""
_CLAIMS = """
insert into event_claim (application_id, event_id, message_id)
select application_id, event_id, id from message
"""


class Statements:
    """The statements that a database gets, with their parameters."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.seen: list[tuple[str, Any]] = []
        event.listen(database.engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, *args: Any) -> None:
        statement, parameters = args[2], args[3]
        if not statement.startswith("EXPLAIN"):
            self.seen.append((statement, parameters))

    async def plans(self) -> list[dict[str, Any]]:
        """Carry out again what was seen, for its plans."""
        found = []
        async with self._database.engine.connect() as connection:
            for statement, parameters in self.seen:
                explained = await connection.exec_driver_sql(
                    "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement, parameters
                )
                value = explained.scalar_one()
                found.append((json.loads(value) if isinstance(value, str) else value)[0])
        return found


def blocks_of(plan: dict[str, Any]) -> int:
    """The blocks that a statement visits, in the cache or not."""
    node = plan["Plan"]
    return int(node["Shared Hit Blocks"] + node["Shared Read Blocks"])


def indexes_of(node: dict[str, Any]) -> set[str]:
    """The indexes that a plan used, and tables that it read through; partitions without their
    day."""
    found: set[str] = set()
    if not node["Actual Loops"]:
        return found
    if "Index Name" in node:
        found.add(_PARTITION.sub("", str(node["Index Name"])))
    elif node["Node Type"] == "Seq Scan":
        found.add("seq scan of " + _PARTITION.sub("", str(node["Relation Name"])))
    for child in node.get("Plans", ()):
        found |= indexes_of(child)
    return found


async def divide(database: Database, table: str) -> None:
    """Partitions of a day."""
    async with database.engine.begin() as connection:
        for day in range(DAYS):
            low_ms = _BEGIN_MS + day * DAY_MS
            bounds = range_bounds(lowest_id_at(low_ms), lowest_id_at(low_ms + DAY_MS))
            name = partition_name(table, low_ms)
            await connection.execute(text(f"create table {name} partition of {table} {bounds}"))


async def fill(database: Database, table: str, statement: str, rows: int, **members: Any) -> None:
    """Rows spread evenly over partitions of a day."""
    await divide(database, table)
    given = {"begin": _BEGIN_MS, "span": DAYS * DAY_MS - 1, "rows": rows, **members}
    given["message"] = _ID.format(salt="'m'", **given)
    given["id"] = _ID.format(salt="'a'", **given)
    step = 500_000
    for first in range(1, rows, step):
        part = statement.format(first=first, last=min(first + step - 1, rows - 1), **given)
        async with database.engine.begin() as connection:
            await connection.exec_driver_sql("set local statement_timeout = 0")
            await connection.exec_driver_sql(part)


async def index(database: Database) -> float:
    """Index the messages, as the gateway does behind their way. Returns the time it took."""
    await divide(database, "message_term")
    horizon = "update rollup_position set position = txid_snapshot_xmin(txid_current_snapshot())"
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(horizon)
    began_s = time.monotonic()
    await MessageTermIndexer(database).turn()
    return time.monotonic() - began_s


async def sizes(database: Database, *tables: str) -> str:
    """The sizes of partitioned tables with their indexes."""
    found = []
    async with database.engine.connect() as connection:
        for table in tables:
            size = "select sum(pg_total_relation_size(inhrelid)) from pg_inherits"
            of_table = f"{size} where inhparent = '{table}'::regclass"
            megabytes = (await connection.exec_driver_sql(of_table)).scalar_one() / 2**20
            found.append(f"{table} {megabytes:,.0f} MB")
    return ", ".join(found)


async def analyze(database: Database) -> None:
    """Vacuum, as autovacuum does in time."""
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("set statement_timeout = 0")
        await connection.exec_driver_sql("vacuum analyze")
        await connection.exec_driver_sql("reset statement_timeout")


async def fill_worker(database: Database, attempts: int) -> None:
    """Attempts at `APPLICATIONS * ENDPOINTS_EACH` endpoints, three of a hundred failed."""
    endpoints = APPLICATIONS * ENDPOINTS_EACH
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "insert into endpoint_copy (id, tenant_id, application_id, version, url, secrets,"
            " disabled, deleted) select decode(lpad(to_hex(i), 32, '0'), 'hex'),"
            " convert_to(repeat('t', 16), 'UTF8'),"
            f" decode(lpad(to_hex(1000 + i / {ENDPOINTS_EACH}), 32, '0'), 'hex'), 1, '', '\\x90',"
            f" false, false from generate_series(0, {endpoints - 1}) as i"
        )
    await fill(database, "attempt", _ATTEMPTS, attempts, endpoints=endpoints)
    await analyze(database)


async def fill_gateway(database: Database, messages: int) -> None:
    """Messages of `APPLICATIONS` applications; one of a thousand has the tag `rare`, one
    of a hundred the channel `some`."""
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "insert into application_copy (id, tenant_id, version, deleted)"
            " select decode(lpad(to_hex(1000 + i), 32, '0'), 'hex'),"
            " convert_to(repeat('t', 16), 'UTF8'), 1, false"
            f" from generate_series(0, {APPLICATIONS - 1}) as i"
        )
    await fill(database, "message", _MESSAGES, messages, applications=APPLICATIONS)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("set local statement_timeout = 0")
        await connection.exec_driver_sql(_CLAIMS)


def attempt_turn(search: AttemptSearch, **members: Any) -> Turn:
    """Pages of a search for attempts."""
    of = {name: members.pop(name) for name in ("application_id", "endpoint_id") if name in members}

    async def turn(past: bytes | None) -> tuple[bytes | None, bool]:
        iterator = None if past is None else format_id("atmpt", past)
        question = SearchAttempts(
            tenant_id=TENANT,
            page=Page(limit=LIMIT, iterator=iterator),
            filter=AttemptFilter(with_content=False, **members),
            **of,
        )
        found = await search.search(question)
        assert isinstance(found, Attempts)
        assert found.iterator is not None, "nothing found"
        return parse_id("atmpt", found.iterator), found.done

    return turn


def message_turn(
    search: MessageSearchTable, application_id: bytes | None = None, **members: Any
) -> Turn:
    """Pages of a search for messages."""

    async def turn(past: bytes | None) -> tuple[bytes | None, bool]:
        found = await search.search(
            TENANT,
            application_id,
            MessageWindow(LIMIT, past),
            MessageFilter(**members),
            with_content=False,
        )
        return found.oldest, found.done

    return turn


class Measured(msgspec.Struct):
    """One page of one search. `pages`: it was the last, if there were fewer than asked for."""

    ms: float
    blocks: int
    indexes: list[str]
    page: int


async def measure(turn: Turn, statements: Statements, *, plans: bool) -> tuple[Measured, Measured]:
    """The first page and the `PAGES`th, or the last before it."""
    past: bytes | None = None
    starts: list[bytes | None] = [None]
    for _ in range(PAGES - 1):
        past, done = await turn(past)
        if done:
            break
        starts.append(past)
    found = []
    for number in (1, len(starts)):
        start = starts[number - 1]
        times_ms = []
        for _ in range(REPEATS):
            statements.seen.clear()
            began_s = time.perf_counter()
            await turn(start)
            times_ms.append((time.perf_counter() - began_s) * 1_000)
        explained = await statements.plans()
        if plans:
            print(json.dumps(explained, indent=1))
        indexes = set().union(*(indexes_of(each["Plan"]) for each in explained))
        blocks = sum(map(blocks_of, explained))
        found.append(Measured(statistics.median(times_ms), blocks, sorted(indexes), number))
    return found[0], found[1]


def attempt_searches(search: AttemptSearch) -> dict[str, Turn]:
    """The searches for attempts."""
    of = {"application_id": (1003).to_bytes(16)}
    middle = datetime.fromtimestamp((_BEGIN_MS + DAYS * DAY_MS // 2) / 1_000, UTC)
    return {
        "attempts at one endpoint": attempt_turn(search, endpoint_id=(35).to_bytes(16)),
        "attempts of one application": attempt_turn(search, **of),
        "… that failed (3 %)": attempt_turn(search, status=AttemptStatus.FAIL, **of),
        "… answered 5xx (1 %)": attempt_turn(search, status_class=500, **of),
        "… that failed with 5xx (1 %)  ": attempt_turn(
            search, status=AttemptStatus.FAIL, status_class=500, **of
        ),
        "… that failed at one endpoint (3 %)": attempt_turn(
            search, status=AttemptStatus.FAIL, endpoint_id=(35).to_bytes(16)
        ),
        "… of one type (5 %)": attempt_turn(search, event_types=("type.3",), **of),
        "… before a time": attempt_turn(search, before=middle, **of),
        "attempts of the tenant": attempt_turn(search),
        "… that failed (3 %) ": attempt_turn(search, status=AttemptStatus.FAIL),
        "… that failed with 5xx (1 %)": attempt_turn(
            search, status=AttemptStatus.FAIL, status_class=500
        ),
        "… that failed for good (3 %)": attempt_turn(
            search, status=AttemptStatus.FAIL, latest=True, will_retry=False
        ),
        "… without an answer (1 %)": attempt_turn(search, status_class=0),
        "… with a channel (0.1 %)": attempt_turn(search, channel="rare"),
    }


def message_searches(search: MessageSearchTable) -> dict[str, Turn]:
    """The searches for messages."""
    one = (1003).to_bytes(16)
    prefix = format_id(MESSAGE, lowest_id_at(_END_MS - DAY_MS))[:8]
    return {
        "messages of one application": message_turn(search, one),
        "… of one type (5 %) ": message_turn(search, one, event_types=("type.3",)),
        "… with a channel (1 %)": message_turn(search, one, channel="some"),
        "… with a tag (0.1 %)": message_turn(search, one, tag="rare"),
        "messages of the tenant": message_turn(search),
        "… of one type (5 %)  ": message_turn(search, event_types=("type.3",)),
        "… with a channel (1 %) ": message_turn(search, channel="some"),
        "… with a tag (0.1 %) ": message_turn(search, tag="rare"),
        "… by the beginning of the id": message_turn(search, ids=id_range(MESSAGE, prefix)),
        "… by eventId": message_turn(search, event_id="evt_1234"),
        "… by the beginning of eventId": message_turn(search, event_id_prefix="evt_12"),
    }


@asynccontextmanager
async def opened(postgres: PostgresProcess, name: str, schema: Schema) -> AsyncIterator[Database]:
    """An empty database of a service."""
    await postgres.create_database(name)
    database = open_database(postgres.uri(name, driver="asyncpg"), connections_max=2)
    try:
        await schema.migrate(database)
        yield database
    finally:
        await database.close()


async def run(arguments: argparse.Namespace, postgres: PostgresProcess) -> None:
    """Fill, measure and print."""
    console = Console()
    table = Table("search", "page 1", "blocks", "page", "ms", "blocks", "indexes")
    async with (
        opened(postgres, "plans_worker", WORKER) as worker,
        opened(postgres, "plans_gateway", GATEWAY) as gateway,
    ):
        began_s = time.monotonic()
        await fill_worker(worker, arguments.attempts)
        await fill_gateway(gateway, arguments.messages)
        console.print(f"filled in {time.monotonic() - began_s:.0f} s")
        console.print(f"{arguments.messages:,} messages indexed in {await index(gateway):.1f} s")
        await analyze(gateway)
        console.print(await sizes(gateway, "message", "message_term"))
        searches = [
            (worker, attempt_searches(AttemptSearch(worker, failed_answer))),
            (gateway, message_searches(MessageSearchTable(gateway))),
        ]
        for database, turns in searches:
            statements = Statements(database)
            for name, turn in turns.items():
                first, last = await measure(turn, statements, plans=arguments.plans)
                table.add_row(
                    name,
                    f"{first.ms:.1f} ms",
                    f"{first.blocks:,}",
                    str(last.page),
                    f"{last.ms:.1f}",
                    f"{last.blocks:,}",
                    ", ".join(last.indexes),
                )
    console.print(table)


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=10_000_000)
    parser.add_argument("--messages", type=int, default=2_000_000)
    parser.add_argument("--plans", action="store_true", help="print the plans as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # As root, Postgres runs as another user, who must be able to enter.
        Path(folder).chmod(0o711)
        postgres = PostgresProcess(Path(folder) / "postgres", fsync=False)
        postgres.start()
        try:
            asyncio.run(run(arguments, postgres))
        finally:
            postgres.stop()


if __name__ == "__main__":
    main()
