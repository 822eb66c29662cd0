"""One FastStream broker a process, set up so that contracts pass through it as bytes."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from faststream.redis import RedisBroker
from faststream.redis.message import FAKE_CONSUMER, RedisBatchStreamMessage, bDATA_KEY
from faststream.redis.parser import MessageFormat
from redis.asyncio import Redis

if TYPE_CHECKING:
    from faststream.redis.message import BatchStreamMessage

SOCKET_TIMEOUT_S = 10.0
POLLING_INTERVAL_MS = 4_000
"""How long a read blocks; under the socket timeout, or an idle read would fail."""


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


def open_broker(redis_url: str, *, connections_max: int = 32) -> RedisBroker:
    """A broker without subscribers. It connects on `connect()`, which does not dial yet."""
    return RedisBroker(
        redis_url,
        apply_types=False,
        logger=logging.getLogger("angarium.faststream"),
        message_format=EncodedContract,
        max_connections=connections_max,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=3.0,
        graceful_timeout=30.0,
    )


def redis_of(broker: RedisBroker) -> Redis:
    """The connected client of a broker, for the commands that FastStream has no word for."""
    return cast("Redis", broker.config.broker_config.connection.client)


async def parse_batch(raw: "BatchStreamMessage") -> RedisBatchStreamMessage:
    """FastStream parser: keep the entries as they came, undecoded."""
    return RedisBatchStreamMessage(raw_message=raw, body=b"", consumer=FAKE_CONSUMER, group=None)


async def decode_batch(message: RedisBatchStreamMessage) -> Sequence[tuple[bytes, bytes | None]]:
    """FastStream decoder: ids and bodies. A body is None where the entry is not one of ours."""
    raw = message.raw_message
    return [
        (entry_id, fields.get(bDATA_KEY))
        for entry_id, fields in zip(raw["message_ids"], raw["data"], strict=True)
    ]
