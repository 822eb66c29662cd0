"""The FastStream broker of a process."""

import asyncio
import logging
import os
import ssl
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Self, cast, override

from faststream.redis import RedisBroker, RedisClusterBroker, RedisSentinelBroker, StreamSub
from faststream.redis.exceptions import StreamGroupNotFoundError
from faststream.redis.message import FAKE_CONSUMER, RedisBatchStreamMessage, bDATA_KEY
from redis.asyncio import Redis
from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import AuthenticationError, ClusterDownError, RedisError

from angarium_chassis.process import StartRefused

from .cluster_client import NotACluster
from .redis_brokers import broker_at
from .redis_url import RedisUrlRefused, SingleServer, read_redis_url

if TYPE_CHECKING:
    from faststream.redis.message import BatchStreamMessage

SOCKET_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 2.0
SOCKET_TIMEOUT_OF_SEVERAL_S = 3.0
"""Shorter with several servers: another one takes over when one no longer answers."""
POLLING_INTERVAL_MS = 4_000
"""The time for which a read blocks: less than the socket timeout, or idle reads would fail."""
POLLING_INTERVAL_OF_SEVERAL_MS = 2_000

type RawEntries = Sequence[tuple[bytes, Mapping[bytes, bytes]]]
"""Entries as Redis returned them: id and fields."""


class UnprefixedStream(StreamSub[Literal[True]]):
    """FastStream's stream without the support of prefixes, for which it copies itself deeply twice
    per batch."""

    __slots__ = ()

    @override
    def add_prefix(self, prefix: str) -> Self:
        return self


def open_broker(redis_url: str, *, connections_max: int = 256) -> RedisBroker:
    """Create a broker without subscribers. Raises `StartRefused` for a wrong URL.

    `connect()` opens no connection yet: each is opened on first use. When `connections_max` are in
    use, a further command fails. A group reader uses two, a tail reader and a writer one each; in a
    cluster, a writer uses at most `writer.CONCURRENT_MAX`.
    """
    try:
        address = read_redis_url(redis_url)
    except RedisUrlRefused as refusal:
        raise StartRefused(f"ANGARIUM_REDIS_URL: {refusal}") from None
    # FastStream restarts a failed read at once and for ever: with Redis down, in a busy loop.
    # `Subscription` pauses, and creates the consumer group again.
    os.environ["FASTSTREAM_SUPERVISOR_DISABLED"] = "1"
    several = not isinstance(address, SingleServer)
    return broker_at(
        address,
        apply_types=False,
        logger=_calm_logger(),
        max_connections=connections_max,
        socket_timeout=SOCKET_TIMEOUT_OF_SEVERAL_S if several else SOCKET_TIMEOUT_S,
        socket_connect_timeout=3.0,
        graceful_timeout=30.0,
    )


def polling_interval_ms(broker: RedisBroker) -> int:
    """The time for which a read of this broker blocks."""
    several = isinstance(broker, RedisClusterBroker | RedisSentinelBroker)
    return POLLING_INTERVAL_OF_SEVERAL_MS if several else POLLING_INTERVAL_MS


def _calm_logger() -> logging.Logger:
    logger = logging.getLogger("angarium.faststream")
    if _say_in_one_line not in logger.filters:
        logger.addFilter(_say_in_one_line)
    return logger


def _say_in_one_line(record: logging.LogRecord) -> bool:
    """Logging filter that cuts errors of the connection to one line, and drops FastStream's report
    of a missing group, which `Subscription` creates again."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, StreamGroupNotFoundError):
        return False
    if isinstance(error, RedisError | OSError):
        record.msg, record.args, record.exc_info = f"{record.getMessage()}: {error}", (), None
    return True


def redis_of(broker: RedisBroker) -> Redis:
    """The connected client of a broker, for commands that FastStream does not offer: that of a
    cluster is a `ClusterClient`, which has the same commands."""
    return cast("Redis", broker.config.broker_config.connection.client)


async def redis_problem(broker: RedisBroker) -> str | None:
    """Describe why Redis does not answer, or None if it does; for readiness."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            await redis_of(broker).ping()
    except (RedisError, OSError, TimeoutError) as error:
        return f"Redis does not answer: {_reason(error)}"
    return None


def _reason(error: Exception) -> str:
    """The remedy, where redis-py's name for the error does not say it."""
    if isinstance(error, AuthenticationError):
        return "it refuses the user or the password of ANGARIUM_REDIS_URL"
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message}); see ANGARIUM_REDIS_URL"
    if isinstance(error, MasterNotFoundError):
        return "Sentinel knows no primary of the service in ANGARIUM_REDIS_URL, or is not reachable"
    if isinstance(error, NotACluster):
        return "it is no cluster; use redis:// in ANGARIUM_REDIS_URL"
    if isinstance(error, ClusterDownError):
        return "the cluster is down, because a part of its slots has no primary that answers"
    return type(error).__name__


async def parse_batch(raw: "BatchStreamMessage") -> RedisBatchStreamMessage:
    """FastStream parser that leaves the entries undecoded."""
    return RedisBatchStreamMessage(raw_message=raw, body=b"", consumer=FAKE_CONSUMER, group=None)


async def decode_batch(message: RedisBatchStreamMessage) -> RawEntries:
    """FastStream decoder that returns ids and fields."""
    raw = message.raw_message
    return list(zip(raw["message_ids"], raw["data"], strict=True))


def body_of(fields: Mapping[bytes, bytes]) -> bytes | None:
    """The encoded contract of an entry, or None if another program added the entry."""
    return fields.get(bDATA_KEY)
