"""FastStream's batch subscriber without its layers between the read and the handler.

For each batch FastStream builds a message with a correlation id, two context scopes, a stack of
middlewares, and redis-py's answer three times over. Of entries that come one by one, they are a
fifth of the CPU of a reader. Starting, stopping and the read loop stay FastStream's.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self, cast, override

import structlog
from faststream import AckPolicy
from faststream.redis import RedisBroker
from faststream.redis.subscriber.usecases import StreamBatchSubscriber

from .broker import RawEntries, UnprefixedStream
from .connections import Connection, connection_of
from .stream_connection import Command

type HandleEntries = Callable[[RawEntries], Awaitable[None]]

log = structlog.get_logger()


class DirectSubscriber(StreamBatchSubscriber):
    """Reads through a connection of its own, and passes the entries on as Redis returned them."""

    __slots__ = ()

    _connection: Connection
    _handle: HandleEntries

    @classmethod
    def on(cls, broker: RedisBroker, stream: UnprefixedStream, handle: HandleEntries) -> Self:
        """Subscribe to a stream of a broker, from its `last_id`, or as a consumer of its group."""
        subscriber = broker.subscriber(stream=stream, ack_policy=AckPolicy.MANUAL, no_reply=True)
        subscriber(handle)
        # The broker has no parameter for the class of the subscribers that it makes.
        subscriber.__class__ = cls
        direct = cast("Self", subscriber)
        direct.pass_to(handle, connection_of(broker))
        return direct

    def pass_to(self, handle: HandleEntries, connection: Connection) -> None:
        """Set the handler, and the connection, which is closed with each stop."""
        self._handle = handle
        self._connection = connection

    @override
    async def stop(self) -> None:
        await super().stop()
        self._connection.close()

    @override
    async def _get_msgs(self, read: object) -> None:
        entries = await self._read()
        if not entries or not self.running:
            return
        self.last_id = entries[-1][0].decode()
        # FastStream waits for this lock when it stops.
        with self.lock:
            try:
                await self._handle(entries)
            except Exception:
                log.exception("stream.batch_failed", stream=self._stream_sub.name)

    async def _read(self) -> RawEntries:
        try:
            (answer,) = await self._connection.execute([self._command()])
        except BaseException:
            # Or Redis could give entries to a read that nobody awaits any more.
            self._connection.close()
            raise
        return _entries_of(answer)

    def _command(self) -> Command:
        stream = self._stream_sub
        count = ("COUNT", stream.max_records or 1, "BLOCK", stream.polling_interval or 0)
        if stream.group and stream.consumer:
            group = ("XREADGROUP", "GROUP", stream.group, stream.consumer)
            return (*group, *count, "STREAMS", stream.name, ">")
        return ("XREAD", *count, "STREAMS", stream.name, self.last_id)


def _entries_of(answer: Any) -> RawEntries:
    """The entries of an answer about one stream: a map in RESP3, a list of pairs in RESP2."""
    if not answer:
        return ()
    ((_, entries),) = answer.items() if isinstance(answer, Mapping) else answer
    return [(entry_id, _fields_of(flat)) for entry_id, flat in entries]


def _fields_of(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
