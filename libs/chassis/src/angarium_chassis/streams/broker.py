"""One FastStream broker a process, set up so that contracts pass through it as bytes."""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, cast, override

from faststream.redis import RedisBroker, StreamSub
from faststream.redis.exceptions import StreamGroupNotFoundError
from faststream.redis.message import FAKE_CONSUMER, RedisBatchStreamMessage, bDATA_KEY
from faststream.redis.parser import MessageFormat
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

if TYPE_CHECKING:
    from faststream.redis.message import BatchStreamMessage

SOCKET_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 2.0
POLLING_INTERVAL_MS = 4_000
"""How long a read blocks; under the socket timeout, or an idle read would fail."""

type RawEntries = Sequence[tuple[bytes, Mapping[bytes, bytes]]]
"""Entries as they were read: id and fields."""


class EncodedContract(MessageFormat):
    """FastStream's message format for bodies that are encoded already, without an envelope."""

    @classmethod
    async def encode(cls, *, message: Any, **_: Any) -> bytes:
        """Take the bytes as they are."""
        if not isinstance(message, bytes):
            raise TypeError(f"publish encoded contracts, not {type(message).__name__}")
        return message

    @classmethod
    def parse(cls, data: bytes) -> tuple[bytes, dict[str, Any]]:
        """Give the bytes as they are."""
        return data, {}


class UnprefixedStream(StreamSub[Literal[True]]):
    """FastStream's stream, without the deep copy of itself that it makes twice a batch for a
    prefix that we do not use."""

    __slots__ = ()

    @override
    def add_prefix(self, prefix: str) -> Self:
        return self


def open_broker(redis_url: str, *, connections_max: int = 256) -> RedisBroker:
    """A broker without subscribers. It connects on `connect()`, which does not dial yet.

    Connections are made on use; beyond `connections_max` a command fails. A group reader takes
    two, a tail reader one, a writer at most `writer.CONCURRENT_MAX`.
    """
    # FastStream would restart a failed read at once and without end; `Subscription` does it with
    # a pause, and knows how to make the group again.
    os.environ["FASTSTREAM_SUPERVISOR_DISABLED"] = "1"
    # With maintenance notifications redis-py hands out pooled connections that the server has
    # closed (a restart); without, it sees that and dials again.
    # By itself redis-py tries a failed command ten times, also one whose answer got lost: entries
    # would be added twice. Who calls knows what is safe to try again.
    options: Any = {
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        "retry": Retry(NoBackoff(), 0),
    }
    return RedisBroker(
        redis_url,
        apply_types=False,
        logger=_calm_logger(),
        message_format=EncodedContract,
        max_connections=connections_max,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=3.0,
        graceful_timeout=30.0,
        **options,
    )


def _calm_logger() -> logging.Logger:
    logger = logging.getLogger("angarium.faststream")
    if _say_in_one_line not in logger.filters:
        logger.addFilter(_say_in_one_line)
    return logger


def _say_in_one_line(record: logging.LogRecord) -> bool:
    """An unreachable Redis needs no traceback, every five seconds for each subscriber; and what
    FastStream says about a missing group is not true here."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, StreamGroupNotFoundError):
        return False
    if isinstance(error, RedisError | OSError):
        record.msg, record.args, record.exc_info = f"{record.getMessage()}: {error}", (), None
    return True


def redis_of(broker: RedisBroker) -> Redis:
    """The connected client of a broker, for the commands that FastStream has no word for."""
    return cast("Redis", broker.config.broker_config.connection.client)


async def redis_problem(broker: RedisBroker) -> str | None:
    """None when Redis answers; for readiness."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            await redis_of(broker).ping()
    except (RedisError, OSError, TimeoutError) as error:
        return f"Redis does not answer: {type(error).__name__}"
    return None


async def parse_batch(raw: "BatchStreamMessage") -> RedisBatchStreamMessage:
    """FastStream parser: keep the entries as they came, undecoded."""
    return RedisBatchStreamMessage(raw_message=raw, body=b"", consumer=FAKE_CONSUMER, group=None)


async def decode_batch(message: RedisBatchStreamMessage) -> RawEntries:
    """FastStream decoder: ids and fields."""
    raw = message.raw_message
    return list(zip(raw["message_ids"], raw["data"], strict=True))


def body_of(fields: Mapping[bytes, bytes]) -> bytes | None:
    """The encoded contract of an entry; None where the entry is not one of ours."""
    return fields.get(bDATA_KEY)
