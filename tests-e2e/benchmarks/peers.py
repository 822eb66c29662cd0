"""Angarium's peers as running servers, each on engines of its own, with one endpoint."""

import asyncio
import base64
import json
import os
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx
from angarium_cli.dev.ports import LOOPBACK, free_ports
from angarium_cli.engines import PostgresProcess, ValkeyProcess
from event_body import EVENT_TYPE
from failure import BenchmarkFailed
from platform_process import Platform, running_platform
from rabbitmq_server import running_rabbitmq
from server_program import environment_of, run_program, running_program

_TENANT = "benchmark"
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True, slots=True)
class Running:
    """A running server, the path of its operation that accepts a message, and the message without
    its payload, where it is not that of Svix's API."""

    platform: Platform
    messages_path: str
    envelope: Mapping[str, object] | None = None


class Peer(Protocol):
    """A server that can be started with its engines below `folder`, with one endpoint at `url`."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def promise(self) -> str:
        """The state of a message when it is accepted."""

    def settings(self) -> Mapping[str, str]:
        """Its settings, but for addresses and secrets."""

    def running(self, folder: Path, url: str) -> AbstractAsyncContextManager[Running]:
        """It runs within the block. Raises `BenchmarkFailed` or `PeerMissing`."""


@dataclass(frozen=True, slots=True)
class Angarium:
    """This platform, one process of each service; `command` runs it."""

    command: str
    version: str
    name: str = "Angarium"
    promise: str = "committed in Postgres, with fsync"

    def settings(self) -> dict[str, str]:
        return {}

    @asynccontextmanager
    async def running(self, folder: Path, url: str) -> AsyncIterator[Running]:
        async with running_platform(self.command, "postgres", folder) as platform:
            yield Running(platform, await platform.new_application(url))


@dataclass(frozen=True, slots=True)
class Outpost:
    """Outpost, all its services in one process, with RabbitMQ between them and Postgres for its
    log. `programs` is the folder of its programs, `concurrency` the messages that each of its
    services works on at once: one, unless it is set."""

    programs: Path
    version: str
    concurrency: int
    name: str = "Outpost"
    promise: str = "in a queue of RabbitMQ; Postgres gets it with the attempt, in batches"

    @asynccontextmanager
    async def running(self, folder: Path, url: str) -> AsyncIterator[Running]:
        async with AsyncExitStack() as opened:
            engines = await opened.enter_async_context(_running_engines(folder))
            broker = await opened.enter_async_context(running_rabbitmq(folder / "rabbitmq"))
            (port,) = free_ports(1)
            key = secrets.token_urlsafe(24)
            own = {
                "AES_ENCRYPTION_SECRET": secrets.token_hex(16),
                "API_JWT_SECRET": secrets.token_hex(16),
                "API_KEY": key,
                "API_PORT": str(port),
                "RABBITMQ_SERVER_URL": broker.url,
            }
            environment = environment_of(folder, self.settings() | engines.of_outpost() | own)
            migrate = [str(self.programs / "outpost"), "migrate", "apply", "--yes"]
            await run_program(migrate, folder, environment)
            address = f"http://{LOOPBACK}:{port}"
            async with httpx.AsyncClient(
                base_url=f"{address}/api/v1", headers={"authorization": f"Bearer {key}"}
            ) as client:
                server = running_program(
                    [str(self.programs / "outpost-server")],
                    folder,
                    environment,
                    lambda: _succeeds(client, "PUT", f"/tenants/{_TENANT}"),
                )
                pids = {"outpost": await opened.enter_async_context(server)}
                destination = {"type": "webhook", "topics": ["*"], "config": {"url": url}}
                answer = await client.post(f"/tenants/{_TENANT}/destinations", json=destination)
            _check(answer, "a destination")
            yield Running(
                Platform(address, key, pids | engines.pids | broker.pids),
                "/api/v1/publish",
                {"tenant_id": _TENANT, "topic": EVENT_TYPE, "data": None},
            )

    def settings(self) -> dict[str, str]:
        """Standard Webhooks signatures, as Angarium's;
        errors alone in its log; nothing is sent to its makers."""
        at_once = str(self.concurrency)
        return {
            "DELIVERY_MAX_CONCURRENCY": at_once,
            "DESTINATIONS_WEBHOOK_MODE": "standard",
            "DISABLE_TELEMETRY": "true",
            "GIN_MODE": "release",
            "LOG_LEVEL": "error",
            "LOG_MAX_CONCURRENCY": at_once,
            "PUBLISH_MAX_CONCURRENCY": at_once,
            "TOPICS": EVENT_TYPE,
        }


@dataclass(frozen=True, slots=True)
class Svix:
    """The Svix server: API and worker in one process, with its queue in Valkey."""

    program: Path
    version: str
    name: str = "Svix"
    promise: str = "committed in Postgres, with fsync, and in a queue of Valkey, synced each second"

    @asynccontextmanager
    async def running(self, folder: Path, url: str) -> AsyncIterator[Running]:
        async with AsyncExitStack() as opened:
            engines = await opened.enter_async_context(_running_engines(folder))
            (port,) = free_ports(1)
            own = {
                "SVIX_JWT_SECRET": secrets.token_hex(16),
                "SVIX_LISTEN_ADDRESS": f"{LOOPBACK}:{port}",
                "SVIX_MAIN_SECRET": base64.b64encode(os.urandom(30)).decode(),
            }
            environment = environment_of(folder, self.settings() | engines.of_svix() | own)
            await run_program([str(self.program), "migrate"], folder, environment)
            printed = await run_program([str(self.program), "jwt", "generate"], folder, environment)
            address = f"http://{LOOPBACK}:{port}"
            async with httpx.AsyncClient(base_url=address) as client:
                server = running_program(
                    [str(self.program)],
                    folder,
                    environment,
                    lambda: _succeeds(client, "GET", "/api/v1/health"),
                )
                pids = {"svix": await opened.enter_async_context(server)}
            platform = Platform(address, svix_token(printed), pids | engines.pids)
            yield Running(platform, await platform.new_application(url))

    def settings(self) -> dict[str, str]:
        """`webhook-` headers, as Angarium's, so that the receiver
        finds the message's id; endpoints on this machine; the quietest log it has."""
        return {
            "SVIX_CACHE_TYPE": "memory",
            "SVIX_LOG_LEVEL": "info",
            "SVIX_QUEUE_TYPE": "redis",
            "SVIX_WHITELABEL_HEADERS": "true",
            "SVIX_WHITELIST_SUBNETS": json.dumps([f"{LOOPBACK}/8"]),
        }


def svix_token(printed: str) -> str:
    """The token in what `svix-server jwt generate` prints. Raises `BenchmarkFailed`."""
    found = _TOKEN.search(printed)
    if found is None:
        raise BenchmarkFailed("svix-server jwt generate printed no token")
    return found[0]


@dataclass(frozen=True, slots=True)
class _Engines:
    postgres_uri: str
    valkey_port: int
    valkey_password: str
    pids: dict[str, int] = field(default_factory=dict)

    def of_outpost(self) -> dict[str, str]:
        _, address = self.postgres_uri.split("://")
        return {
            "POSTGRES_URL": f"postgres://{address}?sslmode=disable",
            "REDIS_DATABASE": "0",
            "REDIS_HOST": LOOPBACK,
            "REDIS_PASSWORD": self.valkey_password,
            "REDIS_PORT": str(self.valkey_port),
        }

    def of_svix(self) -> dict[str, str]:
        return {
            "SVIX_DB_DSN": f"{self.postgres_uri}?sslmode=disable",
            "SVIX_REDIS_DSN": f"redis://:{self.valkey_password}@{LOOPBACK}:{self.valkey_port}",
        }


@asynccontextmanager
async def _running_engines(folder: Path) -> AsyncIterator[_Engines]:
    """Postgres with fsync, and Valkey synced every second, as `angarium dev` has them."""
    postgres = PostgresProcess(folder / "postgres")
    password = secrets.token_hex(12)
    valkey = ValkeyProcess(folder / "valkey", password=password)
    async with AsyncExitStack() as opened:
        for engine in (postgres, valkey):
            await asyncio.to_thread(engine.start)
            opened.push_async_callback(asyncio.to_thread, engine.stop)
        assert postgres.pid is not None
        assert valkey.pid is not None
        await postgres.create_database(_TENANT)
        pids = {"postgres": postgres.pid, "valkey": valkey.pid}
        yield _Engines(postgres.uri(_TENANT), valkey.port, password, pids)


async def _succeeds(client: httpx.AsyncClient, method: str, path: str) -> bool:
    try:
        return (await client.request(method, path)).is_success
    except httpx.HTTPError:
        return False


def _check(answer: httpx.Response, what: str) -> None:
    if not answer.is_success:
        raise BenchmarkFailed(f"{what} was refused with {answer.status_code}: {answer.text[:300]}")
