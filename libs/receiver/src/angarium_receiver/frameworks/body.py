"""Bodies are read as they come, and no further than the limit."""

from collections.abc import AsyncIterable, Mapping
from typing import Final, Protocol

from angarium_receiver.answer import Answer

TOO_SLOW: Final = Answer.json({"error": "body_too_slow"}, 408)
"""The answer to a body that did not come in time."""
CHUNK_BYTES: Final = 65_536


class BodyTooLarge(Exception):
    """The body has more bytes than the receiver takes."""


def declared_too_large(headers: Mapping[str, str], bytes_max: int) -> bool:
    """True if the request says itself that its body is too large."""
    declared = headers.get("content-length", "")
    return declared.isascii() and declared.isdigit() and int(declared[:20]) > bytes_max


async def read_chunks(chunks: AsyncIterable[bytes], bytes_max: int) -> bytes:
    """The whole body. Raises BodyTooLarge."""
    body = bytearray()
    async for chunk in chunks:
        if len(body) + len(chunk) > bytes_max:
            raise BodyTooLarge
        body += chunk
    return bytes(body)


class Readable(Protocol):
    """A stream of blocking code."""

    def read(self, size: int, /) -> bytes: ...


def read_stream(stream: Readable, bytes_max: int) -> bytes:
    """The whole body. Raises BodyTooLarge."""
    body = bytearray()
    while chunk := stream.read(min(CHUNK_BYTES, bytes_max + 1 - len(body))):
        body += chunk
        if len(body) > bytes_max:
            raise BodyTooLarge
    return bytes(body)
