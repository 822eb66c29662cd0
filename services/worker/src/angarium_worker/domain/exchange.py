"""What an attempt sent and received beside the bodies, as it is recorded."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

HEAD_BYTES_MAX: Final = 4_096
"""What is recorded of the head of a request, and of that of its response."""
NO_FACTS: Final[Mapping[str, str]] = {}
_CUT: Final = HEAD_BYTES_MAX + 1


class Exchange(Struct, frozen=True, gc=False, array_like=True):
    """The heads of a request and of its response, as they were on the wire.

    `request` is empty if nothing was sent. It never contains a header with a secret value: those
    are only named, in `withheld`. `response` is the head of the final response, or what came
    instead of one. A head of more than `HEAD_BYTES_MAX` bytes is cut, and one byte longer. `facts`
    are about a failure, by their names in `angarium_webhooks.failures`.
    """

    request: bytes = b""
    withheld: tuple[str, ...] = ()
    response: bytes = b""
    facts: Mapping[str, str] = NO_FACTS

    def __repr__(self) -> str:
        """Without what a receiver may have repeated of a secret."""
        return f"Exchange({len(self.request)} bytes sent, {len(self.response)} bytes received)"


def cut(head: bytes) -> bytes:
    """The part of a head that is recorded."""
    return head[:_CUT]
