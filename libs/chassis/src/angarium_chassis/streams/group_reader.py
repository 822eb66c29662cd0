"""Reads a stream as a consumer of a group, for as long as the process runs.

Two FastStream subscribers share the work: one reads new entries, the other takes over entries that
dead consumers left pending. FastStream ends a subscriber for good when its group is missing
(FLUSHALL, a restart without persistence), and the process would look healthy but read nothing.
Here the group is created again and the subscriber restarted.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog
from angarium_contracts.contract import Reader, UnknownVersion, Unreadable
from faststream import AckPolicy
from faststream.redis import RedisBroker
from faststream.redis.subscriber.usecases import StreamBatchSubscriber
from redis.exceptions import RedisError, ResponseError

from .broker import (
    RawEntries,
    UnprefixedStream,
    body_of,
    decode_batch,
    parse_batch,
    polling_interval_ms,
    redis_of,
)
from .direct_subscriber import DirectSubscriber
from .leases import EntryLeases
from .quarantine import NOT_A_CONTRACT, Poison, Quarantine
from .reader_heartbeat import ReaderHeartbeat
from .received import Handler, Received
from .subscription import Subscription

TRIES_MAX = 5
"""The number of tries after which an entry is quarantined."""

log = structlog.get_logger()


class GroupReader[T]:
    """Passes the entries of one stream to one handler. `run()` until cancelled.

    Another consumer takes an entry over after it has been idle for `lease_s`.
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
        self._heartbeat = ReaderHeartbeat(
            lambda: redis_of(broker),
            stream=stream,
            group=group,
            consumer=consumer,
            reads=lambda: self.running,
        )
        new = UnprefixedStream(
            stream,
            group=group,
            consumer=consumer,
            batch=True,
            max_records=entries_max,
            polling_interval=polling_interval_ms(broker),
        )
        abandoned = UnprefixedStream(
            stream,
            group=group,
            consumer=consumer,
            batch=True,
            min_idle_time=int(lease_s * 1000),
            polling_interval=int(lease_s * 1000 / 4),
        )
        self._new = self._subscription(DirectSubscriber.on(broker, new, self._on_new))
        self._abandoned = self._subscription(self._claiming(abandoned))

    def _claiming(self, stream: UnprefixedStream) -> StreamBatchSubscriber:
        subscriber = self._broker.subscriber(
            stream=stream,
            parser=parse_batch,
            decoder=decode_batch,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        )
        subscriber(self._on_abandoned)
        return subscriber

    def _subscription(self, subscriber: StreamBatchSubscriber) -> Subscription:
        return Subscription(subscriber, stream=self._stream, prepare=self._ensure_group)

    @property
    def running(self) -> bool:
        """True while both subscribers read."""
        return self._new.running and self._abandoned.running

    @property
    def leased(self) -> int:
        """The number of entries that are received and neither acknowledged nor returned."""
        return len(self._leases)

    async def run(self) -> None:
        """Read until cancelled, then wait for the handlers that run.

        Leases are renewed until the last handler has ended. Without that, another consumer would
        take the entries of a slow handler over during the shutdown and handle them a second time.
        """
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(self._keep_leases())
            heartbeat = tasks.create_task(self._heartbeat.run())
            try:
                async with asyncio.TaskGroup() as reading:
                    reading.create_task(self._new.run())
                    reading.create_task(self._abandoned.run())
            finally:
                keeper.cancel()
                heartbeat.cancel()

    async def _ensure_group(self) -> None:
        # From the start of the stream, not from its end: entries that were added while the group
        # was missing would otherwise never be read. Handled entries are deleted, so none of them
        # comes again.
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
            # Redis also claims entries of this very consumer, when their handler is slow and the
            # renewal came late. They are in work already.
            if self._leases.holds(entry_id):
                continue
            tries = await self._tries(entry_id)
            if tries > TRIES_MAX:
                body = body_of(fields)
                await self._move_to_quarantine(
                    [(entry_id, f"failed {tries - 1} times", body or b"")]
                )
                continue
            # One at a time, so that an entry that makes the handler fail does not count a failed
            # try for the entries that were claimed with it, until they are quarantined too.
            await self._pass_on([(entry_id, fields)], redelivered=True)

    async def _tries(self, entry_id: bytes) -> int:
        # Counted by Redis and not in memory: an entry that kills the process must not start again
        # from zero in the next one.
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
                poison.append((entry_id, NOT_A_CONTRACT, msgspec.msgpack.encode(fields)))
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
