"""The body of POST /app/{app_id}/msg, read strictly."""

from datetime import datetime

import msgspec

from angarium_gateway.domain.delivery_time import AHEAD_MAX, TooFarAhead, scheduled_time

from .current_names import with_current_names
from .problems import Fault, Refused, invalid, payload_too_large
from .raw_payload import raw_payload
from .schemas.messages import MessageIn
from .strict_json import decode_body

TAGS_MAX = 8
PERIOD_DEFAULT = 90
"""Of the Svix API: a client that sends it asks for nothing of its own."""
RETENTION_REFUSED = (
    "A message cannot have a retention of its own. Leave this out; the tenant's policy sets how"
    " long messages are kept (PUT /api/v1/tenant/policy)."
)


class PostedMessage(MessageIn, frozen=True, kw_only=True):
    """A message as clients post it. The payload stays as it was sent, byte for byte."""

    payload: msgspec.Raw  # type: ignore[assignment]


def read_message(body: bytes, *, payload_bytes_max: int) -> PostedMessage:
    """Decode and check a body. Raises `Refused`, which names the member and the remedy."""
    message = decode_body(body, PostedMessage)
    params = message.transformations_params
    raw = None if params is None else raw_payload(params, message.payload)
    if raw is not None:
        message = msgspec.structs.replace(message, payload=raw)
    payload = memoryview(message.payload)
    if len(payload) > payload_bytes_max:
        raise Refused(payload_too_large(payload_bytes_max))
    if raw is None and payload[0] != ord("{"):
        raise _refused("payload", "`payload` must be a JSON object. Wrap other values in one.")
    _check_retention(message)
    for member, names in (("channels", message.channels), ("tags", message.tags)):
        if names is not None and len(set(names)) != len(names):
            raise _refused(member, f"`{member}` must not repeat a value. Remove the repeats.")
    if message.tags is not None and len(message.tags) > TAGS_MAX:
        raise _refused("tags", f"`tags` may have at most {TAGS_MAX} values. Leave some out.")
    application = message.application
    if application is not None:
        application = with_current_names(application, "application")
        message = msgspec.structs.replace(message, application=application)
    return message


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


def _check_retention(message: PostedMessage) -> None:
    if message.payload_retention_period not in {None, PERIOD_DEFAULT}:
        raise _refused("payloadRetentionPeriod", RETENTION_REFUSED)
    if message.payload_retention_hours is not None:
        raise _refused("payloadRetentionHours", RETENTION_REFUSED)


def _refused(member: str, message: str) -> Refused:
    return Refused(invalid(Fault(("body", member), message)))
