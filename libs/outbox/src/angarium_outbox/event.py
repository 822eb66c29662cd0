"""An event for the outbox, checked by the rules of Angarium's API.

What the API would refuse is refused here, where the transaction can still be rolled back.
"""

import json
import re
import secrets
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

LANES: Final = 32
"""The number of lanes. All events of one application and key are in one lane, and one relay at a
time posts the events of a lane."""

EVENT_ID_PREFIX: Final = "obx_"
"""Begins the event ids that the outbox generates. `angarium verify --outbox` knows them by it."""

KEY_CHARS_MAX: Final = 256
CHANNELS_MAX: Final = 5
TAGS_MAX: Final = 8
TAG_CHARS_MAX: Final = 1_024

_RESERVED_EVENT_IDS: Final = frozenset({"batch", "bulk-expunge", "expunge-all-contents"})
_NAME: Final = re.compile(r"[a-zA-Z0-9\-_.]{1,256}")
_CHANNEL: Final = re.compile(r"[a-zA-Z0-9\-_.]{1,128}")
_NAME_RULE: Final = "1 to 256 letters (A to Z, a to z), digits, `-`, `_` or `.`"


class InvalidEvent(ValueError):
    """The event would be refused by Angarium. The text names the argument and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event to add.

    - `application`: the id or uid of the application in Angarium.
    - `payload`: a JSON object.
    - `key`: events of an application with the same key are posted in the order in which they were
      added; events without a key in any order.
    - `event_id`: the `eventId` in Angarium, by which the event is accepted once. Generated if it is
      not given. Unique in the application.
    - `deliver_at`: deliver the event at this time, not before; with a time zone.
    - `tags`, `channels`: as in Angarium's API.
    """

    application: str
    event_type: str
    payload: Mapping[str, Any]
    key: str | None = None
    event_id: str | None = None
    deliver_at: datetime | None = None
    tags: Sequence[str] = ()
    channels: Sequence[str] = ()


def row_of(event: Event) -> dict[str, Any]:
    """The columns of a new row of the outbox. Raises `InvalidEvent`."""
    _check_name("application", event.application)
    _check_name("event_type", event.event_type)
    event_id = new_event_id() if event.event_id is None else event.event_id
    _check_name("event_id", event_id)
    if event_id.startswith("msg_"):
        raise InvalidEvent("`event_id` must not begin with `msg_`, as the ids of messages do.")
    if event_id in _RESERVED_EVENT_IDS:
        raise InvalidEvent(f"`event_id` must not be `{event_id}`, as a path of the API is.")
    key = event.key
    if key is not None and not (0 < len(key) <= KEY_CHARS_MAX and "\0" not in key):
        raise InvalidEvent(
            f"`key` must have 1 to {KEY_CHARS_MAX} characters without NUL."
            " Leave it out if order does not matter."
        )
    payload, options = _payload(event.payload), _options(event)
    return {
        "lane": lane_of(event.application, event_id if key is None else key),
        "application": event.application,
        "order_key": key,
        "event_id": event_id,
        "event_type": event.event_type,
        "payload": payload,
        "options": options,
        "size_bytes": len(payload.encode()) + len((options or "").encode()),
        "created_ms": time.time_ns() // 1_000_000,
    }


def new_event_id() -> str:
    """A new event id, which begins with the time so that neighbours in time are neighbours in an
    index."""
    return f"{EVENT_ID_PREFIX}{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def event_id_ms(event_id: str) -> int | None:
    """When an event id was generated (Unix time); None for an id that was given."""
    digits = event_id.removeprefix(EVENT_ID_PREFIX)
    if len(event_id) != len(EVENT_ID_PREFIX) + 32 or digits == event_id:
        return None
    try:
        return int(digits[:12], 16)
    except ValueError:
        return None


def lane_of(application: str, key: str) -> int:
    """The lane of a key of an application. The same in all versions."""
    return zlib.crc32(f"{application}\0{key}".encode()) % LANES


def _check_name(argument: str, name: str) -> None:
    if not _NAME.fullmatch(name) or not name.strip("."):
        raise InvalidEvent(
            f"`{argument}` must have {_NAME_RULE}, not only dots; it is {name[:300]!r}."
        )


def _payload(payload: Mapping[str, Any]) -> str:
    if not isinstance(payload, Mapping):
        raise InvalidEvent("`payload` must be a JSON object. Wrap other values in one.")
    try:
        return _json(payload if isinstance(payload, dict) else dict(payload))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEvent(f"`payload` cannot be written as JSON: {error}.") from error


def _options(event: Event) -> str | None:
    """The other members of the message, as JSON; None without any."""
    found: dict[str, Any] = {}
    if event.deliver_at is not None:
        if event.deliver_at.utcoffset() is None:
            raise InvalidEvent("`deliver_at` must have a time zone, such as `datetime.now(UTC)`.")
        found["deliverAt"] = event.deliver_at.isoformat()
    if event.tags:
        found["tags"] = _labels("tags", event.tags, TAGS_MAX)
        if not all(0 < len(tag) <= TAG_CHARS_MAX and "\0" not in tag for tag in found["tags"]):
            raise InvalidEvent(
                f"Each of `tags` must have 1 to {TAG_CHARS_MAX} characters without NUL."
            )
    if event.channels:
        found["channels"] = _labels("channels", event.channels, CHANNELS_MAX)
        if not all(_CHANNEL.fullmatch(channel) for channel in found["channels"]):
            raise InvalidEvent(
                "Each of `channels` must have 1 to 128 letters (A to Z, a to z), digits, `-`, `_`"
                " or `.`."
            )
    try:
        return _json(found) if found else None
    except ValueError as error:
        raise InvalidEvent(f"`tags` cannot be written as JSON: {error}.") from error


def _labels(argument: str, given: Sequence[str], count_max: int) -> list[str]:
    labels = list(given)
    if isinstance(given, str) or not all(isinstance(label, str) for label in labels):
        raise InvalidEvent(f"`{argument}` must be a sequence of texts.")
    if len(labels) > count_max or len(set(labels)) != len(labels):
        raise InvalidEvent(f"`{argument}` must have at most {count_max} values, without repeats.")
    return labels


def _json(value: dict[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text.encode()  # Half a surrogate pair is no text: UnicodeEncodeError is a ValueError.
    return text
