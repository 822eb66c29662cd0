"""A verified event."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

from .request import WebhookRequest

KEY_CHARS_MAX: Final = 255
_PLAIN: Final = re.compile(rf"[!-~]{{1,{KEY_CHARS_MAX}}}")


@dataclass(frozen=True, slots=True)
class Event:
    """An event whose signature was verified.

    `receiver` is the name of the receiver. `id` is the sender's id, the same in each of its
    attempts, or None if the sender gives none. `type` is None for senders that name no type, and
    for those that send several events at once.
    """

    receiver: str
    id: str | None
    type: str | None
    request: WebhookRequest

    @property
    def body(self) -> bytes:
        """The exact bytes that were received."""
        return self.request.body

    def json(self) -> Any:
        """The parsed body; None if it is not JSON."""
        return self.request.json()

    @property
    def key(self) -> str:
        """The text that tells a repeated webhook from a new one, at most 255 characters: the
        sender's id, or the hash of the body where the sender gives none. An id that not every
        database keeps as it is, because it is long or has other characters than ASCII, is hashed,
        too."""
        if self.id is not None and _PLAIN.fullmatch(self.id):
            return self.id
        of = self.body if self.id is None else self.id.encode("utf-8", "surrogatepass")
        return f"sha256:{hashlib.sha256(of).hexdigest()}"
