"""Reading a stream as one consumer of a group, for as long as the process lives.

Two FastStream subscribers share the work: one reads what is new, its twin takes over what
dead consumers left. FastStream ends a subscriber for good when its group is gone (FLUSHALL,
a restart without persistence); here the group is made again, from the start of the stream,
and the subscriber is started again.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog
from angarium_contracts.contract import Reader, UnknownVersion, Unreadable
from faststream import AckPolicy
from faststream.redis import RedisBroker
from redis.exceptions import RedisError, ResponseError

from .broker import (
    POLLING_INTERVAL_MS,
    RawEntries,
    UnprefixedStream,
    body_of,
    decode_batch,
    parse_batch,
    redis_of,
)
from .leases import EntryLeases
from .quarantine import Poison, Quarantine
from .received import Handler, Received
from .subscription import Subscription

TRIES_MAX = 5
"""An entry that failed this often is quarantined."""

log = structlog.get_logger()


class GroupReader[T]:
    """Feeds one handler from one stream. `run()` until cancelled.

    `lease_s` is how long an entry must be idle before another consumer takes it over.
    """

    def __init__(
        self,
        broker: RedisBroker,
        *,
        stream: str,
        group: str,
        consumer: str,
        reader: Reader[T],
        handle: Handler[T],
        quarantine: Quarantine,
        clock_s: Callable[[], float],
        entries_max: int = 16,
        lease_s: float = 8.0,
    ) -> None:
        self._broker = broker
        self._stream = stream
        self._group = group
        self._reader = reader
        self._handle = handle
        self._quarantine = quarantine
        self._leases = EntryLeases(
            lambda: redis_of(broker),
            stream=stream,
            group=group,
            consumer=consumer,
            lease_s=lease_s,
            clock_s=clock_s,
        )
        self._new = self._subscription(
            UnprefixedStream(
                stream,
                group=group,
                consumer=consumer,
                batch=True,
                max_records=entries_max,
                polling_interval=POLLING_INTERVAL_MS,
            ),
            self._on_new,
        )
        self._abandoned = self._subscription(
            UnprefixedStream(
                stream,
                group=group,
                consumer=consumer,
                batch=True,
                min_idle_time=int(lease_s * 1000),
                polling_interval=int(lease_s * 1000 / 4),
            ),
            self._on_abandoned,
        )

    def _subscription(
        self, stream: UnprefixedStream, handler: Callable[[RawEntries], object]
    ) -> Subscription:
        subscriber = self._broker.subscriber(
            stream=stream,
            parser=parse_batch,
            decoder=decode_batch,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        )
        subscriber(handler)
        return Subscription(
            subscriber,
            stream=self._stream,
            prepare=self._ensure_group,
        )

    @property
    def running(self) -> bool:
        """Whether both subscribers read."""
        return self._new.running and self._abandoned.running

    @property
    def in_hand(self) -> int:
        """Entries received and neither acknowledged nor given back."""
        return len(self._leases)

    async def run(self) -> None:
        """Read until cancelled. Then nothing new is read; handlers that run are waited for, and
        keep their leases meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(self._keep_leases())
            try:
                async with asyncio.TaskGroup() as reading:
                    reading.create_task(self._new.run())
                    reading.create_task(self._abandoned.run())
            finally:
                keeper.cancel()

    async def _ensure_group(self) -> None:
        try:
            await redis_of(self._broker).xgroup_create(
                self._stream, self._group, id="0", mkstream=True
            )
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _keep_leases(self) -> None:
        while True:
            try:
                await self._leases.keep()
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("stream.leases_not_kept", stream=self._stream, error=str(error))

    async def _on_new(self, entries: RawEntries) -> None:
        await self._pass_on(entries, redelivered=False)

    async def _on_abandoned(self, entries: RawEntries) -> None:
        for entry_id, fields in entries:
            if self._leases.holds(entry_id):
                continue
            tries = await self._tries(entry_id)
            if tries > TRIES_MAX:
                body = body_of(fields)
                await self._move_to_quarantine(
                    [(entry_id, f"failed {tries - 1} times", body or b"")]
                )
                continue
            await self._pass_on([(entry_id, fields)], redelivered=True)

    async def _tries(self, entry_id: bytes) -> int:
        rows = await redis_of(self._broker).xpending_range(
            self._stream, self._group, entry_id, entry_id, 1
        )
        return int(rows[0]["times_delivered"]) if rows else 1

    async def _pass_on(self, entries: RawEntries, *, redelivered: bool) -> None:
        received: list[Received[T]] = []
        poison: list[tuple[bytes, str, bytes]] = []
        for entry_id, fields in entries:
            body = body_of(fields)
            if body is None:
                poison.append((entry_id, "not an entry of ours", msgspec.msgpack.encode(fields)))
                continue
            match self._reader.read(body):
                case UnknownVersion(tag):
                    poison.append((entry_id, f"unknown contract {tag}", body))
                case Unreadable(reason):
                    poison.append((entry_id, f"unreadable: {reason}", body))
                case value:
                    received.append(self._received(entry_id, value, redelivered))
        if poison:
            await self._move_to_quarantine(poison)
        if received:
            await self._call(received)

    def _received(self, entry_id: bytes, value: T, redelivered: bool) -> Received[T]:
        return Received(self._stream, self._group, entry_id, value, redelivered, self._leases)

    async def _call(self, received: list[Received[T]]) -> None:
        ids = [entry.entry_id for entry in received]
        self._leases.take(ids)
        try:
            await self._handle(received)
        except Exception:
            self._leases.release(ids)
            log.exception("stream.handler_failed", stream=self._stream, entries=len(ids))

    async def _move_to_quarantine(self, poison: Sequence[tuple[bytes, str, bytes]]) -> None:
        await self._quarantine.put([Poison(self._stream, self._group, *entry) for entry in poison])
        for entry_id, reason, _ in poison:
            log.error(
                "stream.quarantined", stream=self._stream, entry=entry_id.decode(), reason=reason
            )
