"""A webhook receiver that keeps the headers of what it hears."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class HeardRequests:
    """Answers 500 to the first request for a path that contains `fail-once`, and 200 otherwise."""

    def __init__(self) -> None:
        self._heard: list[tuple[str, dict[str, str]]] = []
        self._arrived = threading.Condition()

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, path: str, headers: dict[str, str]) -> int:
        """Keep a request; gives the status to answer with."""
        with self._arrived:
            first = not any(known == path for known, _ in self._heard)
            self._heard.append((path, headers))
            self._arrived.notify_all()
        return 500 if first and "fail-once" in path else 200

    def wait_for(self, path: str, count: int, timeout_s: float = 60.0) -> list[dict[str, str]]:
        """The headers of the requests for this path, once there are so many."""

        def heard() -> list[dict[str, str]]:
            return [headers for known, headers in self._heard if known == path]

        with self._arrived:
            came = self._arrived.wait_for(lambda: len(heard()) >= count, timeout_s)
            assert came, f"{len(heard())} of {count} requests for {path}"
            return heard()


class _Handler(BaseHTTPRequestHandler):
    owner: HeardRequests
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        status = self.owner.take(self.path, {k.lower(): v for k, v in self.headers.items()})
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass
