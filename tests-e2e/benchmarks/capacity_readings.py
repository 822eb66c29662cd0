"""Counters of a running platform: CPU time by process, and what Postgres and Redis count.

All are sums since some moment before; `difference` of two readings tells what lies between them.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import psutil
import redis.asyncio as redis
from platform_process import Platform
from resources import cpu_seconds

SERVICES = ("gateway", "dispatcher", "worker")
_TIMEOUT_S = 30.0

# Rows on their way, and what Postgres has not taken back of them yet, are not kept.
_STORED = """
select coalesce(sum(pg_total_relation_size(oid)), 0) from pg_class
where relkind in ('r', 'm') and relnamespace = 'public'::regnamespace
and relname !~ '^(batch|pending_delivery|lane|replica)$'
"""
_ROWS = """
select coalesce(sum(n_tup_ins), 0) as inserted, coalesce(sum(n_tup_upd), 0) as updated,
coalesce(sum(n_tup_del), 0) as deleted from pg_stat_user_tables
"""
_TRANSACTIONS = "select xact_commit from pg_stat_database where datname = current_database()"
# Of Postgres 18: what each connection has written to the log.
_BACKENDS = """
select pid, datname, (pg_stat_get_backend_wal(pid)).wal_bytes::float8 as wal_bytes
from pg_stat_activity
where backend_type = 'client backend' and datname like 'angarium_%' and pid <> pg_backend_pid()
"""
_WAL = "select wal_bytes::float8 from pg_stat_wal"
_LEDGERS = {"gateway": "message", "worker": "attempt"}
_INSERTED = """
select coalesce(sum(n_tup_ins), 0)::int8 from pg_stat_user_tables
where relname ~ ('^' || $1::text || '_(default|from_)')
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """Sums by counter, and `connections`, which is none."""

    sums: Mapping[str, float]
    connections: Mapping[str, int]


def difference(before: Reading, after: Reading) -> dict[str, float]:
    """By how much each sum has grown."""
    return {name: max(0.0, after.sums[name] - before.sums.get(name, 0.0)) for name in after.sums}


class PlatformReader:
    """Reads a platform's counters; each service has a database of its own in one Postgres."""

    def __init__(self, platform: Platform, databases: Mapping[str, asyncpg.Connection]) -> None:
        self._platform = platform
        self._databases = databases
        self._redis = redis.from_url(platform.redis_url)

    @classmethod
    async def open(cls, platform: Platform) -> "PlatformReader":
        """Connect to every database. `close` it."""
        databases = {
            service: await asyncpg.connect(
                platform.database_urls[service].replace("+asyncpg", ""),
                timeout=_TIMEOUT_S,
                ssl=False,
            )
            for service in SERVICES
        }
        return cls(platform, databases)

    async def close(self) -> None:
        await self._redis.aclose()
        for connection in self._databases.values():
            await connection.close(timeout=_TIMEOUT_S)

    async def all_settled(self, timeout_s: float) -> bool:
        """Wait until no batch is open, nothing is pending and statistics have counted all."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while await self._unsettled():
                    await asyncio.sleep(0.25)
                return True
        return False

    async def _unsettled(self) -> bool:
        gateway, worker = self._databases["gateway"], self._databases["worker"]
        if await gateway.fetchval("select exists (select from batch)"):
            return True
        if await worker.fetchval("select exists (select from pending_delivery)"):
            return True
        for service, ledger in _LEDGERS.items():
            query = (
                f"select exists (select from {ledger} where recorded_in >="
                " (select position from rollup_position where ledger = $1))"
            )
            if await self._databases[service].fetchval(query, ledger):
                return True
        return False

    async def rows_counted(self, messages: int, attempts: int, timeout_s: float) -> None:
        """Wait until Postgres counts so many rows in the ledgers since it began: a connection
        tells what it did when it is used again, or after ten seconds."""
        wanted = {"gateway": messages, "worker": attempts}
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while any(
                    [await self._inserted(service) < count for service, count in wanted.items()]
                ):
                    await asyncio.sleep(0.25)

    async def inserted(self) -> dict[str, int]:
        """Rows of the ledgers that Postgres has counted, by service."""
        return {service: await self._inserted(service) for service in _LEDGERS}

    async def _inserted(self, service: str) -> int:
        connection = self._databases[service]
        return int(await connection.fetchval(_INSERTED, _LEDGERS[service]))

    async def without_page_images(self) -> None:
        """Let Postgres log changes only, not whole pages after a checkpoint: how many of these
        there are depends on how often it makes one, not on the workload."""
        await self._databases["gateway"].execute("alter system set full_page_writes = off")
        await self._databases["gateway"].execute("select pg_reload_conf()")

    async def read(self) -> Reading:
        """All counters, as of now."""
        sums = {
            f"cpu ms {name}": used_s * 1_000
            for name, used_s in cpu_seconds(self._platform.pids).items()
        }
        connections: dict[str, int] = {}
        for service, connection in self._databases.items():
            # Statistics of a transaction are seen by others after a second at the latest.
            await connection.execute("select pg_stat_clear_snapshot()")
            sums[f"{service} stored bytes"] = float(await connection.fetchval(_STORED))
            rows = await connection.fetchrow(_ROWS)
            sums[f"{service} rows written"] = float(sum(rows.values()))
            sums[f"{service} transactions"] = float(await connection.fetchval(_TRANSACTIONS))
            sums[f"{service} wal bytes"] = sums[f"cpu ms {service}'s postgres"] = 0.0
        for pid, database, wal_bytes in await self._databases["gateway"].fetch(_BACKENDS):
            service = database.removeprefix("angarium_")
            connections[service] = connections.get(service, 0) + 1
            sums[f"{service} wal bytes"] += wal_bytes or 0.0
            with suppress(psutil.NoSuchProcess):
                times = psutil.Process(pid).cpu_times()
                sums[f"cpu ms {service}'s postgres"] += (times.user + times.system) * 1_000
        sums["wal bytes"] = float(await self._databases["gateway"].fetchval(_WAL))
        return Reading(sums | await self._of_redis(connections), connections)

    async def _of_redis(self, connections: dict[str, int]) -> dict[str, float]:
        found: dict[str, Any] = await self._redis.info()
        connections["redis"] = int(found["connected_clients"])
        return {
            "redis bytes in": float(found["total_net_input_bytes"]),
            "redis bytes out": float(found["total_net_output_bytes"]),
            "redis commands": float(found["total_commands_processed"]),
            "redis round trips": float(found["total_reads_processed"]),
        }
