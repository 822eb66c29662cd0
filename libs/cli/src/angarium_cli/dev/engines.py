"""Valkey and Postgres under `angarium dev`: started together, kept running, stopped together."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress

from angarium_cli.dev.data_folder import DataFolder
from angarium_cli.dev.environment import DatabaseKind
from angarium_cli.dev.supervisor import StartFailed
from angarium_cli.engines import EngineFailed, PostgresProcess, ValkeyCluster, ValkeyProcess
from angarium_cli.engines.local_server import LocalServer
from angarium_cli.failure import ungrouped
from angarium_cli.process_end import describe_end
from angarium_cli.services import SERVICES, ServiceName

_LAST_LINES_MAX = 5
_LOG_TAIL_BYTES = 4096
_POLL_S = 0.5


class EngineMember:
    """An engine as a `Member`.

    One thread makes all blocking calls, so that a stop waits for a start that is under way, even
    if the start was cancelled.
    """

    def __init__(self, name: str, engine: LocalServer, *, pid_changed: Callable[[], None]) -> None:
        self._name = name
        self._engine = engine
        self._pid_changed = pid_changed
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    @property
    def name(self) -> str:
        return self._name

    @property
    def pid(self) -> int | None:
        return self._engine.pid

    @property
    def running_pid(self) -> int | None:
        """The process id if it is running."""
        return self._engine.pid if self._engine.alive() else None

    async def start(self) -> None:
        """Start the engine and wait until it answers. Raises StartFailed."""
        try:
            await self._call(self._engine.start)
        except EngineFailed as failure:
            raise StartFailed(str(failure)) from failure
        self._pid_changed()

    async def ended(self) -> str:
        """Wait until the server has ended; describes the end."""
        pid = self._engine.pid
        if pid is None:
            return "it was not started"
        how = await _end_of_child(pid)
        # Until the engine has reaped it: a start would be a no-op before.
        while self._engine.alive():  # noqa: ASYNC110 - the kernel gives no event for "reaped"
            await asyncio.sleep(_POLL_S)
        return how

    async def stop(self) -> bool:
        """Stop the engine in order, with its data on disk."""
        await self._call(self._engine.stop)
        self._pid_changed()
        return True

    def last_lines(self) -> list[str]:
        """The last lines of its log file."""
        try:
            with self._engine.log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - _LOG_TAIL_BYTES))
                lines = log.read(_LOG_TAIL_BYTES).decode(errors="replace").splitlines()
        except OSError:
            return []
        return [line for line in lines if line.strip()][-_LAST_LINES_MAX:]

    async def _call(self, action: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, action)


async def _end_of_child(pid: int) -> str:
    """Wait for a child process to end without reaping it, which its owner does."""
    if sys.platform != "linux":
        while _end_of(pid) is None:  # noqa: ASYNC110 - no event for it there
            await asyncio.sleep(_POLL_S)
        return _end_of(pid) or "it ended"
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return "it ended"
    loop.add_reader(fd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)
    return _end_of(pid) or "it ended"


def _end_of(pid: int) -> str | None:
    try:
        result = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        return "it ended"
    if result is None:
        return None
    exited = result.si_code == os.CLD_EXITED
    return describe_end(result.si_status if exited else -result.si_status)


# It learns of the supervisor's end by the end of its standard input. The last line that it read
# holds the processes to end then.
_SCRIPT = 'pids=; while read -r line; do pids=$line; done; [ -z "$pids" ] || kill -INT $pids'
_END_TIMEOUT_S = 2.0


class EngineWatch:
    """Ends the engines if the supervisor is killed and cannot do so itself.

    A small shell that outlives the supervisor by a moment. The kernel ends the services
    (PR_SET_PDEATHSIG), but the engines' programs cannot ask for that.
    """

    def __init__(self) -> None:
        self._shell: subprocess.Popen[str] | None = None

    def watch(self, pids: Iterable[int]) -> None:
        """End exactly these processes if this one is killed. Starts the shell if necessary."""
        if self._shell is None:
            # Without a shell, the next start on the data folder ends what was left.
            with suppress(OSError):
                self._shell = subprocess.Popen(  # noqa: S603 - a constant
                    ["/bin/sh", "-c", _SCRIPT],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    text=True,
                )
        if self._shell is not None and self._shell.stdin is not None:
            with suppress(BrokenPipeError):
                self._shell.stdin.write(" ".join(str(pid) for pid in pids) + "\n")
                self._shell.stdin.flush()

    def close(self) -> None:
        """Stop watching; nothing is ended any more."""
        shell, self._shell = self._shell, None
        if shell is not None:
            shell.kill()
            shell.wait(_END_TIMEOUT_S)
            if shell.stdin is not None:
                with suppress(BrokenPipeError):
                    shell.stdin.close()


VALKEY_BYTES_MAX = 512 * 1024 * 1024


class Engines:
    """Valkey, or a cluster of it, and Postgres if it is the chosen database."""

    def __init__(
        self, folder: DataFolder, database: DatabaseKind, *, cluster: bool = False
    ) -> None:
        self._folder = folder
        self._watch = EngineWatch()
        self._cluster: ValkeyCluster | None = None
        self._postgres: PostgresProcess | None = None
        if cluster:
            self._cluster = ValkeyCluster(
                folder.path / "valkey-cluster", memory_bytes_max=VALKEY_BYTES_MAX
            )
            servers: list[ValkeyProcess] = list(self._cluster.nodes)
        else:
            servers = [ValkeyProcess(folder.path / "valkey", memory_bytes_max=VALKEY_BYTES_MAX)]
        self._valkey = servers[0]
        self.members = [
            EngineMember(name, server, pid_changed=self._watch_over)
            for number, server in enumerate(servers, 1)
            for name in [f"valkey-{number}" if cluster else "valkey"]
        ]
        if database == "postgres":
            self._postgres = PostgresProcess(folder.path / "postgres")
            self.members.append(
                EngineMember("postgres", self._postgres, pid_changed=self._watch_over)
            )

    @property
    def redis_url(self) -> str:
        """Valkey's URL, known after `start`."""
        return self._valkey.url if self._cluster is None else self._cluster.url

    def database_urls(self) -> dict[ServiceName, str]:
        """The URL of each service's database, known after `start`."""
        if self._postgres is None:
            return {service: self._folder.sqlite_url(service) for service in SERVICES}
        return {
            service: self._postgres.uri(f"angarium_{service}", driver="asyncpg")
            for service in SERVICES
        }

    async def start(self, stops: AsyncExitStack, started: Callable[[str], None]) -> None:
        """Start all engines at once and create missing databases; `stops` gets their stops.

        Calls `started` with the name of each. Raises StartFailed, EngineFailed.
        """
        stops.callback(self._watch.close)
        for member in reversed(self.members):
            stops.push_async_callback(member.stop)
        with ungrouped():
            async with asyncio.TaskGroup() as tasks:
                for member in self.members:
                    tasks.create_task(self._start(member, started))
        if self._cluster is not None:
            await asyncio.to_thread(self._cluster.form)
            started("cluster")

    async def _start(self, member: EngineMember, started: Callable[[str], None]) -> None:
        await member.start()
        if member.name == "postgres" and self._postgres is not None:
            for service in SERVICES:
                await self._postgres.create_database(f"angarium_{service}")
        started(member.name)

    def _watch_over(self) -> None:
        pids = [member.running_pid for member in self.members]
        self._watch.watch(pid for pid in pids if pid is not None)
