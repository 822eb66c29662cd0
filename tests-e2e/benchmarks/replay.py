"""A stretch of the hot path, replayed in one process without sockets, databases or real time.

The code is the platform's own. What it meets at its edges is in memory and answers at once: clients
and endpoints, the journal and the ledger, Redis. So each replay of a number of messages executes
the same instructions, which can be counted.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from angarium_chassis.streams.received import Received
from angarium_chassis.streams.writer import Publication
from angarium_contracts.contract import encode
from event_body import EventBody

TENANT, APPLICATION, ENDPOINT = b"t" * 16, b"a" * 16, b"e" * 16
BODY_BYTES = 1024
BETWEEN_ROUNDS_S = 1 / 300
"""As at 300 messages a second: what waits for some time gathers as many as it would."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The rounds of one service, prepared. `run(rounds)` gives how many messages went through. Each
    module `replay_<service>` has a function `prepare(rounds, at_once)` that makes one."""

    run: Callable[[int], Coroutine[Any, Any, int]]


class ReplayLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._now_s

    def advance(self, seconds: float) -> None:
        self._now_s += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: ReplayLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("nothing is left to happen: the replay waits for ever")
        self._loop.advance(max(0.0, timeout))
        return super().select(0)


class ReplayWriter:
    """A writer that encodes and counts entries, and forgets them: in place of `StreamWriter`."""

    def __init__(self) -> None:
        self.entries = 0
        self.acknowledged = 0
        self.written = asyncio.Event()

    async def write(
        self, publications: Sequence[Publication], done: Sequence[Received[Any]] = ()
    ) -> list[bytes]:
        """See `StreamWriter.write`."""
        for publication in publications:
            encode(publication.contract)
        self.entries += len(publications)
        self.acknowledged += len(done)
        self.written.set()
        return [b"%d-0" % number for number in range(len(publications))]

    async def until_acknowledged(self, entries: int) -> None:
        """Wait until so many entries were acknowledged."""
        while self.acknowledged < entries:
            self.written.clear()
            await self.written.wait()


def number_id(number: int) -> bytes:
    """An id of 16 bytes."""
    return number.to_bytes(16)


def request_bytes(number: int) -> bytes:
    """A request that posts message `number`, as the load generator sends it."""
    body = EventBody(BODY_BYTES).numbered(number)
    head = (
        "POST /api/v1/app/bench/msg HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
        "Authorization: Bearer ang_sk_replay\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def payload_bytes() -> bytes:
    """The payload of a message."""
    return b'{"filler":"%b"}' % (b"x" * (BODY_BYTES - 100))
