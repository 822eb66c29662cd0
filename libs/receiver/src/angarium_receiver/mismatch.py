"""The usual cause of a signature that does not match, found by trying the usual mistakes.

Nothing here accepts a webhook: it is refused already, and only the explanation depends on it.
"""

import json
from collections.abc import Callable, Iterator
from typing import Final

BODY_BYTES_MAX: Final = 262_144
"""Larger bodies are not tried: an explanation is not worth the time of a flood."""

PARSED: Final = (
    "The body was parsed and written again before verification, which changed its bytes: verify"
    " the raw body, before any JSON parser or middleware touches it."
)
TRIMMED: Final = (
    "White space around the body was changed on the way: verify the raw body, and look for a proxy"
    " or middleware that edits bodies."
)
UNKNOWN: Final = (
    "Usual causes: the secret is that of another endpoint or of the test mode, or it was rotated;"
    " the body was parsed before verification; a proxy changed the body."
)


def cause_of_mismatch(body: bytes, signed: Callable[[bytes], bool]) -> str:
    """The cause; `signed` says whether the signature is right for another body."""
    if len(body) > BODY_BYTES_MAX:
        return UNKNOWN
    if any(signed(each) for each in _trimmed(body)):
        return TRIMMED
    if any(signed(each) for each in _written_again(body)):
        return PARSED
    return UNKNOWN


def _trimmed(body: bytes) -> Iterator[bytes]:
    for each in (body.strip(), body + b"\n", body + b"\r\n"):
        if each != body:
            yield each


def _written_again(body: bytes) -> Iterator[bytes]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    for separators in ((",", ":"), (", ", ": ")):
        for ascii_only in (False, True):
            text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
            written = text.encode("utf-8", "surrogatepass")
            if written != body:
                yield written
