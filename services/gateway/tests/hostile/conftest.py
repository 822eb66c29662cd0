"""A gateway in a process of its own, hostile crowds before its door, and one client beside them."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
import pytest

from ..integration.hot_path.gateway_process import MAIN, Site, a_free_port, prepare

SHORT_TIMEOUTS = {
    "ANGARIUM_HTTP_HEADER_TIMEOUT_S": "3",
    "ANGARIUM_HTTP_BODY_TIMEOUT_S": "3",
    "ANGARIUM_HTTP_ANSWER_TIMEOUT_S": "3",
    "ANGARIUM_HTTP_IDLE_TIMEOUT_S": "3",
    # Hostile and good clients have the same address here, and refused ones linger.
    "ANGARIUM_CONNECTIONS_PER_ADDRESS_MAX": "2000",
}
MESSAGE = {"eventType": "a", "payload": {}}


@dataclass
class Watched:
    """What a well-behaved client saw while it posted, and how much the gateway grew."""

    took_s: list[float] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    growth_bytes: int = 0


class GatewayUnderAttack:
    """The gateway, its one good client and its hostile ones."""

    def __init__(
        self,
        site: Site,
        session: aiohttp.ClientSession,
        internal: str,
        gateway: psutil.Process,
        crowds: asyncio.subprocess.Process,
    ) -> None:
        self._site = site
        self._session = session
        self._internal = internal
        self._gateway = gateway
        self._crowds = crowds

    async def attack(self, kind: str) -> dict[str, int]:
        """Let a crowd of `kind` come, and wait until the last of it was turned away."""
        assert self._crowds.stdin is not None
        assert self._crowds.stdout is not None
        self._crowds.stdin.write(f"{kind}\n".encode())
        seen: dict[str, int] = json.loads(await self._crowds.stdout.readline())
        return seen

    async def watch_until(self, done: asyncio.Task[dict[str, int]]) -> Watched:
        """Post messages until a task is done, and ask the internal port now and then."""
        watched = Watched()
        before_bytes = self._gateway.memory_info().rss
        while not (done.done() and watched.took_s):
            began_s = time.monotonic()
            async with self._session.post("/api/v1/app/acme/msg", json=MESSAGE) as answer:
                await answer.read()
                watched.statuses.add(answer.status)
            watched.took_s.append(time.monotonic() - began_s)
            grown_bytes = self._gateway.memory_info().rss - before_bytes
            watched.growth_bytes = max(watched.growth_bytes, grown_bytes)
            if len(watched.took_s) % 20 == 1:
                for path in ("/live", "/ready"):
                    async with self._session.get(self._internal + path) as answer:
                        assert answer.status == 200, await answer.text()
            await asyncio.sleep(0.002)
        return watched

    @property
    def site(self) -> Site:
        return self._site

    @property
    def internal(self) -> str:
        """The internal port's URL."""
        return self._internal


@asynccontextmanager
async def gateway_process(
    site: Site, internal_port: int, **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = site.environment(site.port) | SHORT_TIMEOUTS | settings
    environment["ANGARIUM_INTERNAL_PORT"] = str(internal_port)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MAIN, env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def crowds_process(site: Site) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("hostile_clients.py")),
        str(site.port),
        site.token,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def under_attack(
    sqlite_url: str, redis_url: str, **settings: str
) -> AsyncIterator[GatewayUnderAttack]:
    site = await prepare(sqlite_url, redis_url)
    internal_port = a_free_port()
    headers = {"authorization": f"Bearer {site.token}"}
    async with (
        gateway_process(site, internal_port, **settings) as gateway,
        crowds_process(site) as crowds,
        site.services(),
        site.client(),
        aiohttp.ClientSession(site.url, headers=headers) as session,
    ):
        yield GatewayUnderAttack(
            site,
            session,
            f"http://127.0.0.1:{internal_port}",
            psutil.Process(gateway.pid),
            crowds,
        )


@pytest.fixture
async def gateway(sqlite_url: str, redis_url: str) -> AsyncIterator[GatewayUnderAttack]:
    """A gateway whose time-outs are three seconds."""
    async with under_attack(sqlite_url, redis_url) as opened:
        yield opened


@pytest.fixture
async def small_gateway(sqlite_url: str, redis_url: str) -> AsyncIterator[GatewayUnderAttack]:
    """A gateway with room for a hundred connections."""
    settings = {
        "ANGARIUM_CONNECTIONS_MAX": "100",
        "ANGARIUM_CONNECTIONS_PER_ADDRESS_MAX": "100",
        "ANGARIUM_HTTP_IDLE_TIMEOUT_S": "60",
    }
    async with under_attack(sqlite_url, redis_url, **settings) as opened:
        yield opened
