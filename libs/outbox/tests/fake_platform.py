"""A stand-in for Angarium over HTTP: it stores the messages of batches, once per `eventId`."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

type Message = dict[str, Any]
type Answer = tuple[int, Any, dict[str, str]]

KEY = "a-key-of-the-tests"


class FakePlatform:
    """Serves `POST /api/v1/msg/batch` on loopback.

    `stored` has each accepted message in order. A test changes what happens: `refuses(message)`
    gives the error of a message; `before` runs before a batch is stored and may give an answer
    instead; `after` runs before the answer is sent. Either may raise ConnectionError to hang up.
    """

    def __init__(self) -> None:
        self.stored: list[Message] = []
        self.duplicates = 0
        self.requests: list[tuple[str, list[Message]]] = []
        self.refuses: Callable[[Message], tuple[int, str] | None] = lambda _: None
        self.before: Callable[[list[Message]], Any] | None = None
        self.after: Callable[[list[Message]], Any] | None = None
        self._ids: set[tuple[str, str]] = set()
        self._stored_one = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=10_000_000
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._clients):
            writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def event_ids(self) -> list[str]:
        return [message["eventId"] for message in self.stored]

    async def has_stored(self, count: int, timeout_s: float = 60) -> None:
        """Wait until so many messages are stored."""
        async with asyncio.timeout(timeout_s):
            while len(self.stored) < count:
                self._stored_one.clear()
                await self._stored_one.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = head.split("\r\n")
                headers = {
                    name.lower(): value
                    for name, _, value in (line.partition(": ") for line in lines[1:-2])
                }
                body = json.loads(await reader.readexactly(int(headers["content-length"])))
                status, answer, further = await self._answer(lines[0], headers, body["messages"])
                text = json.dumps(answer).encode()
                more = "".join(f"{name}: {value}\r\n" for name, value in further.items())
                start = f"HTTP/1.1 {status} -\r\n{more}content-length: {len(text)}\r\n\r\n"
                writer.write(start.encode() + text)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _answer(self, line: str, headers: dict[str, str], messages: list[Message]) -> Answer:
        assert line.startswith("POST /api/v1/msg/batch ")
        if headers["authorization"] != f"Bearer {KEY}":
            return 401, {"detail": "The API key is not valid."}, {}
        self.requests.append((headers["idempotency-key"], messages))
        if self.before is not None:
            instead: Answer | None = await self.before(messages)
            if instead is not None:
                return instead
        results = [self._store(place, message) for place, message in enumerate(messages)]
        self._stored_one.set()
        if self.after is not None:
            await self.after(messages)
        return 202, {"data": results}, {}

    def _store(self, place: int, message: Message) -> Message:
        refusal = self.refuses(message)
        if refusal is not None:
            status, text = refusal
            fault = {"loc": ["body", "messages", str(place), "payload"], "msg": text, "type": "x"}
            error = {"status": status, "code": "refused", "detail": [fault]}
            return {"status": "invalid" if status < 500 else "unavailable", "error": error}
        known = (message["applicationId"], message["eventId"])
        if known in self._ids:
            self.duplicates += 1
            return {"status": "duplicate", "id": "msg_1"}
        self._ids.add(known)
        self.stored.append(message)
        return {"status": "created", "id": "msg_1"}
