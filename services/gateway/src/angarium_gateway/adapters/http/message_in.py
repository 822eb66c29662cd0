"""The body of POST /app/{app_id}/msg: read strictly, refused with the member and the remedy."""

import re
from typing import Any

import msgspec

EVENT_TYPE_PATTERN = re.compile(r"[a-zA-Z0-9\-_.]{1,256}")
CHANNEL_PATTERN = re.compile(r"[a-zA-Z0-9\-_.]{1,128}")
CHANNELS_MAX = 5
TAGS_MAX = 8
NESTING_MAX = 64
_NAME_HINT = "use letters, digits, '-', '_' and '.'"


class MessageIn(msgspec.Struct, rename="camel"):
    """A message as clients post it (Svix API, `MessageIn`). The payload stays as it was sent."""

    event_type: str
    payload: msgspec.Raw
    event_id: str | None = None
    channels: list[str] | None = None
    tags: list[str] | None = None
    application: msgspec.Raw | None = None
    payload_retention_period: int | None = None


class BodyRefused(Exception):
    """A body that cannot be taken. `loc` names the member; `status` is 400, 413 or 422."""

    def __init__(self, status: int, message: str, *loc: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.loc = loc


_decoder = msgspec.json.Decoder(MessageIn)
_any_decoder = msgspec.json.Decoder()
_member = re.compile(r" - at `\$\.?([^`]*)`$")


def read_message(body: bytes, *, payload_bytes_max: int) -> MessageIn:
    """Decode and check a body. Raises `BodyRefused`."""
    message = _decode(body)
    payload = bytes(message.payload)
    if len(payload) > payload_bytes_max:
        raise BodyRefused(413, f"the payload is over {payload_bytes_max} bytes", "payload")
    _check_payload(payload)
    if not EVENT_TYPE_PATTERN.fullmatch(message.event_type):
        raise BodyRefused(422, f"must be 1 to 256 characters; {_NAME_HINT}", "eventType")
    if message.event_id is not None and not EVENT_TYPE_PATTERN.fullmatch(message.event_id):
        raise BodyRefused(422, f"must be 1 to 256 characters; {_NAME_HINT}", "eventId")
    if message.channels is not None:
        _check_names(message.channels, "channels", CHANNELS_MAX)
    if message.tags is not None:
        _check_names(message.tags, "tags", TAGS_MAX)
    retention = message.payload_retention_period
    if retention is not None and not 5 <= retention <= 90:
        raise BodyRefused(422, "must be 5 to 90 days", "payloadRetentionPeriod")
    return message


def _decode(body: bytes) -> MessageIn:
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _member.search(text)
        loc = [part for part in found.group(1).split(".") if part] if found else []
        raise BodyRefused(422, _member.sub("", text), *loc) from None
    except msgspec.DecodeError as error:
        raise BodyRefused(400, f"the body is not JSON: {error}") from None
    except UnicodeDecodeError:
        raise BodyRefused(400, "the body is not UTF-8; encode it as UTF-8") from None
    except RecursionError:
        raise BodyRefused(422, f"nested deeper than {NESTING_MAX} levels", "payload") from None


def _check_payload(payload: bytes) -> None:
    if payload[:1] != b"{":
        raise BodyRefused(422, "must be a JSON object", "payload")
    try:
        content = _any_decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise BodyRefused(422, f"cannot be read: {error}", "payload") from None
    except UnicodeDecodeError:
        raise BodyRefused(400, "the payload is not UTF-8; encode it as UTF-8", "payload") from None
    except RecursionError:
        raise BodyRefused(422, f"nested deeper than {NESTING_MAX} levels", "payload") from None
    if payload.count(b"{") + payload.count(b"[") > NESTING_MAX and _deeper(content, NESTING_MAX):
        raise BodyRefused(422, f"nested deeper than {NESTING_MAX} levels", "payload")


def _deeper(content: Any, levels: int) -> bool:
    """Whether containers are nested in more than `levels` levels."""
    inside = [content]
    for _ in range(levels + 1):
        following: list[Any] = []
        for each in inside:
            if isinstance(each, dict):
                following.extend(each.values())
            elif isinstance(each, list):
                following.extend(each)
        if not following:
            return False
        inside = [each for each in following if isinstance(each, dict | list)]
    return bool(inside)


def _check_names(names: list[str], member: str, count_max: int) -> None:
    if not 1 <= len(names) <= count_max:
        raise BodyRefused(422, f"give 1 to {count_max}, or leave it out", member)
    if len(set(names)) != len(names):
        raise BodyRefused(422, "each may be given once", member)
    for position, name in enumerate(names):
        if not CHANNEL_PATTERN.fullmatch(name):
            raise BodyRefused(
                422, f"must be 1 to 128 characters; {_NAME_HINT}", member, str(position)
            )
