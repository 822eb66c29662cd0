"""`angarium dev`: starts the platform, supervises it, and stops it in order."""

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack

from angarium_cli.dev.data_folder import DataFolder, DevState
from angarium_cli.dev.engines import Engines
from angarium_cli.dev.environment import (
    Addresses,
    DevOptions,
    demo_retry_schedule,
    service_environment,
)
from angarium_cli.dev.ports import chosen_port, free_ports, http_url, listens, ready_problem
from angarium_cli.dev.preparation import Task, prepare_databases
from angarium_cli.dev.programs import Programs, installed_programs
from angarium_cli.dev.service_process import ServiceProcess
from angarium_cli.dev.supervisor import Member, Supervisor
from angarium_cli.dev.terminal import Facts, Terminal, banner
from angarium_cli.failure import ungrouped
from angarium_cli.known_environment import refuse_unknown_settings
from angarium_cli.release import program_version
from angarium_cli.services import SERVICES, ServiceName

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The worker waits for its attempts in flight, up to their deadline, and records them.
_STOP_TIMEOUT_S: dict[ServiceName, float] = {"gateway": 15.0, "dispatcher": 15.0, "worker": 40.0}


def run_dev(options: DevOptions) -> int:
    """Run until a signal; gives the exit status. Raises CommandFailed."""
    refuse_unknown_settings(os.environ)
    terminal = Terminal(options.log_format)
    asyncio.run(until_stopped(options, installed_programs(), terminal))
    return 0


async def until_stopped(options: DevOptions, programs: Programs, terminal: Terminal) -> None:
    """Run the platform until SIGINT, SIGTERM or SIGHUP; then stop it in order.

    Further signals are ignored: every step of the stop has a time limit.
    """
    work = asyncio.ensure_future(_open_and_run(options, programs, terminal))
    asked = False

    def stop() -> None:
        nonlocal asked
        if not asked:
            asked = True
            work.cancel()

    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        await work
    except asyncio.CancelledError:
        if not asked:
            raise
    finally:
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def _open_and_run(options: DevOptions, programs: Programs, terminal: Terminal) -> None:
    folder = DataFolder.open(options.data_dir, program_version(), os.urandom)
    try:
        port = chosen_port(options.host, options.port)
        await _Platform(options, port, folder, programs, terminal).run()
    finally:
        folder.close()


class _Platform:
    """One run on an open data folder."""

    def __init__(
        self,
        options: DevOptions,
        port: int,
        folder: DataFolder,
        programs: Programs,
        terminal: Terminal,
    ) -> None:
        self._options = options
        self._port = port
        self._folder = folder
        self._programs = programs
        self._terminal = terminal
        self._started_s = time.monotonic()
        self._engines = Engines(folder, options.database, cluster=options.cluster)
        self._services: list[ServiceProcess] = []

    async def run(self) -> None:
        """Start, print the banner, and supervise. However this ends, all processes are stopped."""
        self._terminal.say("Starting Angarium")
        async with AsyncExitStack() as stops:
            await self._engines.start(stops, self._step_done)
            addresses = self._addresses()
            self._services = [self._service(name, addresses) for name in SERVICES]
            for service in reversed(self._services):
                stops.push_async_callback(self._stop, service)
            api_key = await self._start_services(addresses)

            def write_state() -> None:
                self._state(addresses, api_key).write(self._folder.state_path)

            stops.callback(self._terminal.say, "Stopping")
            stops.callback(self._folder.state_path.unlink, missing_ok=True)
            write_state()
            self._terminal.say(banner(self._facts(api_key)))
            members: list[Member] = [*self._engines.members, *self._services]
            supervisor = Supervisor(self._terminal, time.monotonic, pids_changed=write_state)
            with ungrouped():
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(supervisor.keep(members))
                    if self._options.demo:
                        tasks.create_task(self._demo(api_key))

    async def _start_services(self, addresses: Addresses) -> str:
        """Start the services, which load while the databases are migrated. Gives the API key."""
        for service in self._services:
            await service.load()
        kept_key = self._folder.api_key()
        task = Task(addresses.database_urls, kept_key, self._options.api_key)
        api_key = await prepare_databases(self._programs.preparation, task)
        if api_key not in {kept_key, self._options.api_key}:
            self._folder.keep_api_key(api_key)
        self._step_done("databases migrated")
        with ungrouped():
            async with asyncio.TaskGroup() as tasks:
                for service in self._services:
                    tasks.create_task(self._run(service))
        return api_key

    async def _run(self, service: ServiceProcess) -> None:
        await service.run()
        self._step_done(service.name)

    async def _stop(self, service: ServiceProcess) -> None:
        if not await service.stop():
            self._terminal.killed(service.name)

    async def _demo(self, api_key: str) -> None:
        from angarium_cli.demo.run import run_demo

        api_url = http_url(self._options.host, self._port)
        schedule = demo_retry_schedule(os.environ)
        await run_demo(api_url, api_key, self._terminal.out, schedule)

    def _service(self, name: ServiceName, addresses: Addresses) -> ServiceProcess:
        internal_port = addresses.internal_ports[name]

        async def ready() -> str | None:
            problem = await ready_problem(internal_port)
            if problem is None and name == "gateway":
                open_to_clients = await listens(self._options.host, self._port)
                return None if open_to_clients else "the API does not listen yet"
            return problem

        return ServiceProcess(
            name,
            self._programs.service(name),
            service_environment(
                name,
                os.environ,
                addresses,
                encryption_key_path=self._folder.encryption_key_path,
                log_format=self._options.log_format,
                demo=self._options.demo,
            ),
            ready=ready,
            write_line=self._terminal.log_line,
            stop_timeout_s=_STOP_TIMEOUT_S[name],
        )

    def _addresses(self) -> Addresses:
        return Addresses(
            host=self._options.host,
            port=self._port,
            redis_url=self._engines.redis_url,
            database_urls=self._engines.database_urls(),
            internal_ports=dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True)),
        )

    def _state(self, addresses: Addresses, api_key: str) -> DevState:
        members: list[Member] = [*self._services, *self._engines.members]
        running = {member.name: member.pid for member in members}
        return DevState(
            api_url=http_url(self._options.host, self._port),
            api_key=api_key,
            redis_url=addresses.redis_url,
            database_urls={name: addresses.database_urls[name] for name in SERVICES},
            internal_urls={
                name: http_url("127.0.0.1", port) for name, port in addresses.internal_ports.items()
            },
            pids={name: pid for name, pid in running.items() if pid} | {"dev": os.getpid()},
        )

    def _facts(self, api_key: str) -> Facts:
        return Facts(
            version=program_version(),
            api_url=http_url(self._options.host, self._port),
            api_key=api_key,
            data_dir=self._folder.path,
            seconds=time.monotonic() - self._started_s,
        )

    def _step_done(self, what: str) -> None:
        self._terminal.step(what, time.monotonic() - self._started_s)
