"""A receiver that repeats in its answers what it was sent, and a token endpoint of OAuth."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from ..waiting import until  # noqa: TID252 - tests are no installed package

WAIT_S = 60.0
"""Only a failure waits so long."""


class EchoServer:
    """Answers with the body that came: 200 under /ok, never under /hang, otherwise 500. /token
    grants `access_token`."""

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token
        self._received: list[tuple[str, dict[str, str], bytes]] = []
        self._closing = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = owner._answer(self.path, headers, body)
                if owner._closing.is_set():
                    return
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, path: str, count: int = 1) -> dict[str, str]:
        """The headers of the last request to a path, once there were so many."""

        def came() -> dict[str, str] | None:
            found = [headers for at, headers, _ in list(self._received) if at == path]
            return found[-1] if len(found) >= count else None

        return until(came, WAIT_S, f"{count} requests to {path}")

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self._received.append((path, headers, body))
        if path == "/token":
            granted = {"access_token": self._access_token, "token_type": "Bearer"}
            return 200, json.dumps(granted).encode()
        if path.startswith("/hang"):
            self._closing.wait()
        return (200 if path.startswith("/ok") else 500), body
