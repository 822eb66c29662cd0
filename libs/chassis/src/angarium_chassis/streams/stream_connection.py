"""One connection to Redis without redis-py's layers around each command.

redis-py opens the connection, so that address, TLS and authentication stay its own. For each
command, its client takes a connection of the pool, starts two timers, and wakes a task for each
reply: nine tenths of the CPU of a stream hop, if messages come one by one. Here some commands are
one write, their replies wake one task, and one timer watches the connection.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, cast, override

import hiredis
from redis._parsers.base import BaseParser
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError

ANSWER_TIMEOUT_S: Final = 10.0
"""The time in which Redis must answer. Longer than any blocking read."""

type Command = tuple[str | bytes | int | float | memoryview[int], ...]
"""A command's name and arguments."""

_INCOMPLETE: Final = object()
_MULTI: Final[Command] = ("MULTI",)
_EXEC: Final[Command] = ("EXEC",)


class StreamConnection:
    """A connection that is opened at the first call, and again after it was lost.

    Calls are answered in order, so those behind a blocking read wait with it. Raises redis-py's
    errors; after a lost connection or a timeout, it is unknown which commands were executed.
    """

    def __init__(
        self, redis: Callable[[], Redis], *, answer_timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        self._redis = redis
        self._answer_timeout_s = answer_timeout_s
        self._opening = asyncio.Lock()
        self._borrowed: tuple[ConnectionPool, AbstractConnection] | None = None
        self._answers: _Answers | None = None

    async def execute(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one write. Returns the replies; raises the first error among them."""
        answers = self._answers
        if answers is None or answers.lost:
            answers = await self._open()
        replies = await answers.to(commands)
        _raise_first(replies)
        return replies

    async def execute_atomically(self, commands: Sequence[Command]) -> list[Any]:
        """As `execute`, in one transaction."""
        replies = (await self.execute((_MULTI, *commands, _EXEC)))[-1]
        _raise_first(replies)
        return list(replies)

    def close(self) -> None:
        """Close the connection; calls that wait for an answer fail. The next call opens another."""
        if self._answers is not None:
            self._answers.end(RedisConnectionError("the connection was closed"))

    async def _open(self) -> "_Answers":
        async with self._opening:
            if self._answers is not None and not self._answers.lost:
                return self._answers
            if self._borrowed is not None:
                (pool, lost), self._borrowed = self._borrowed, None
                await lost.disconnect(nowait=True)
                await pool.release(lost)
            pool = self._redis().connection_pool
            connection: AbstractConnection = await pool.get_connection()  # type: ignore[no-untyped-call]
            self._borrowed = pool, connection
            self._answers = _Answers(_transport_of(connection), self._answer_timeout_s)
            return self._answers


def _transport_of(connection: AbstractConnection) -> asyncio.Transport:
    writer = connection._writer  # noqa: SLF001 - redis-py has no public access to it
    if writer is None:
        raise RedisConnectionError("the connection was lost")
    return cast("asyncio.Transport", writer.transport)


class _Call:
    """Commands that were sent together, and their replies so far."""

    __slots__ = ("done", "expected", "replies", "sent_s")

    def __init__(self, expected: int, sent_s: float, done: asyncio.Future[list[Any]]) -> None:
        self.expected = expected
        self.sent_s = sent_s
        self.done = done
        self.replies: list[Any] = []


class _Answers(asyncio.Protocol):
    """Takes over the transport of an open connection, and gives each call its replies.

    redis-py's protocol learns of the end, for which redis-py waits when it closes the connection.
    """

    def __init__(self, transport: asyncio.Transport, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._timeout_s = timeout_s
        self._calls: deque[_Call] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._reader = hiredis.Reader(
            protocolError=InvalidResponse,
            replyError=BaseParser.parse_error,
            notEnoughData=_INCOMPLETE,
        )
        self._former = transport.get_protocol()
        self.lost = transport.is_closing()
        transport.set_protocol(self)

    def to(self, commands: Sequence[Command]) -> asyncio.Future[list[Any]]:
        """Send commands; the future gets one reply for each, errors included."""
        if self.lost:
            raise RedisConnectionError("the connection was lost")
        done: asyncio.Future[list[Any]] = self._loop.create_future()
        self._calls.append(_Call(len(commands), self._loop.time(), done))
        self._transport.write(b"".join([_packed(each) for each in commands]))
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout_s, self._check_time)
        return done

    def end(self, error: Exception) -> None:
        """Close the connection and fail the open calls."""
        self.lost = True
        self._transport.abort()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._calls:
            done = self._calls.popleft().done
            if not done.done():
                done.set_exception(error)

    def _check_time(self) -> None:
        """Restarted only while calls wait, so that an idle connection has no timer."""
        self._timer = None
        if self._calls:
            left_s = self._calls[0].sent_s + self._timeout_s - self._loop.time()
            if left_s <= 0:
                self.end(RedisTimeoutError("Redis did not answer in time"))
            else:
                self._timer = self._loop.call_later(left_s, self._check_time)

    @override
    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _INCOMPLETE:
                self._replied(reply)
        except InvalidResponse as error:
            self.end(error)

    def _replied(self, reply: Any) -> None:
        if isinstance(reply, hiredis.PushNotification):
            return
        if isinstance(reply, ReadOnlyError | RedisConnectionError):
            # The server is no primary any more, or about to end: connect again.
            self.end(reply)
            return
        if not self._calls:
            self.end(InvalidResponse("Redis sent a reply to no command"))
            return
        call = self._calls[0]
        call.replies.append(reply)
        if len(call.replies) == call.expected:
            self._calls.popleft()
            if not call.done.done():
                call.done.set_result(call.replies)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.end(RedisConnectionError(f"Redis closed the connection: {exc or 'end of stream'}"))
        self._former.connection_lost(exc)


def _packed(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]
    return packed


def _raise_first(replies: Sequence[Any]) -> None:
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
