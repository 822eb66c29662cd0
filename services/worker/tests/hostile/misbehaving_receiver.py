"""Receivers that misbehave, each kind on a port of its own; a process of its own.

    -m hostile.misbehaving_receiver <folder with server.pem and those of CERTIFICATES>

Prints `{kind: port}` as one line of JSON and serves until its standard input ends. A process of
its own, so that neither its memory nor its time counts as the sender's.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import sys
from pathlib import Path

import uvloop

from . import hostile_answers  # noqa: F401 - its kinds join the others
from .hostile_behaviours import KINDS, Behaviour

BACKLOG = 1024
CERTIFICATES = {
    "expired_certificate": "expired.pem",
    "name_only_as_common_name": "common-name.pem",
    "wrong_name_certificate": "wrong-name.pem",
}
# Served over TLS that is as it should be, as `tls/<kind>`.
OVER_TLS = (
    "behaves", "cut_off_within_tls", "drip_body", "drip_headers", "empty", "endless_body",
    "endless_chunks", "endless_interim", "garbage_within_tls", "gzip_bomb",
    "never_reads", "no_response", "one_giant_header", "reset_mid_body",
    "response_before_the_request_is_written", "smuggles_a_second_response", "smuggles_while_idle",
)  # fmt: skip
SMALL_WINDOW = frozenset({"never_reads", "response_before_the_request_is_written"})


def listener_of(name: str) -> socket.socket:
    listener = socket.socket()
    if name.removeprefix("tls/") in SMALL_WINDOW:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    listener.bind(("127.0.0.1", 0))
    return listener


def tls_of(name: str, folder: Path) -> ssl.SSLContext | None:
    if name not in CERTIFICATES and not name.startswith("tls/"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / CERTIFICATES.get(name, "server.pem"))
    return context


async def serve(name: str, behaviour: Behaviour, folder: Path) -> tuple[int, asyncio.Server]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await behaviour(reader, writer)
        finally:
            writer.close()

    listener = listener_of(name)
    server = await asyncio.start_server(
        handle, sock=listener, backlog=BACKLOG, ssl=tls_of(name, folder)
    )
    return int(listener.getsockname()[1]), server


async def main(folder: Path) -> None:
    loop = asyncio.get_running_loop()
    kinds = KINDS | {f"tls/{name}": KINDS[name] for name in OVER_TLS}
    served = {name: await serve(name, behaviour, folder) for name, behaviour in kinds.items()}
    # Listens and is never accepted: what a frozen process or a vanished host looks like.
    never_accepted = listener_of("never_accepted")
    never_accepted.listen(BACKLOG)
    ports = {name: port for name, (port, _) in served.items()}
    ports["half_open"] = never_accepted.getsockname()[1]
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
