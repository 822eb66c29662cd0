"""The messages that the load generator and the yardstick post."""

import json
from collections.abc import Mapping

EVENT_TYPE = "bench.event"
CHANNEL = "orders"
"""The channel of labelled messages."""
_NUMBER_DIGITS = 10


class EventBody:
    """A MessageIn of the Svix API of about `body_bytes` (at least 100), numbered per message.
    `labelled`: with tags and a channel.

    `envelope` is the message of another API, and its member that is None gets the payload, which is
    the same as without one: the bodies then differ in length, and the payloads do not.
    """

    def __init__(
        self,
        body_bytes: int,
        *,
        labelled: bool = False,
        envelope: Mapping[str, object] | None = None,
    ) -> None:
        self._envelope: Mapping[str, object] | None = None
        self._labels = {"tags": ["vip", "eu"], "channels": [CHANNEL]} if labelled else {}
        empty = self._text("")
        filler = "abcdefghijklmnopqrstuvwxyz 0123456789" * (body_bytes // 37 + 1)
        filler = filler[: max(0, body_bytes - len(empty))]
        self._envelope = envelope
        text = self._text(filler)
        before, after = text.split("N" * _NUMBER_DIGITS)
        self._before, self._after = before.encode(), after.encode()

    def __len__(self) -> int:
        return len(self._before) + _NUMBER_DIGITS + len(self._after)

    def numbered(self, number: int) -> bytes:
        """The body of message `number`; the same length for every number below 10^10."""
        return b"%b%010d%b" % (self._before, number, self._after)

    def _text(self, filler: str) -> str:
        payload = {"number": "N" * _NUMBER_DIGITS, "filler": filler}
        envelope = self._envelope or {"eventType": EVENT_TYPE, **self._labels, "payload": None}
        message = {name: payload if of is None else of for name, of in envelope.items()}
        return json.dumps(message, separators=(",", ":"))


class BatchBody:
    """The body of a request that posts `messages` messages at once, each an `EventBody`."""

    def __init__(self, body_bytes: int, messages: int) -> None:
        self._message = EventBody(body_bytes)
        self._messages = messages

    def __len__(self) -> int:
        return len(self.numbered(0))

    def numbered(self, number: int) -> bytes:
        """The body of request `number`: its messages have numbers of their own."""
        first = number * self._messages
        numbers = range(first, first + self._messages)
        return b'{"messages":[%b]}' % b",".join(map(self._message.numbered, numbers))
