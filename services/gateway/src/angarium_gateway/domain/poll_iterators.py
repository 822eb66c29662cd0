"""Iterators of polled endpoints: a position in the endpoint's messages, as clients store it.

32 characters: the position (16 bytes), the generation of a consumer (4 bytes), and a digest (4
bytes) of both with the endpoint and the consumer. The digest finds out iterators of other
endpoints and consumers and those that were cut; it protects nothing.
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import blake2s
from typing import Final

_LENGTH: Final = 32
_GENERATION_MAX: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class PollScope:
    """The endpoint, and the consumer whose position the server stores; None: the client's own."""

    endpoint_id: bytes
    consumer: str | None = None


@dataclass(frozen=True, slots=True)
class PollPosition:
    """A position, and the generation of the consumer (`ConsumerPage`)."""

    position: bytes
    generation: int = 0


def poll_iterator(scope: PollScope, at: PollPosition) -> str:
    """The iterator that stands for a position."""
    content = at.position + min(at.generation, _GENERATION_MAX).to_bytes(4)
    return base64.urlsafe_b64encode(content + _digest(scope, content)).decode()


def parse_poll_iterator(scope: PollScope, text: str) -> PollPosition | None:
    """The position that an iterator stands for; None if it is none of this scope."""
    if len(text) != _LENGTH or not text.isascii():
        return None
    try:
        read = base64.b64decode(text, altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    content, digest = read[:20], read[20:]
    if digest != _digest(scope, content):
        return None
    return PollPosition(content[:16], int.from_bytes(content[16:]))


def _digest(scope: PollScope, content: bytes) -> bytes:
    name = b"" if scope.consumer is None else b"\0" + scope.consumer.encode()
    return blake2s(scope.endpoint_id + content + name, digest_size=4).digest()
