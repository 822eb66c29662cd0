"""A receiver that only answers 200: for clients that would otherwise measure the receiver.

    python bare_receiver.py

prints `{"port": N}` as its first line and serves until it is ended. One request at a time on a
connection, with a Content-Length; nothing is recorded.
"""

import asyncio
import json
from typing import cast

import uvloop

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"
_LENGTH = b"\r\ncontent-length: "


class BareReceiver(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast: uvloop's transports are no subclasses.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        self._received = received
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = received[: end + 2].lower()
        at = head.find(_LENGTH) + len(_LENGTH)
        length = int(head[at : head.index(b"\r\n", at)])
        if len(received) >= end + 4 + length:
            self._received = b""
            self._transport.write(_ANSWER)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(
        BareReceiver, "127.0.0.1", 0, backlog=1024
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
