"""A stand-in for `angarium dev`, to test the benchmark itself: it accepts and forwards.

It knows applications, endpoints and messages of the API, and posts each message to the endpoints
of its application at once, unsigned, with nothing stored, until they take it. FAKE_FAULT makes it
lie about it: `lose` forwards all but every tenth message, `repeat` forwards every tenth twice.
"""

import argparse
import asyncio
import itertools
import json
import os
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_CONNECTIONS = 8
_RETRY_PAUSE_S = 0.1


class FakePlatform:
    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._numbers = itertools.count(1)
        self._endpoints: dict[str, list[asyncio.Queue[str]]] = {}
        self._forwarders: list[asyncio.Task[None]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
            except asyncio.IncompleteReadError:
                writer.close()
                return
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
            body = json.loads(await reader.readexactly(int(fields["content-length"])))
            status, value = self._answer(head.split(" ")[1].split("/")[3:], body)
            text = json.dumps(value)
            writer.write(f"HTTP/1.1 {status} -\r\nContent-Length: {len(text)}\r\n\r\n".encode())
            writer.write(text.encode())

    def _answer(self, path: list[str], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == ["app"]:
            number = next(self._numbers)
            self._endpoints[f"app_{number}"] = []
            return 201, {"id": f"app_{number}"}
        endpoints = self._endpoints[path[1]]
        if path[2] == "endpoint":
            endpoints.append(asyncio.Queue(maxsize=100_000))
            for _ in range(_CONNECTIONS):
                forwarder = self._forward(body["url"], endpoints[-1])
                self._forwarders.append(asyncio.create_task(forwarder))
            return 201, {"id": "ep_1"}
        if path[3:] == ["batch"]:
            ids = [self._accept(endpoints) for _ in body["messages"]]
            return 202, {"data": [{"status": "created", "id": message} for message in ids]}
        return 202, {"id": self._accept(endpoints), "eventType": body["eventType"]}

    def _accept(self, endpoints: list[asyncio.Queue[str]]) -> str:
        number = next(self._numbers)
        tenth = number % 10 == 0
        times = 0 if tenth and self._fault == "lose" else 1 + (tenth and self._fault == "repeat")
        for queue in endpoints * times:
            queue.put_nowait(f"msg_{number}")
        return f"msg_{number}"

    async def _forward(self, url: str, queue: asyncio.Queue[str]) -> None:
        poster = Poster(url)
        while True:
            message_id = await queue.get()
            while not await poster.delivers(message_id):
                await asyncio.sleep(_RETRY_PAUSE_S)


class Poster:
    """One connection to an endpoint, opened again when it was lost."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def delivers(self, message_id: str) -> bool:
        """Whether the endpoint took the message."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(
                    self._address.hostname, self._address.port
                )
            reader, writer = self._streams
            writer.write(
                f"POST {self._address.path} HTTP/1.1\r\nHost: x\r\nWebhook-Id: {message_id}\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        except (OSError, asyncio.IncompleteReadError):
            self._streams = None
            return False
        return head.split(" ")[1] == "200"


async def run(data_dir: Path) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)
    platform = FakePlatform(os.environ.get("FAKE_FAULT", ""))
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    write_dev_file(data_dir, port)
    await stopped.wait()


def write_dev_file(data_dir: Path, port: int) -> None:
    dev_file = {
        "api_url": f"http://127.0.0.1:{port}",
        "api_key": "key",
        "pids": {"gateway": os.getpid()},
    }
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "dev.json").write_text(json.dumps(dev_file))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--data-dir", type=Path)
    given = parser.parse_known_args()[0]
    if given.command == "keys":
        print("another key")
    else:
        asyncio.run(run(given.data_dir))
