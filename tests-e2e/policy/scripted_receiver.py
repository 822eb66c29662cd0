"""A receiver in the test's own process, whose answers the test decides while it runs."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import standardwebhooks

WAIT_S = 60.0


@dataclass(slots=True)
class Reception:
    """One webhook as it arrived. Times are Unix time; `ended_s` is 0 until it was answered."""

    path: str
    id: str
    headers: dict[str, str]
    body: str
    begun_s: float
    earlier: int
    """How often this webhook had come on this path before."""
    status: int = 0
    ended_s: float = 0.0

    def verify(self, secret: str) -> Any:
        """The payload; raises where the signature is not good for this secret."""
        return standardwebhooks.Webhook(secret).verify(self.body, self.headers)


type Answer = int | Callable[[Reception], int]
"""A status, or what finds one; it may take its time."""


class ScriptedReceiver:
    """Answers each path as it was last told to (200 where nothing was said), and keeps all
    receptions in their order."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._answers: dict[str, Answer] = {}
        self._receptions: list[Reception] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, answer: Answer) -> None:
        """From now on."""
        with self._changed:
            self._answers[path] = answer

    def at(self, path: str) -> list[Reception]:
        """What was received on this path, in order."""
        with self._changed:
            return self._at(path)

    def wait(
        self,
        path: str,
        enough: int | Callable[[Sequence[Reception]], bool],
        timeout_s: float = WAIT_S,
    ) -> list[Reception]:
        """What was received on this path once so many were answered, or once it is enough."""

        def is_enough() -> bool:
            if callable(enough):
                return enough(self._at(path))
            return sum(one.status > 0 for one in self._at(path)) >= enough

        with self._changed:
            if not self._changed.wait_for(is_enough, timeout_s):
                got = [(one.id, one.status) for one in self._at(path)]
                raise AssertionError(f"{path} did not get enough in {timeout_s:g} s: {got}")
            return self._at(path)

    def wait_accepted(
        self, path: str, wanted: set[str], timeout_s: float = WAIT_S
    ) -> list[Reception]:
        """What was received on this path once all these webhooks were answered with 200."""
        return self.wait(
            path,
            lambda receptions: wanted <= {one.id for one in receptions if one.status == 200},
            timeout_s,
        )

    @contextmanager
    def _recorded(self, reception: Reception) -> Iterator[Answer]:
        with self._changed:
            reception.earlier = sum(one.id == reception.id for one in self._at(reception.path))
            self._receptions.append(reception)
            answer = self._answers.get(reception.path, 200)
            self._changed.notify_all()
        yield answer
        with self._changed:
            self._changed.notify_all()

    def take(self, reception: Reception) -> int:
        """Record it and find its answer."""
        with self._recorded(reception) as answer:
            status = answer(reception) if callable(answer) else answer
            reception.ended_s = time.time()
            reception.status = status
        return status

    def _at(self, path: str) -> list[Reception]:
        return [one for one in self._receptions if one.path == path]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed leaves its connections; that is no error of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _handler(receiver: ScriptedReceiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def do_POST(self) -> None:
            begun_s = time.time()
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            reception = Reception(self.path, headers["webhook-id"], headers, body, begun_s, 0)
            self.send_response(receiver.take(reception))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the receptions are the record."""

    return Handler
