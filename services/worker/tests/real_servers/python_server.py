"""Python's http.server or uvicorn as a receiver; a process of its own.

    python_server.py http.server|uvicorn <socket's file descriptor> [<PEM file>]

Answers each POST with the SHA-256 of its body; below /close the connection is closed after it.
"""

import asyncio
import hashlib
import socket
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn


class Handler(BaseHTTPRequestHandler):
    """Over http.server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "64")
        if self.path.startswith("/close"):
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(hashlib.sha256(body).hexdigest().encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep still."""


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Over uvicorn."""
    digest, more = hashlib.sha256(), True
    while more:
        part = await receive()
        digest.update(part.get("body", b""))
        more = part.get("more_body", False)
    headers = [(b"connection", b"close")] if scope["path"].startswith("/close") else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    # Without a length: uvicorn sends it in chunks.
    await send({"type": "http.response.body", "body": digest.hexdigest().encode()})


def serve_http_server(listener: socket.socket, pem: str | None) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(listener, server_side=True)
    server.serve_forever()


def serve_uvicorn(listener: socket.socket, pem: str | None) -> None:
    config = uvicorn.Config(
        application, log_level="warning", ssl_certfile=pem, ssl_keyfile=pem, lifespan="off"
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    serve = {"http.server": serve_http_server, "uvicorn": serve_uvicorn}[sys.argv[1]]
    serve(socket.socket(fileno=int(sys.argv[2])), sys.argv[3] if len(sys.argv) > 3 else None)
