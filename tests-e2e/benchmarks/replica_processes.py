"""Replicas of each service as processes of their own, on engines that are given."""

import asyncio
import base64
import os
import re
import shlex
import signal
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
from angarium_cli.dev.ports import free_ports
from failure import BenchmarkFailed
from platform_process import Platform
from tools import end

SERVICES = ("gateway", "dispatcher", "worker")
_START_TIMEOUT_S = 300.0
_READY_POLL_S = 0.05
_STOP_TIMEOUT_S = 60.0
_MESSAGES = {
    "gateway": "angarium_gateway_messages_accepted_total",
    "dispatcher": "angarium_dispatcher_messages_dispatched_total",
    "worker": "angarium_worker_attempts_total",
}
_GROUPS = {
    "gateway": "angarium_gateway_group_size_messages_count",
    "worker": "angarium_worker_chunks_settled_total",
}


@dataclass(frozen=True, slots=True)
class WorkDone:
    """The messages that a process has accepted, dispatched or sent, and in how many groups: commits
    of a gateway, chunks of a worker; 0 for a dispatcher."""

    messages: int
    groups: int

    def since(self, earlier: "WorkDone") -> "WorkDone":
        return WorkDone(self.messages - earlier.messages, self.groups - earlier.groups)


@dataclass(frozen=True, slots=True)
class Replica:
    """One running process of a service."""

    service: str
    name: str
    process: asyncio.subprocess.Process
    url: str
    internal_url: str

    async def work_done(self, client: httpx.AsyncClient) -> WorkDone:
        """Since its start."""
        text = (await client.get(f"{self.internal_url}/metrics")).raise_for_status().text

        def total(name: str | None) -> int:
            samples = rf"^{name}(?:\{{.*\}})? (\S+)$"
            return int(sum(map(float, re.findall(samples, text, re.MULTILINE))))

        return WorkDone(total(_MESSAGES[self.service]), total(_GROUPS.get(self.service)))

    async def stop(self) -> None:
        """Stop it in order. Raises `BenchmarkFailed` unless it says that it did."""
        await end(self.process, signal.SIGTERM, _STOP_TIMEOUT_S)
        if self.process.returncode:
            raise BenchmarkFailed(f"{self.name} ended with {self.process.returncode}")


class ReplicaPlatform:
    """A platform of any number of processes; `async with` migrates, starts and ends them.

    `database_urls` are of empty databases, by service. `redis_url` is that of a Redis, or of a
    cluster, which no other platform uses.
    """

    def __init__(
        self,
        command: str,
        folder: Path,
        *,
        database_urls: Mapping[str, str],
        redis_url: str,
        counts: Mapping[str, int],
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._command = shlex.split(command)
        self._folder = folder
        self._counts = counts
        self._environment = (
            {name: value for name, value in os.environ.items() if not name.startswith("ANGARIUM_")}
            | {
                f"ANGARIUM_{service.upper()}_DATABASE_URL": url
                for service, url in database_urls.items()
            }
            | {
                "ANGARIUM_REDIS_URL": redis_url,
                "ANGARIUM_ENCRYPTION_KEY": base64.b64encode(os.urandom(32)).decode(),
                "ANGARIUM_EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
                "ANGARIUM_ALLOW_HTTP_ENDPOINTS": "true",
                "ANGARIUM_DATABASE_CONNECTIONS_MAX": "4",
                "ANGARIUM_DRAIN_S": "0",
            }
            | dict(settings or {})
        )
        self._opened = AsyncExitStack()
        self._started = 0
        self.replicas: list[Replica] = []
        self.key = ""

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True)
        async with self._opened:
            self._client = await self._opened.enter_async_context(
                httpx.AsyncClient(timeout=10, trust_env=False)
            )
            await self._run("migrate", "all")
            made = await self._run("keys", "create", "benchmark", "--new-tenant")
            self.key = made.decode().strip()
            self._opened.push_async_callback(self._end)
            async with asyncio.TaskGroup() as tasks:
                for service in SERVICES:
                    tasks.create_task(self.add(service, self._counts[service]))
            self._opened = self._opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    def of(self, service: str) -> list[Replica]:
        """Those of a service that run."""
        return [replica for replica in self.replicas if replica.service == service]

    def pids(self) -> dict[str, int]:
        """Of all that run, by name."""
        return {replica.name: replica.process.pid for replica in self.replicas}

    async def add(self, service: str, count: int = 1) -> list[Replica]:
        """Start further processes of a service, and wait until they are ready."""
        started = [await self._start(service) for _ in range(count)]
        for replica in started:
            await self._await_ready(replica)
        return started

    async def remove(self, replica: Replica) -> None:
        """Stop a process in order."""
        self.replicas.remove(replica)
        await replica.stop()

    async def new_applications(self, endpoint_urls: Iterable[str]) -> list[str]:
        """Create an application for each endpoint; gives the paths to post messages to."""
        platform = Platform(self.of("gateway")[0].url, self.key, {})
        return await platform.new_applications([[url] for url in endpoint_urls])

    async def work_done(self) -> dict[Replica, WorkDone]:
        """The counters of each process since its start."""
        return {replica: await replica.work_done(self._client) for replica in self.replicas}

    async def _start(self, service: str) -> Replica:
        port, internal_port = free_ports(2)
        self._started += 1
        name = f"{service} {self._started}"
        with (self._folder / f"{service}-{self._started}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                service,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment
                | {
                    "ANGARIUM_PORT": str(port),
                    "ANGARIUM_INTERNAL_PORT": str(internal_port),
                },
                start_new_session=True,
            )
        url, internal_url = (f"http://127.0.0.1:{each}" for each in (port, internal_port))
        self.replicas.append(Replica(service, name, process, url, internal_url))
        return self.replicas[-1]

    async def _await_ready(self, replica: Replica) -> None:
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                while replica.process.returncode is None:
                    with suppress(httpx.TransportError):
                        # A gateway is ready a moment before it listens to clients.
                        if replica.service == "gateway":
                            await self._client.get(f"{replica.url}/api/v1/health")
                        ready = await self._client.get(f"{replica.internal_url}/ready")
                        if ready.status_code == httpx.codes.OK:
                            return
                    await asyncio.sleep(_READY_POLL_S)
            reason = f"it ended with {replica.process.returncode}"
        except TimeoutError:
            reason = f"it was not ready after {_START_TIMEOUT_S:g} s"
        raise BenchmarkFailed(f"{replica.name} did not start: {reason}")

    async def _run(self, *arguments: str) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
        )
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                printed, errors = await process.communicate()
        finally:
            await end(process, signal.SIGTERM, _STOP_TIMEOUT_S)
        if process.returncode != 0:
            raise BenchmarkFailed(f"angarium {arguments[0]} failed: {errors.decode()[-500:]}")
        return printed

    async def _end(self) -> None:
        await asyncio.gather(
            *(end(each.process, signal.SIGTERM, _STOP_TIMEOUT_S) for each in self.replicas)
        )
