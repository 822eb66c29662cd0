"""A stand-in for `angarium dev`, to test the benchmark itself: it accepts and forwards.

It knows applications, endpoints and messages of the API, and posts each message to the endpoint
at once, unsigned, with nothing stored. FAKE_FAULT makes it lie about it: `lose` forwards all but
every tenth message, `repeat` forwards every tenth twice.
"""

import argparse
import asyncio
import itertools
import json
import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

_CONNECTIONS = 8


class FakePlatform:
    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._numbers = itertools.count(1)
        self._queue: asyncio.Queue[str] = asyncio.Queue(maxsize=100_000)
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
            status, value = self._answer(head.split(" ")[1], body)
            text = json.dumps(value)
            writer.write(f"HTTP/1.1 {status} -\r\nContent-Length: {len(text)}\r\n\r\n".encode())
            writer.write(text.encode())

    def _answer(self, path: str, body: dict[str, str]) -> tuple[int, dict[str, str]]:
        number = next(self._numbers)
        if path == "/api/v1/app":
            return 201, {"id": "app_1"}
        if path == "/api/v1/app/app_1/endpoint":
            for _ in range(_CONNECTIONS):
                self._forwarders.append(asyncio.create_task(self._forward(body["url"])))
            return 201, {"id": "ep_1"}
        tenth = number % 10 == 0
        times = 0 if tenth and self._fault == "lose" else 1 + (tenth and self._fault == "repeat")
        for _ in range(times):
            self._queue.put_nowait(f"msg_{number}")
        return 202, {"id": f"msg_{number}", "eventType": body["eventType"]}

    async def _forward(self, url: str) -> None:
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while True:
            message_id = await self._queue.get()
            writer.write(
                f"POST {address.path} HTTP/1.1\r\nHost: x\r\nWebhook-Id: {message_id}\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )
            await reader.readuntil(b"ok")


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
    asyncio.run(run(parser.parse_known_args()[0].data_dir))
