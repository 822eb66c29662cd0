"""A webhook receiver on loopback that verifies signatures and fails first attempts on request."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from angarium_chassis.lru_cache import LruCache
from angarium_contracts.ids import MESSAGE, created_at_ms, parse_id
from angarium_signing import SigningSecret, VerificationError, verify

_HOST = "127.0.0.1"
_HEAD_BYTES_MAX = 64 * 1024
_BODY_BYTES_MAX = 2 * 1024 * 1024
_IDLE_TIMEOUT_S = 75.0
_COUNTED_MAX = 10_000
_REASONS = {200: "OK", 401: "Unauthorized", 404: "Not Found", 500: "Internal Server Error"}


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that the receiver got.

    `attempt` counts the requests for this message and endpoint from 1. `after_ms` is the time
    from the acceptance of the message, which its id holds, to this request.
    """

    message_id: str
    endpoint: str
    attempt: int
    status: int
    after_ms: int
    verified: bool


class DemoReceiver:
    """Answers `POST /<endpoint>`.

    `failures` are the numbers of first attempts of each message that an endpoint answers with 500.
    A wrong signature is answered with 401.
    """

    def __init__(
        self,
        failures: Mapping[str, int],
        *,
        clock_ms: Callable[[], int],
        on_arrival: Callable[[Arrival], None],
    ) -> None:
        self._failures = failures
        self._clock_ms = clock_ms
        self._on_arrival = on_arrival
        self._secrets: dict[str, SigningSecret] = {}
        self._attempts: LruCache[tuple[str, str], int] = LruCache(_COUNTED_MAX)
        self._connections: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Listen on a free port, which is returned."""
        self._server = await asyncio.start_server(self._serve, _HOST, 0, limit=_HEAD_BYTES_MAX)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening, and close open connections."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._connections):
                writer.close()
            await self._server.wait_closed()

    def trust(self, endpoint: str, secret: SigningSecret) -> None:
        """Set the secret that requests for this endpoint are signed with."""
        self._secrets[endpoint] = secret

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            # A broken or silent sender costs its own connection only.
            with suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
                while True:
                    async with asyncio.timeout(_IDLE_TIMEOUT_S):
                        await self._answer_one(reader, writer)
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request_line, *header_lines = head.rstrip("\r\n").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in header_lines)
        }
        length = int(headers.get("content-length", "0"))
        if not 0 <= length <= _BODY_BYTES_MAX:
            raise ValueError("the body is too long")
        body = await reader.readexactly(length)
        status = self._judge(request_line.split(" ")[1].lstrip("/"), headers, body)
        writer.write(
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Length: 0\r\n\r\n".encode("ascii")
        )
        await writer.drain()

    def _judge(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> int:
        secret = self._secrets.get(endpoint)
        message_id = headers.get("webhook-id", "")
        parsed_id = parse_id(MESSAGE, message_id)
        if secret is None or parsed_id is None:
            return 404
        now_ms = self._clock_ms()
        try:
            verify(headers, body, [secret], now_ms // 1000)
            verified = True
        except VerificationError:
            verified = False
        attempt = self._count(message_id, endpoint)
        status = 200 if verified else 401
        if verified and attempt <= self._failures.get(endpoint, 0):
            status = 500
        after_ms = max(0, now_ms - created_at_ms(parsed_id))
        self._on_arrival(Arrival(message_id, endpoint, attempt, status, after_ms, verified))
        return status

    def _count(self, message_id: str, endpoint: str) -> int:
        attempt = (self._attempts.get((message_id, endpoint)) or 0) + 1
        self._attempts.put((message_id, endpoint), attempt)
        return attempt
