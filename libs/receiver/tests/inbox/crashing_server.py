"""Servers that are killed while they handle webhooks: in the handler, and once its transaction is
committed, before the answer.

Each server runs in a process of its own, forked from one that has imported its framework. Prints,
for each framework and step at which the server was killed, the statuses of the sender's attempts,
0 where it got no answer, and how often the event was handled in the end.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.client import HTTPConnection, RemoteDisconnected
from typing import Any

from angarium_receiver.inbox import Claim

from libs.receiver.tests.frameworks.servers import SERVED
from libs.receiver.tests.inbox.inboxes import KINDS, handled, nowhere, signed

FRAMEWORKS = {
    "flask": "sqlalchemy",
    "starlette": "async",
    "django": "django",
    "django under ASGI": "django",
}
"""Frameworks, and the kind of inbox of each."""
STEPS = ("worked", "committed")
WAIT_S = 30


def die() -> None:
    """End this process as a crash does."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(step: str) -> Callable[[str], None]:
    """End this process at a step of the handler."""
    return lambda reached: die() if reached == step else None


class KilledAfterCommit:
    """An inbox whose process is killed once an event is handled."""

    def __init__(self, inbox: Any) -> None:
        self._inbox = inbox
        self.is_async: bool = inbox.is_async

    def claim(self, receiver: str, key: str) -> Any:
        """As that of the inbox."""
        return self._claim_async(receiver, key) if self.is_async else self._claim(receiver, key)

    @contextmanager
    def _claim(self, receiver: str, key: str) -> Iterator[Claim]:
        with self._inbox.claim(receiver, key) as claim:
            yield claim
        die()

    @asynccontextmanager
    async def _claim_async(self, receiver: str, key: str) -> AsyncIterator[Claim]:
        async with self._inbox.claim(receiver, key) as claim:
            yield claim
        die()


def serve(framework: str, url: str, step: str | None, ready: int) -> None:
    """Serve until this process is killed; writes the port to `ready`."""
    make, serving = SERVED[framework]
    kind = KINDS[FRAMEWORKS[framework]](url)
    if step == "committed":
        kind.inbox = KilledAfterCommit(kind.inbox)
    receiver = kind.receiver(nowhere if step is None else die_at(step))
    with serving(make({"/webhooks": receiver})) as port:
        os.write(ready, int(port).to_bytes(2))
        os.close(ready)
        signal.pause()


@contextmanager
def server(framework: str, url: str, step: str | None) -> Iterator[int]:
    """A server in a process of its own; gives its port."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            serve(framework, url, step, write)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(1)
    os.close(write)
    try:
        yield int.from_bytes(os.read(read, 2))
    finally:
        os.close(read)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def post(port: int, event_id: str) -> int:
    """The status of one attempt of the sender; 0 if the connection ended before."""
    request = signed(event_id)
    connection = HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    try:
        connection.request("POST", "/webhooks", request.body, dict(request.headers))
        return connection.getresponse().status
    except (RemoteDisconnected, ConnectionResetError):
        return 0
    finally:
        connection.close()


def attempts(framework: str, url: str, step: str) -> list[int]:
    """The statuses of three attempts, the first at a server that is killed, and how often the
    event was handled."""
    event_id = f"{framework.replace(' ', '_')}_{step}"
    with server(framework, url, step) as port:
        statuses = [post(port, event_id)]
    with server(framework, url, None) as port:
        statuses += [post(port, event_id) for _ in range(2)]
    return [*statuses, handled(url, event_id)]


def main(url: str) -> None:
    """Kill a server of each framework at each step, and repeat what was sent to it."""
    results = {
        framework: {step: attempts(framework, url, step) for step in STEPS}
        for framework in FRAMEWORKS
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
