"""Reads a stream without a group: every process receives every entry."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import structlog
from angarium_contracts.contract import Reader, UnknownVersion, Unreadable
from faststream.redis import RedisBroker
from redis.exceptions import RedisError

from .broker import (
    RawEntries,
    UnprefixedStream,
    body_of,
    polling_interval_ms,
    redis_of,
)
from .direct_subscriber import DirectSubscriber
from .subscription import Subscription

REASON_LENGTH_MAX = 500
TRIM_INTERVAL_S = 1.0

log = structlog.get_logger()


class TailReader[T]:
    """Passes the entries of one stream to one handler, in order. `run()` until cancelled.

    Reads from the oldest entry, or with `from_now` from the current end of the stream. With `trim`,
    which is for streams with a single reader, handled entries are deleted within about a second. A
    batch whose handler raises is not delivered again; use `GroupReader` where that matters.
    """

    def __init__(
        self,
        broker: RedisBroker,
        *,
        stream: str,
        reader: Reader[T],
        handle: Callable[[Sequence[T]], Awaitable[None]],
        from_now: bool = False,
        trim: bool = False,
        entries_max: int = 64,
    ) -> None:
        self._broker = broker
        self._stream = stream
        self._reader = reader
        self._handle = handle
        self._from_now = from_now
        self._trim = trim
        self._handled_id = b"0-0"
        self._handled = asyncio.Event()
        self._positioned = asyncio.Event()
        self._subscriber = DirectSubscriber.on(
            broker,
            UnprefixedStream(
                stream,
                batch=True,
                last_id="0",
                max_records=entries_max,
                polling_interval=polling_interval_ms(broker),
            ),
            self._on_entries,
        )
        self._subscription = Subscription(
            self._subscriber, stream=stream, prepare=self._find_position
        )

    @property
    def running(self) -> bool:
        """True while the subscriber reads."""
        return self._subscription.running

    async def positioned(self) -> None:
        """Wait until the position in the stream is fixed.

        Entries that are added later are received. A reader that asks for a snapshot must wait for
        this first, or it would miss changes between the snapshot and its first read.
        """
        await self._positioned.wait()

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._subscription.run())
            if self._trim:
                tasks.create_task(self._trim_handled())

    async def _trim_handled(self) -> None:
        while True:
            await self._handled.wait()
            await asyncio.sleep(TRIM_INTERVAL_S)
            # Before the trim, so that a batch handled during it is trimmed in the next round.
            self._handled.clear()
            try:
                await redis_of(self._broker).xtrim(
                    self._stream, minid=_following(self._handled_id), approximate=False
                )
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("stream.not_trimmed", stream=self._stream, error=str(error))
                self._handled.set()

    async def _find_position(self) -> None:
        await redis_of(self._broker).ping()
        # At the first start only. After an outage the reader continues where it was: moving to the
        # end again would skip the entries that were added during the outage.
        if self._from_now and not self._positioned.is_set():
            self._subscriber.last_id = await self._latest_id()
        self._positioned.set()

    async def _latest_id(self) -> str:
        # The id itself rather than "$", which each read would take as its own moment: entries
        # between two reads would be lost.
        latest = await redis_of(self._broker).xrevrange(self._stream, count=1)
        return cast("bytes", latest[0][0]).decode() if latest else "0"

    async def _on_entries(self, entries: RawEntries) -> None:
        values: list[T] = []
        for entry_id, fields in entries:
            match self._reader.read(body_of(fields) or b""):
                case UnknownVersion() | Unreadable() as failure:
                    log.error(
                        "stream.entry_skipped",
                        stream=self._stream,
                        entry=entry_id.decode(),
                        failure=str(failure)[:REASON_LENGTH_MAX],
                    )
                case value:
                    values.append(value)
        try:
            await self._handle(values)
        except Exception:
            log.exception("stream.handler_failed", stream=self._stream, entries=len(values))
        # Advanced after a failure too: one bad batch must not be read for ever.
        self._handled_id = entries[-1][0]
        self._handled.set()


def _following(entry_id: bytes) -> bytes:
    """The smallest possible entry id after `entry_id`."""
    milliseconds, _, sequence = entry_id.partition(b"-")
    return b"%s-%d" % (milliseconds, int(sequence) + 1)
