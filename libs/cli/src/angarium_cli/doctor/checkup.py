"""All checks, in order, each with a time limit."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

from angarium_chassis.database.engine import CONNECTION_ERRORS, Database, open_database
from angarium_chassis.examination.clocks import ClockReading, judge_clocks
from angarium_chassis.examination.connection_checks import SUBJECT as CONNECTIONS
from angarium_chassis.examination.connection_checks import (
    ServerState,
    judge_connections,
    judge_pooler,
    read_server,
)
from angarium_chassis.examination.database_checks import (
    check_database,
    database_clock,
    judge_partitions,
    read_partitions,
)
from angarium_chassis.examination.directory_checks import judge_directory
from angarium_chassis.examination.findings import Finding, Level, ok, problem, worst
from angarium_chassis.examination.process_checks import judge_stream_counts
from angarium_chassis.examination.process_state import SILENT_S
from angarium_chassis.examination.redis_checks import check_quarantine, check_redis, redis_clock
from angarium_chassis.examination.replica_checks import check_replica
from angarium_chassis.examination.stream_checks import groups_read_by, judge_group, read_group
from angarium_chassis.process import StartRefused
from angarium_chassis.sealing import Seal
from angarium_chassis.settings import ServiceSettings
from angarium_chassis.streams.process_registry import running_processes
from angarium_chassis.streams.stream_numbers import numbers_in_use
from angarium_gateway.examination.journal_checks import judge_journal
from angarium_gateway.examination.journal_state import read_journal
from angarium_worker.examination.deliveries import read_pending
from angarium_worker.examination.delivery_checks import judge_pending
from redis.asyncio import Redis
from redis.exceptions import RedisError

from angarium_cli.databases import is_missing_file
from angarium_cli.dev.ports import ready_problem
from angarium_cli.doctor import key_checks
from angarium_cli.doctor.key_checks import judge_fallbacks
from angarium_cli.doctor.settings_checks import judge_settings, read_settings, seal_or_none
from angarium_cli.installation import Installation
from angarium_cli.redis_client import open_redis
from angarium_cli.services import ServiceName, examination_of

CHECK_TIMEOUT_S = 10.0


class Checkup:
    """One checkup of a platform. `on_check` is called with the subject of each check."""

    def __init__(
        self,
        installation: Installation,
        *,
        older_than_s: float,
        on_check: Callable[[str], None],
        check_timeout_s: float = CHECK_TIMEOUT_S,
    ) -> None:
        self._installation = installation
        self._older_than_s = older_than_s
        self._on_check = on_check
        self._timeout_s = check_timeout_s
        self._findings: list[Finding] = []
        self._databases: dict[ServiceName, Database] = {}
        self._clocks: list[ClockReading] = []
        self._servers: dict[ServiceName, ServerState] = {}
        self._in_streams: int | None = None

    async def run(self) -> list[Finding]:
        """Run all checks; gives their findings in order. Raises nothing for a broken part."""
        self._on_check("settings")
        settings, self._findings = read_settings(self._installation)
        self._findings += judge_settings(settings)
        async with AsyncExitStack() as opened:
            redis = await self._redis(settings, opened)
            for service, each in settings.items():
                await self._database(service, each, opened)
            await self._replicas(settings)
            await self._connections(settings, redis)
            if redis is not None:
                await self._streams(redis, settings)
            await self._rows()
            await self._partitions()
            await self._directory()
            await self._keys(settings)
        self._findings += judge_clocks(self._clocks)
        for name, port in self._installation.internal_ports.items():
            await self._check(name, partial(_readiness, name, port))
        return self._findings

    async def _check(
        self, subject: str, look: Callable[[], Awaitable[list[Finding]]]
    ) -> list[Finding]:
        """Run one check; an error or a time-out is a finding."""
        self._on_check(subject)
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await look()
        except TimeoutError:
            found = [
                problem(
                    subject,
                    f"No answer within {self._timeout_s:g} s.",
                    "Check that it is running, not overloaded, and reachable from here.",
                )
            ]
        except (RedisError, *CONNECTION_ERRORS) as error:
            found = [
                problem(
                    subject,
                    f"It cannot be checked: {_reason(error)}.",
                    "Check that it is running, that its URL is correct, and that it is reachable"
                    " from here.",
                )
            ]
        self._findings += found
        return found

    async def _redis(
        self, settings: dict[ServiceName, ServiceSettings], opened: AsyncExitStack
    ) -> Redis | None:
        if not settings:
            return None
        url = next(iter(settings.values())).redis_url.get_secret_value()
        try:
            redis = open_redis(url)
        except ValueError as error:
            self._findings.append(problem("redis", f"{error}.", "Correct ANGARIUM_REDIS_URL."))
            return None
        opened.push_async_callback(redis.aclose)
        found = await self._check("redis", lambda: check_redis(redis))
        return None if worst(found) is Level.PROBLEM else redis

    async def _database(
        self, service: ServiceName, settings: ServiceSettings, opened: AsyncExitStack
    ) -> None:
        subject, url = f"{service} database", settings.database_url.get_secret_value()
        try:
            missing = is_missing_file(url)
            database = None if missing else open_database(url, connections_max=2)
        except StartRefused as refusal:
            self._findings.append(problem(subject, f"{refusal}.", f"Correct {_variable(service)}."))
            return
        if database is None:
            self._findings.append(
                problem(
                    subject,
                    "The SQLite file does not exist.",
                    f"Run `angarium migrate {service}`.",
                )
            )
            return
        opened.push_async_callback(database.close)
        seal = seal_or_none(settings)
        found = await self._check(
            subject, lambda: check_database(service, examination_of(service).SCHEMA, database, seal)
        )
        if worst(found) is not Level.PROBLEM:
            self._databases[service] = database

            async def clock() -> list[Finding]:
                self._clocks.append(await database_clock(service, database))
                return []

            await self._check(subject, clock)

    async def _replicas(self, settings: dict[ServiceName, ServiceSettings]) -> None:
        for service, database in self._databases.items():
            url = getattr(settings[service], f"{service}_replica_url", None)
            if url is not None and url.get_secret_value():
                look = partial(check_replica, service, database, url.get_secret_value())
                await self._check(f"{service} replica", look)

    async def _connections(
        self, settings: dict[ServiceName, ServiceSettings], redis: Redis | None
    ) -> None:
        for service, database in tuple(self._databases.items()):

            async def server(
                service: ServiceName = service, database: Database = database
            ) -> list[Finding]:
                state = await read_server(database)
                if state is None:
                    return []
                self._servers[service] = state
                return judge_pooler(service, state)

            if worst(await self._check(f"{service} database", server)) is Level.PROBLEM:
                del self._databases[service]
        if redis is None or not self._servers:
            return

        async def look(redis: Redis = redis) -> list[Finding]:
            seconds, _ = await redis.time()
            return judge_connections(
                {str(service): state for service, state in self._servers.items()},
                await running_processes(redis),
                now_ms=seconds * 1_000,
                pool_size=max(each.database_connections_max for each in settings.values()),
            )

        await self._check(CONNECTIONS, look)

    async def _streams(self, redis: Redis, settings: dict[ServiceName, ServiceSettings]) -> None:
        async def clock() -> list[Finding]:
            self._clocks.append(await redis_clock(redis))
            return []

        await self._check("redis", clock)
        first = next(iter(settings.values()))
        self._in_streams = 0
        await self._check("processes", partial(_stream_counts, redis))
        numbers = list(range(first.stream_count))

        async def announced() -> list[Finding]:
            nonlocal numbers
            numbers = await numbers_in_use(redis, first.stream_count)
            return []

        await self._check("streams", announced)
        for stream, group in groups_read_by(self._installation.services, numbers):

            async def look(stream: str = stream, group: str = group) -> list[Finding]:
                state = await read_group(redis, stream, group, lease_s=first.entry_lease_s)
                self._in_streams = (self._in_streams or 0) + state.length
                return judge_group(state)

            await self._check(f"stream {stream}", look)
        services = self._installation.services
        await self._check("quarantine", lambda: check_quarantine(redis, services))

    async def _rows(self) -> None:
        gateway, worker = self._databases.get("gateway"), self._databases.get("worker")
        if gateway is not None:

            async def journal(database: Database = gateway) -> list[Finding]:
                state = await read_journal(database, older_than_s=self._older_than_s)
                return judge_journal(state, in_streams=self._in_streams)

            await self._check("gateway batches", journal)
        if worker is not None:

            async def pending(database: Database = worker) -> list[Finding]:
                return judge_pending(await read_pending(database, older_than_s=self._older_than_s))

            await self._check("worker deliveries", pending)

    async def _partitions(self) -> None:
        for service, database in self._databases.items():

            async def look(
                service: ServiceName = service, database: Database = database
            ) -> list[Finding]:
                return judge_partitions(
                    service, await read_partitions(examination_of(service).SCHEMA, database)
                )

            await self._check(f"{service} partitions", look)

    async def _directory(self) -> None:
        dispatcher = self._databases.get("dispatcher")
        for service, database in self._databases.items():
            if dispatcher is None or service == "dispatcher":
                continue

            async def look(
                service: str = service,
                database: Database = database,
                dispatcher: Database = dispatcher,
            ) -> list[Finding]:
                # In this order: a change in between must not look like a restored backup.
                held = await examination_of(service).directory_version(database)
                directory = await examination_of("dispatcher").directory_version(dispatcher)
                return judge_directory(service, held=held, directory=directory)

            await self._check(f"{service} directory copy", look)

    async def _keys(self, settings: dict[ServiceName, ServiceSettings]) -> None:
        seals = [seal_or_none(each) for each in settings.values()]
        seal = seals[0] if seals else None
        if seal is None or len(seal.key_ids) == 1 or len(self._databases) < len(settings):
            return

        async def look(seal: Seal = seal) -> list[Finding]:
            needed: dict[str, tuple[str, ...]] = {
                service: await examination_of(service).SCHEMA.keys(database)
                for service, database in self._databases.items()
            }
            return judge_fallbacks(seal, needed)

        await self._check(key_checks.SUBJECT, look)


async def _stream_counts(redis: Redis) -> list[Finding]:
    since_ms = ((await redis.time())[0] - SILENT_S) * 1_000
    running = await running_processes(redis)
    return judge_stream_counts([each for each in running if each.seen_at_ms >= since_ms])


async def _readiness(service: str, port: int) -> list[Finding]:
    found = await ready_problem(port)
    if found is None:
        return [ok(service, "It reports that it is ready.")]
    return [problem(service, f"It is not ready: {found}.", "Read its log.")]


def _variable(service: ServiceName) -> str:
    return f"ANGARIUM_{service.upper()}_DATABASE_URL"


def _reason(error: Exception) -> str:
    lines = str(error.__cause__ or error).splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")
