"""The poller, the listener and the token endpoint of the workload `features`."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import msgspec
from failure import BenchmarkFailed
from platform_process import Platform

POLL_PAUSE_S = 0.1
"""After a page that was the last for now."""
_PAGE_MESSAGES = 250
_CONSUMER = "benchmark"
_HEAD_BYTES_MAX = 64 * 1024
_TOKEN = json.dumps({"access_token": "benchmark", "token_type": "Bearer", "expires_in": 3600})
_TOKEN_ANSWER = (
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
    f"content-length: {len(_TOKEN)}\r\n\r\n{_TOKEN}"
).encode()


class TokenEndpoint:
    """A token endpoint of OAuth 2, which gives everybody the same token."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            writer.write(_TOKEN_ANSWER)
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def running_tokens() -> AsyncIterator[TokenEndpoint]:
    """A token endpoint on loopback, ended at the end."""
    tokens = TokenEndpoint()
    server = await asyncio.start_server(tokens.answer, "127.0.0.1", 0, limit=_HEAD_BYTES_MAX)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        tokens.url = f"http://{host}:{port}/token"
        yield tokens


class _Message(msgspec.Struct):
    id: str


class _Page(msgspec.Struct):
    data: list[_Message]
    iterator: str
    done: bool


class Poller:
    """A consumer of a polled endpoint, and when it first got each message (CLOCK_MONOTONIC).

    `again` counts messages that came more than once.
    """

    def __init__(self, platform: Platform, messages_path: str, endpoint: str) -> None:
        app = messages_path.removesuffix("/msg")
        self._url = f"{platform.url}{app}/poller/{endpoint}/consumer/{_CONSUMER}"
        self._headers = {"authorization": f"Bearer {platform.key}"}
        self._iterator: str | None = None
        self._grew = asyncio.Event()
        self.at_ns: dict[str, int] = {}
        self.again = 0

    async def run(self) -> None:
        """Poll until cancelled. Raises httpx's errors."""
        async with httpx.AsyncClient(headers=self._headers, timeout=30) as client:
            while True:
                if await self._poll(client):
                    await asyncio.sleep(POLL_PAUSE_S)

    async def _poll(self, client: httpx.AsyncClient) -> bool:
        query = {"limit": str(_PAGE_MESSAGES)}
        if self._iterator is not None:
            query["iterator"] = self._iterator
        answer = (await client.get(self._url, params=query)).raise_for_status()
        page = msgspec.json.decode(answer.content, type=_Page)
        now_ns = time.monotonic_ns()
        for message in page.data:
            if message.id in self.at_ns:
                self.again += 1
            else:
                self.at_ns[message.id] = now_ns
        self._iterator = page.iterator
        self._grew.set()
        return page.done

    async def wait_for(self, ids: set[str], timeout_s: float) -> None:
        """Wait until it has all of them, or for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not ids <= self.at_ns.keys():
                    self._grew.clear()
                    await self._grew.wait()


class Listener:
    """Follows the stream of events of an application; `event_bytes` counts what it got."""

    def __init__(self, platform: Platform, messages_path: str) -> None:
        self._url = f"{platform.url}{messages_path.removesuffix('/msg')}/events"
        self._headers = {"authorization": f"Bearer {platform.key}"}
        self.listens = asyncio.Event()
        self.event_bytes = 0
        self._heard = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled. Raises httpx's errors."""
        async with (
            httpx.AsyncClient(timeout=None, headers=self._headers) as client,
            client.stream("GET", self._url) as answer,
        ):
            answer.raise_for_status()
            self.listens.set()
            async for part in answer.aiter_raw():
                self.event_bytes += len(part)
                self._heard.set()

    async def wait_beyond(self, event_bytes: int, timeout_s: float) -> None:
        """Wait until it has got more than so many bytes, or for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.event_bytes <= event_bytes:
                    self._heard.clear()
                    await self._heard.wait()


class FeatureClients:
    """The poller and the listener of a workload."""

    def __init__(self, poller: Poller, listener: Listener) -> None:
        self.poller = poller
        self.listener = listener

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Poll and listen. Raises `BenchmarkFailed` if one of them fails."""
        self.listener.listens.clear()
        listening = asyncio.create_task(self.listener.run())
        polling = asyncio.create_task(self.poller.run())
        begun = asyncio.create_task(self.listener.listens.wait())
        tasks = [listening, polling]
        try:
            await asyncio.wait([*tasks, begun], return_when=asyncio.FIRST_COMPLETED)
            yield
            ended = [task for task in tasks if task.done()]
        finally:
            for task in (*tasks, begun):
                task.cancel()
            await asyncio.gather(*tasks, begun, return_exceptions=True)
        if ended:
            raise BenchmarkFailed(f"the poller or the listener ended: {ended[0].exception()!r}")
