"""Reading a stream to its end and on, without a group: every process sees every entry."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import structlog
from angarium_contracts.contract import Reader, UnknownVersion, Unreadable
from faststream import AckPolicy
from faststream.redis import RedisBroker, StreamSub
from redis.exceptions import RedisError

from .broker import POLLING_INTERVAL_MS, decode_batch, parse_batch, redis_of

SUPERVISION_INTERVAL_S = 0.5

log = structlog.get_logger()


class TailReader[T]:
    """Feeds one handler from one stream, in order. `run()` until cancelled.

    Reads from the oldest entry, or with `from_now` from the end as it stands at the start.
    With `trim`, what has been handled is deleted: for streams with one reader. A handler that
    raises loses that batch for this reader; who needs more than that reads as a group.
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
        self._subscriber = broker.subscriber(
            stream=StreamSub(
                stream,
                batch=True,
                last_id="0",
                max_records=entries_max,
                polling_interval=POLLING_INTERVAL_MS,
            ),
            parser=parse_batch,
            decoder=decode_batch,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        )
        self._subscriber(self._on_entries)

    @property
    def running(self) -> bool:
        """Whether the subscriber reads."""
        return bool(self._subscriber.running)

    async def run(self) -> None:
        """Read until cancelled."""
        started = False
        try:
            while True:
                if not self._subscriber.running:
                    try:
                        if self._from_now and not started:
                            self._subscriber.last_id = await self._latest_id()
                        await self._subscriber.start()
                        started = True
                    except (RedisError, OSError, TimeoutError) as error:
                        log.warning("stream.unavailable", stream=self._stream, error=str(error))
                await asyncio.sleep(SUPERVISION_INTERVAL_S)
        finally:
            await asyncio.shield(self._subscriber.stop())

    async def _latest_id(self) -> str:
        latest = await redis_of(self._broker).xrevrange(self._stream, count=1)
        return cast("bytes", latest[0][0]).decode() if latest else "0"

    async def _on_entries(self, entries: Sequence[tuple[bytes, bytes | None]]) -> None:
        values: list[T] = []
        for entry_id, body in entries:
            match self._reader.read(body or b""):
                case UnknownVersion() | Unreadable() as failure:
                    log.error(
                        "stream.entry_skipped",
                        stream=self._stream,
                        entry=entry_id.decode(),
                        failure=str(failure),
                    )
                case value:
                    values.append(value)
        try:
            await self._handle(values)
        except Exception:
            log.exception("stream.handler_failed", stream=self._stream, entries=len(values))
        if self._trim:
            await redis_of(self._broker).xdel(self._stream, *[entry_id for entry_id, _ in entries])
