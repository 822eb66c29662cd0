"""The engines of one data folder: started together, kept, ended together."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from angarium_cli.dev.data_folder import DataFolder
from angarium_cli.dev.engine_member import EngineMember
from angarium_cli.dev.engine_watch import EngineWatch
from angarium_cli.dev.options import DatabaseKind
from angarium_cli.engines import EngineFailed, PostgresProcess, ValkeyProcess
from angarium_cli.failure import CommandFailed, ungrouped
from angarium_cli.service_names import SERVICES, ServiceName

VALKEY_BYTES_MAX = 512 * 1024 * 1024


class Engines:
    """Valkey, and Postgres when it is asked for."""

    def __init__(self, folder: DataFolder, database: DatabaseKind) -> None:
        self._folder = folder
        self._watch = EngineWatch()
        self._valkey = ValkeyProcess(folder.path / "valkey", memory_bytes_max=VALKEY_BYTES_MAX)
        self._postgres: PostgresProcess | None = None
        self.members = [EngineMember("valkey", self._valkey, pid_changed=self._watch_over)]
        if database == "postgres":
            self._postgres = PostgresProcess(folder.path / "postgres")
            self.members.append(
                EngineMember("postgres", self._postgres, pid_changed=self._watch_over)
            )

    @property
    def redis_url(self) -> str:
        """Of Valkey; known once it was started."""
        return self._valkey.url

    def database_urls(self) -> dict[ServiceName, str]:
        """Of each service's own database; known once the engines were started."""
        if self._postgres is None:
            return {service: self._folder.sqlite_url(service) for service in SERVICES}
        return {
            service: self._postgres.uri(f"angarium_{service}", driver="asyncpg")
            for service in SERVICES
        }

    async def start(self, stops: AsyncExitStack, started: Callable[[str], None]) -> None:
        """Start all at once and create missing databases; `stops` gets what ends them.

        `started` is told of each. Raises StartFailed, CommandFailed.
        """
        stops.callback(self._watch.close)
        for member in reversed(self.members):
            stops.push_async_callback(member.stop)
        with ungrouped():
            async with asyncio.TaskGroup() as tasks:
                for member in self.members:
                    tasks.create_task(self._start(member, started))

    async def _start(self, member: EngineMember, started: Callable[[str], None]) -> None:
        await member.start()
        if member.name == "postgres" and self._postgres is not None:
            try:
                for service in SERVICES:
                    await self._postgres.create_database(f"angarium_{service}")
            except EngineFailed as failure:
                raise CommandFailed(str(failure), exit_status=1) from failure
        started(member.name)

    def _watch_over(self) -> None:
        pids = [member.running_pid for member in self.members]
        self._watch.watch(pid for pid in pids if pid is not None)
