"""The body of POST /app/{app_id}/msg, read strictly."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from angarium_gateway.application.accept.accept_message import Draft
from angarium_gateway.domain.delivery_time import AHEAD_MAX, TooFarAhead, scheduled_time

from .current_names import with_current_names
from .problems import Fault, Refused, invalid, payload_too_large
from .raw_payload import CONTENT_TYPE, RAW_PAYLOAD, RawPayload, raw_payload
from .schemas.messages import MessageIn, TransformationsParams
from .strict_json import decode_body

TAGS_MAX = 8
_BRACE = ord("{")


class PostedMessage(MessageIn, frozen=True, kw_only=True, gc=False):
    """A message as clients post it. The payload stays as it was sent, byte for byte."""

    REQUIRED: ClassVar[int] = 2
    """How many members every message has."""

    payload: msgspec.Raw  # type: ignore[assignment]

    @property
    def content_type(self) -> str | None:
        """The Content-Type of a payload that is not the text of a JSON object."""
        params = self.transformations_params
        return None if params is None or params.headers is None else params.headers[CONTENT_TYPE]


def read_message(body: bytes, *, payload_bytes_max: int) -> PostedMessage:
    """Decode and check a body. Raises `Refused`, which names the member and the remedy."""
    return read_message_as(PostedMessage, body, payload_bytes_max=payload_bytes_max)


def read_message_as[T: PostedMessage](shape: type[T], body: bytes, *, payload_bytes_max: int) -> T:
    """As `read_message`, of a message with further members."""
    message = decode_body(body, shape, kept_as_bytes=RAW_PAYLOAD, may_repeat=may_repeat)
    return checked_message(message, payload_bytes_max=payload_bytes_max)


def may_repeat(body: bytes, message: PostedMessage) -> bool:
    """False if the text of a message is known to have each member once: it has only the colons that
    its members and payload need. This takes a twentieth of the time of looking at each."""
    return body.count(b":") > colons_of(message, escaped=b"\\" in body)


def colons_of(message: PostedMessage, *, escaped: bool) -> int:
    """How many colons the text of a message has for certain. `escaped`: some of its characters may
    be written as escapes."""
    count = message.REQUIRED + bytes(message.payload).count(b":")
    if message.event_id is not None:
        count += 1
    if message.channels is not None:
        count += 1
    if message.tags is not None:
        count += 1 if escaped else 1 + "".join(message.tags).count(":")
    return count


def checked_message[T: PostedMessage](message: T, *, payload_bytes_max: int) -> T:
    """Check a message that is decoded. Raises `Refused`."""
    params = message.transformations_params
    raw = None
    if params is not None:
        raw = raw_payload(params, message.payload)
        message = _with_raw(message, raw)
    payload = memoryview(message.payload)
    if len(payload) > payload_bytes_max:
        raise Refused(payload_too_large(payload_bytes_max))
    if raw is None and payload[0] != _BRACE:
        raise _refused("payload", "`payload` must be a JSON object. Wrap other values in one.")
    if message.payload_retention_period is not None and message.payload_retention_hours is not None:
        raise _refused(
            "payloadRetentionHours",
            "`payloadRetentionPeriod` is given too. Leave one of them out.",
        )
    if message.channels is not None:
        _refuse_repeats("channels", message.channels)
    if message.tags is not None:
        _refuse_repeats("tags", message.tags)
        if len(message.tags) > TAGS_MAX:
            raise _refused("tags", f"`tags` may have at most {TAGS_MAX} values. Leave some out.")
    application = message.application
    if application is not None:
        application = with_current_names(application, "application")
        message = msgspec.structs.replace(message, application=application)
    return message


def _refuse_repeats(member: str, names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise _refused(member, f"`{member}` must not repeat a value. Remove the repeats.")


def payload_expiry(posted: PostedMessage, now: datetime, kept_days: int) -> datetime | None:
    """The time from which the payload is deleted; None: with its message, which is kept for at most
    `kept_days`."""
    hours = posted.payload_retention_hours
    if posted.payload_retention_period is not None:
        hours = 24 * posted.payload_retention_period
    if hours is None or hours >= 24 * kept_days:
        return None
    return now + timedelta(hours=hours)


def draft_of(
    posted: PostedMessage,
    now: Callable[[], datetime],
    *,
    kept_days: int,
    key: str | None = None,
    request_digest: bytes | None = None,
    trace: str | None = None,
) -> Draft:
    """The draft of a message. Raises `Refused` for a `deliverAt` that is too far ahead."""
    retained = (
        posted.payload_retention_period is not None or posted.payload_retention_hours is not None
    )
    # By position: this takes half the time of naming each member.
    return Draft(
        posted.event_type,
        bytes(posted.payload),
        () if posted.channels is None else tuple(posted.channels),
        () if posted.tags is None else tuple(posted.tags),
        posted.event_id,
        key,
        request_digest,
        trace,
        None if posted.deliver_at is None else delivery_time(posted, now()),
        None if posted.transformations_params is None else posted.content_type,
        payload_expiry(posted, now(), kept_days) if retained else None,
    )


def _with_raw[T: PostedMessage](message: T, raw: RawPayload | None) -> T:
    """The message with its raw payload in place of `payload`. Of its parameters only the content
    type is left, under its one name."""
    if raw is None:
        return msgspec.structs.replace(message, transformations_params=None)
    kind = raw.content_type
    return msgspec.structs.replace(
        message,
        payload=msgspec.Raw(raw.content),
        transformations_params=None
        if kind is None
        else TransformationsParams(headers={CONTENT_TYPE: kind}),
    )


def delivery_time(posted: PostedMessage, now: datetime) -> datetime | None:
    """The time that the message waits for; None: it goes out at once. Raises `Refused`."""
    try:
        return scheduled_time(posted.deliver_at, now)
    except TooFarAhead:
        raise _refused(
            "deliverAt",
            f"`deliverAt` may be at most {AHEAD_MAX.days} days ahead, that is until"
            f" {(now + AHEAD_MAX).isoformat(timespec='seconds')}.",
        ) from None


def _refused(member: str, message: str) -> Refused:
    return Refused(invalid(Fault(("body", member), message)))
