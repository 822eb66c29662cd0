"""The load generator: posts messages over keep-alive connections, in a process of its own.

    python load.py --url http://127.0.0.1:PORT --path /api/v1/app/APP/msg --connections 64 \\
        --seconds 30 --out FILE

A closed loop sends on each connection as soon as the last answer is there; `--rate R` sends on a
schedule instead, and measures each latency from its place in the schedule, so that a stalled
server cannot hide requests that it kept from being sent. With `--paths-file` the messages go to
each of its paths in turn, one path a line. With `--batch N` each request posts N messages, and the
path is that of the operation for batches. `--envelope` is the message of another API than Svix's,
as JSON whose member that is null gets the payload. The API key comes from `--token` or, unseen by
other users, from ANGARIUM_TOKEN.

FILE gets one JSON line for each accepted (202) message: id, due_ns, sent_ns, answered_ns, on
CLOCK_MONOTONIC, and the number of its request in the run, from 0. The last line of the standard
output is the summary as JSON.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import time
import uuid
from collections import Counter, deque
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import uvloop
from event_body import BatchBody, EventBody
from load_connection import UNREADABLE, LoadConnection, Request, RequestWriter
from quantiles import quantiles_ms
from send_schedule import SendSchedule

RECONNECT_PAUSE_S = 0.05
RECONNECTS_MAX = 20_000


class Load:
    """One run: its connections, its end, and the outcome of every request."""

    def __init__(
        self,
        writer: RequestWriter,
        address: tuple[str, int],
        seconds: float,
        count: int | None,
        answer_timeout_s: float,
    ) -> None:
        self._writer = writer
        self._address = address
        self._seconds = seconds
        self._answer_timeout_s = answer_timeout_s
        self._count = sys.maxsize if count is None else count
        self._loop = asyncio.get_running_loop()
        self._idle: deque[LoadConnection] = deque()
        self._waiting: deque[int] = deque()
        self._scheduled = False
        self._deadline_ns = 0
        self._reconnects = 0
        self._open: set[LoadConnection] = set()
        self._reconnecting: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._changed = asyncio.Event()
        self.finished: list[Request] = []
        self.started_ns = 0

    async def run(self, connections: int, rate: float | None) -> None:
        """Send until the time or the count is used up, then wait for the answers in flight."""
        self._scheduled = rate is not None
        # Connected but silent until all are: the run begins with every connection ready.
        await asyncio.gather(*(self._connect() for _ in range(connections)))
        self.started_ns = time.monotonic_ns()
        self._deadline_ns = self.started_ns + int(self._seconds * 1e9)
        if rate is not None:
            schedule = SendSchedule(self._due, rate, self.started_ns)
            await schedule.run(min(self._count, int(rate * self._seconds)))
        else:
            for connection in tuple(self._idle):
                self._idle.popleft()
                self._send(connection, None)
            await asyncio.sleep(0)
        await self._await_answers()
        for connection in tuple(self._open):
            connection.close()
        for task in tuple(self._reconnecting):
            task.cancel()

    def _due(self, due_ns: int) -> None:
        while self._idle:
            connection = self._idle.popleft()
            if connection.connected:
                self._send(connection, due_ns)
                return
        self._waiting.append(due_ns)

    def _on_idle(self, connection: LoadConnection) -> None:
        self._open.add(connection)
        if self._waiting:
            self._send(connection, self._waiting.popleft())
        elif self._scheduled or not self._may_send():
            self._idle.append(connection)
        else:
            self._send(connection, None)

    def _may_send(self) -> bool:
        return self._writer.count < self._count and time.monotonic_ns() < self._deadline_ns

    def _send(self, connection: LoadConnection, due_ns: int | None) -> None:
        if due_ns is None and not self._may_send():
            return
        self._in_flight += 1
        connection.send(due_ns)

    def _on_outcome(self, request: Request) -> None:
        self._in_flight -= 1
        self.finished.append(request)
        if not self._in_flight:
            self._changed.set()

    async def _await_answers(self) -> None:
        """Until no request is in flight or waits for a connection, bounded."""
        left_s = max(0.0, (self._deadline_ns - time.monotonic_ns()) / 1e9) + self._answer_timeout_s
        try:
            async with asyncio.timeout(left_s):
                while self._in_flight or self._waiting or self._reconnecting:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return

    async def _connect(self) -> None:
        connection = LoadConnection(
            self._writer, self._on_idle, self._on_outcome, lambda: self._on_lost(connection)
        )
        await self._loop.create_connection(lambda: connection, *self._address)

    def _on_lost(self, connection: LoadConnection) -> None:
        self._open.discard(connection)
        more = self._may_send() or bool(self._waiting)
        if more and self._reconnects < RECONNECTS_MAX:
            task = self._loop.create_task(self._reconnect())
            self._reconnecting.add(task)
            task.add_done_callback(self._reconnected)

    def _reconnected(self, task: asyncio.Task[None]) -> None:
        self._reconnecting.discard(task)
        self._changed.set()

    async def _reconnect(self) -> None:
        while self._reconnects < RECONNECTS_MAX and (self._may_send() or self._waiting):
            self._reconnects += 1
            await asyncio.sleep(RECONNECT_PAUSE_S)
            try:
                await self._connect()
            except OSError:
                continue
            return

    def summary(self) -> dict[str, object]:
        accepted = [request for request in self.finished if request.status == 202]
        messages = sum(len(request.ids) for request in accepted)
        statuses = Counter(request.status for request in self.finished)
        last_ns = max((request.answered_ns for request in self.finished), default=self.started_ns)
        seconds = (last_ns - self.started_ns) / 1e9
        return {
            "accepted": messages,
            "refused": {
                str(status): times
                for status, times in statuses.items()
                if status not in (202, UNREADABLE)
            },
            "without_answer": statuses[UNREADABLE],
            "unanswered": self._in_flight,
            "unsent": len(self._waiting),
            "seconds": seconds,
            "rate": messages / seconds if seconds else 0.0,
            "latency_ms": quantiles_ms([r.answered_ns - r.due_ns for r in accepted]),
            "lateness_ms": quantiles_ms([r.sent_ns - r.due_ns for r in accepted]),
        }


class _Accepted(msgspec.Struct, gc=False):
    """A line of the file: an accepted message, and its request."""

    id: str
    due_ns: int
    sent_ns: int
    answered_ns: int
    number: int


def _write(path: Path, finished: list[Request]) -> None:
    encoder = msgspec.json.Encoder()
    with path.open("wb") as lines:
        for each in finished:
            if each.status != 202:
                continue
            for message_id in each.ids:
                line = _Accepted(
                    message_id, each.due_ns, each.sent_ns, each.answered_ns, each.number
                )
                lines.write(encoder.encode(line) + b"\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--path")
    target.add_argument("--paths-file", type=Path, metavar="FILE")
    parser.add_argument("--token", default=os.environ.get("ANGARIUM_TOKEN", ""))
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--count", type=int, help="send so many requests at most")
    parser.add_argument("--rate", type=float, help="messages a second, on a schedule")
    parser.add_argument("--body-bytes", type=int, default=1024)
    parser.add_argument("--labelled", action="store_true", help="with tags and a channel")
    parser.add_argument("--envelope", type=json.loads, metavar="JSON", help="of another API")
    parser.add_argument("--batch", type=int, metavar="N", help="post N messages with each request")
    parser.add_argument(
        "--answer-timeout", type=float, default=15.0, help="s to wait for answers at the end (15)"
    )
    parser.add_argument("--idempotency-key", action="store_true", help="a new key per request")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


async def _run(given: argparse.Namespace) -> None:
    url = urlsplit(given.url)
    if url.scheme != "http" or url.hostname is None:
        raise SystemExit(f"load: {given.url!r} is not a plain http URL. Give http://HOST:PORT.")
    writer = RequestWriter(
        host=url.netloc,
        paths=[given.path] if given.path else given.paths_file.read_text().split(),
        token=given.token,
        body=EventBody(given.body_bytes, labelled=given.labelled, envelope=given.envelope)
        if given.batch is None
        else BatchBody(given.body_bytes, given.batch),
        idempotency_prefix=uuid.uuid4().hex if given.idempotency_key else None,
    )
    load = Load(
        writer, (url.hostname, url.port or 80), given.seconds, given.count, given.answer_timeout
    )
    cpu_before_s = time.process_time()
    try:
        await load.run(given.connections, given.rate)
    except OSError as error:
        raise SystemExit(f"load: no connection to {given.url}: {error}. Is it up?") from error
    cpu_s = time.process_time() - cpu_before_s
    if given.out is not None:
        _write(given.out, load.finished)
    # Linux gives kilobytes.
    rss_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    summary = load.summary() | {"cpu_s": cpu_s, "rss_bytes_max": rss_bytes}
    print(msgspec.json.encode(summary).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(_run(_arguments()))
