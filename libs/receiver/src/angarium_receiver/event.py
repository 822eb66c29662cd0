"""A verified event."""

import hashlib
from dataclasses import dataclass
from typing import Any

from .request import WebhookRequest


@dataclass(frozen=True, slots=True)
class Event:
    """An event whose signature was verified.

    `id` is the sender's id, the same in each of its attempts, or None if the sender gives none.
    `type` is None for senders that name no type, and for those that send several events at once.
    """

    sender: str
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
        """What tells a repeated webhook from a new one, at most 255 characters: the sender's id,
        or the hash of the body where the sender gives none."""
        if self.id is not None and len(self.id) <= KEY_CHARS_MAX:
            return self.id
        of = self.body if self.id is None else self.id.encode()
        return f"sha256:{hashlib.sha256(of).hexdigest()}"


KEY_CHARS_MAX = 255
