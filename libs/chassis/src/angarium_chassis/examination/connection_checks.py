"""Checks of connections to Postgres: how many may be opened, and through which pooler."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import asyncpg
from sqlalchemy import text

from angarium_chassis.database.engine import Database, postgres_of
from angarium_chassis.database.postgres_url import PoolerOptions

from .findings import Finding, ok, problem, warning
from .process_state import SILENT_S, ProcessState

SUBJECT: Final = "database connections"
SPARE: Final = 10
"""Connections for migrations, backups, `angarium doctor` and operators."""
IN_USE_SHARE_MAX: Final = 0.9
_PROBE_TIMEOUT_S: Final = 1.0
_LESS: Final = (
    "Raise max_connections, lower ANGARIUM_DATABASE_CONNECTIONS_MAX (4 is enough for most), put"
    " PgBouncer in between, or give each service a server of its own."
)
_READ = text("""
    select pg_postmaster_start_time()::text as server,
        current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0) as allowed,
        (select coalesce(sum(numbackends), 0)::int from pg_stat_database) as in_use,
        (select numbackends from pg_stat_database where datname = current_database()) as own,
        (select least(nullif(datconnlimit, -1), nullif(rolconnlimit, -1))
            from pg_database, pg_roles
            where datname = current_database() and rolname = current_user) as own_limit,
        current_setting('statement_timeout') as statement_timeout,
        current_setting('lock_timeout') as lock_timeout,
        pg_backend_pid() as process
""")


@dataclass(frozen=True, slots=True)
class ServerState:
    """A Postgres server as the connection of one service shows it.

    `server` is equal for databases of the same server. `allowed` are the connections that roles
    without privileges may have; `in_use` those of all databases, `own` those of this one, which
    `own_limit` (of the database or the role) may bound. `limits_time` is True if statements and
    waiting for locks have a time limit.
    """

    server: str
    allowed: int
    in_use: int
    own: int
    own_limit: int | None
    limits_time: bool
    pooled: bool
    pooler: PoolerOptions
    keeps_prepared: bool | None = None


async def read_server(database: Database) -> ServerState | None:
    """The state of the server; None on SQLite. Raises the errors in `CONNECTION_ERRORS`."""
    if not database.on_postgres:
        return None
    async with database.reading.connect() as connection:
        row = (await connection.execute(_READ)).one()
        # A pooler answers for many processes of the server, with a number of its own.
        pooled = (await postgres_of(connection)).get_server_pid() != row.process
    through = pooled and database.pooler.keeps_prepared
    return ServerState(
        server=row.server,
        allowed=row.allowed,
        in_use=row.in_use,
        own=row.own,
        own_limit=row.own_limit,
        limits_time="0" not in (row.statement_timeout, row.lock_timeout),
        pooled=pooled,
        pooler=database.pooler,
        keeps_prepared=await _keeps_prepared(database) if through else None,
    )


async def _keeps_prepared(database: Database) -> bool | None:
    """True if a prepared statement still works on another connection of the pooler; None if the
    pooler has no other."""
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as one, engine.connect() as other:
        driver, holder = await postgres_of(one), await postgres_of(other)
        statement = await driver.prepare("select 1", name=f"angarium_doctor_{uuid4().hex}")
        # Until its first use, the pooler keeps the server for this connection.
        await statement.fetchval()
        try:
            # The transaction takes the connection that was used last, where it was prepared.
            async with holder.transaction():
                await holder.execute("select 1")
                await statement.fetchval(timeout=_PROBE_TIMEOUT_S)
        except asyncpg.InvalidSQLStatementNameError:
            return False
        except TimeoutError:
            return None
        finally:
            await one.invalidate()
            await other.invalidate()
    return True


def judge_pooler(service: str, state: ServerState) -> list[Finding]:
    """Judge how a service reaches its database."""
    subject = f"{service} database"
    variable = f"ANGARIUM_{service.upper()}_DATABASE_URL"
    if state.pooled and not state.pooler.is_used:
        return [
            warning(
                subject,
                "It is reached through a connection pooler, and its URL does not say so: time"
                " limits do not apply, and retention may stop.",
                f"Add pooler=transaction to {variable}.",
            )
        ]
    found = []
    if state.keeps_prepared is False:
        found.append(
            problem(
                subject,
                "The connection pooler does not keep prepared statements: statements fail now and"
                " then.",
                "Use PgBouncer 1.21 or newer with max_prepared_statements above 0, or add"
                f" prepared_statements=no to {variable}.",
            )
        )
    if state.pooler.is_used and not state.limits_time:
        found.append(
            warning(
                subject,
                "Through the pooler, the server does not limit the time of statements and of"
                " waiting for locks.",
                "Set both for the role: alter role … set statement_timeout = '30s', and"
                " lock_timeout = '5s'.",
            )
        )
    return found


def judge_connections(
    states: Mapping[str, ServerState],
    processes: Iterable[ProcessState],
    *,
    now_ms: int,
    pool_size: int,
) -> list[Finding]:
    """Judge the connections that the services, named by the keys of `states`, may open.

    During a rolling update there is one process more of each. `pool_size` is that of a process that
    does not run yet. `now_ms` is Unix time by Redis's clock.
    """
    pools: dict[str, list[int]] = defaultdict(list)
    for each in processes:
        if now_ms - each.seen_at_ms < SILENT_S * 1_000:
            size = each.database_pool.size if each.database_pool else pool_size
            pools[each.service].append(size)
    needed = {
        service: sum(pools[service]) + max(pools[service], default=pool_size) for service in states
    }
    on_server: dict[str, list[str]] = defaultdict(list)
    for service, state in states.items():
        on_server[state.server].append(service)
    found = [
        finding
        for services in on_server.values()
        for finding in _judge_server(services, states, needed)
    ]
    return found + [
        warning(
            SUBJECT,
            f"The {service}s may open {needed[service]} connections during a rolling update, and"
            f" the limit of their database or role is {state.own_limit}.",
            "Raise the limit (alter database … connection limit, alter role … connection limit),"
            " or lower ANGARIUM_DATABASE_CONNECTIONS_MAX.",
        )
        for service, state in states.items()
        if state.own_limit is not None
        and not state.pooler.is_used
        and needed[service] > state.own_limit
    ]


def _judge_server(
    services: Sequence[str], states: Mapping[str, ServerState], needed: Mapping[str, int]
) -> list[Finding]:
    allowed = min(states[each].allowed for each in services)
    in_use = max(states[each].in_use for each in services)
    others = max(0, in_use - sum(states[each].own for each in services))
    direct = [each for each in services if not states[each].pooler.is_used]
    named = _named(services)
    ours = sum(needed[each] for each in direct) + SPARE if direct else 0
    if direct and ours + others > allowed:
        beside = f", other databases of the server have {others}," if others else ""
        return [
            warning(
                SUBJECT,
                f"The server of {named} allows {allowed} connections: the services may need"
                f" {ours} during a rolling update{beside} and get none beyond the limit.",
                _LESS,
            )
        ]
    if in_use > allowed * IN_USE_SHARE_MAX:
        return [
            warning(
                SUBJECT,
                f"{in_use} of {allowed} connections of the server of {named} are in use.",
                _LESS,
            )
        ]
    most = f"; the services need at most {ours}" if ours else ""
    return [
        ok(SUBJECT, f"{in_use} of {allowed} connections of the server of {named} are in use{most}.")
    ]


def _named(services: Sequence[str]) -> str:
    return services[0] if len(services) == 1 else f"{', '.join(services[:-1])} and {services[-1]}"
