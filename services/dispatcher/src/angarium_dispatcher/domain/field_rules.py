"""Rules for the fields of configuration objects.

Names, patterns and lengths are those of the Svix API. Where it sets no limit Angarium sets one,
so that everything stored is bounded. `field` is the name of the field in the domain.
"""

import re
from collections.abc import Mapping, Sequence

from .filters.message_filter import InvalidFilter, compile_filter
from .refusals import InvalidField

NAME_CHARS_MAX = 256
DESCRIPTION_CHARS_MAX = 4_096
THROTTLE_RATE_MAX = 65_535
METADATA_KEYS_MAX = 50
METADATA_KEY_CHARS_MAX = 40
METADATA_VALUE_CHARS_MAX = 500
EVENT_TYPES_MAX = 500
CHANNELS_MAX = 10
CHANNEL_CHARS_MAX = 128
TIMEOUT_S_MIN = 1
TIMEOUT_S_MAX = 30
WEIGHT_MAX = 1_000
CONCURRENCY_MAX = 1_000
RETRIES_MAX = 50
RETRY_DELAY_S_MAX = 30 * 86_400
HEADER_NAMES = ("webhook", "svix", "both")
PAYLOAD_FORMATS = (
    "plain",
    "envelope",
    "thin",
    "cloudevents-structured",
    "cloudevents-binary",
)
CONTENT_TYPE_CHARS_MAX = 256
EVENT_SOURCE_CHARS_MAX = 512

_TOKEN = re.compile(r"[a-zA-Z0-9\-_.]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MEDIA_TYPE = re.compile(  # RFC 9110, section 8.3.1
    r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+"
    r"(?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+="
    r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|\"[\t \x21\x23-\x5b\x5d-\x7e]*\"))*"
)
_URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_CONTROL_BUT_WHITE_SPACE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def check_token(field: str, value: str, *, chars_max: int = NAME_CHARS_MAX) -> None:
    """Check an identifier: ASCII letters, digits, `-`, `_` and `.`."""
    if len(value) > chars_max or _TOKEN.fullmatch(value) is None:
        raise InvalidField(
            field, f"Use 1 to {chars_max} letters (A to Z), digits, hyphens, underscores or dots."
        )


def check_new_name(field: str, name: str | None) -> None:
    """Check a name that an object is about to get: it must not consist of dots only.

    Clients take `.` and `..` out of a path before they send it (RFC 3986, section 5.2.4): a
    request for an endpoint of that name would reach its application. Objects that have such a name
    already keep it.
    """
    if name is not None and not name.strip("."):
        raise InvalidField(
            field, "Use at least one letter, digit, `-` or `_`: a name must not be only dots."
        )


def check_uid(uid: str | None, *, prefix: str) -> None:
    """Check a uid, which must not look like an id of its kind (`prefix` and an underscore)."""
    if uid is None:
        return
    check_token("uid", uid)
    if uid.startswith(f"{prefix}_"):
        raise InvalidField(
            "uid", f"A uid must not begin with {prefix}_, as ids do; choose another."
        )


def check_title(field: str, value: str) -> None:
    """Check a display name: one line of text."""
    if not 1 <= len(value) <= NAME_CHARS_MAX or _CONTROL.search(value) or not value.strip():
        raise InvalidField(
            field, f"Give 1 to {NAME_CHARS_MAX} characters, not all blank, none a control one."
        )


def check_description(value: str) -> None:
    """Check a description: any text, line breaks included."""
    if len(value) > DESCRIPTION_CHARS_MAX or _CONTROL_BUT_WHITE_SPACE.search(value):
        raise InvalidField(
            "description",
            f"Give at most {DESCRIPTION_CHARS_MAX} characters without control characters.",
        )


def check_throttle_rate(value: int | None) -> None:
    """Check a rate in messages per second; None is no limit."""
    if value is not None and not 1 <= value <= THROTTLE_RATE_MAX:
        raise InvalidField(
            "throttle_rate", f"Give 1 to {THROTTLE_RATE_MAX} a second, or null for no limit."
        )


def check_timeout(value: float | None) -> None:
    """Check the seconds that a whole attempt may take; None is the worker's default."""
    if value is not None and not TIMEOUT_S_MIN <= value <= TIMEOUT_S_MAX:
        raise InvalidField(
            "timeout_s",
            f"Give {TIMEOUT_S_MIN} to {TIMEOUT_S_MAX}, or null for the platform's own.",
        )


def check_header_names(value: str) -> None:
    """Check the choice of names for the signature headers."""
    if value not in HEADER_NAMES:
        raise InvalidField("header_names", f"Use one of {', '.join(HEADER_NAMES)}.")


def check_weight(value: int) -> None:
    """Check an application's share in the scheduling of deliveries."""
    if not 1 <= value <= WEIGHT_MAX:
        raise InvalidField("weight", f"`weight` must be from 1 to {WEIGHT_MAX}. The default is 1.")


def check_concurrency_max(value: int | None) -> None:
    """Check the number of concurrent requests to an endpoint; None is no limit of its own."""
    if value is not None and not 1 <= value <= CONCURRENCY_MAX:
        raise InvalidField(
            "concurrency_max", f"Give 1 to {CONCURRENCY_MAX} at once, or null for no limit."
        )


def check_retry_delays(delays_s: Sequence[float] | None) -> None:
    """Check a retry schedule: seconds before each retry, () for no retries; None inherits."""
    if delays_s is None:
        return
    if len(delays_s) > RETRIES_MAX:
        raise InvalidField(
            "retry_delays_s", f"Give at most {RETRIES_MAX} delays, not {len(delays_s)}."
        )
    if not all(0 < delay_s <= RETRY_DELAY_S_MAX for delay_s in delays_s):
        raise InvalidField(
            "retry_delays_s",
            f"Give delays in seconds, each above 0 and at most {RETRY_DELAY_S_MAX} (30 days);"
            " an empty list for no retries, or null for the schedule that is inherited.",
        )


def check_filter(text: str | None) -> None:
    """Check an endpoint's filter expression; None accepts all."""
    if text is None:
        return
    try:
        compile_filter(text)
    except InvalidFilter as error:
        raise InvalidField("filter", str(error)) from None


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Check metadata: the tenant's own strings, by key."""
    if len(metadata) > METADATA_KEYS_MAX:
        raise InvalidField(
            "metadata", f"Give at most {METADATA_KEYS_MAX} keys, not {len(metadata)}."
        )
    for key, value in metadata.items():
        if not 1 <= len(key) <= METADATA_KEY_CHARS_MAX:
            raise InvalidField(
                "metadata", f"Keys have 1 to {METADATA_KEY_CHARS_MAX} characters; shorten {key!r}."
            )
        if len(value) > METADATA_VALUE_CHARS_MAX:
            raise InvalidField(
                "metadata",
                f"Values have at most {METADATA_VALUE_CHARS_MAX} characters;"
                f" shorten that of {key!r}.",
            )


def check_event_types(names: Sequence[str] | None) -> None:
    """Check an endpoint's filter by event type; None accepts all."""
    check_tokens("event_types", names, items_max=EVENT_TYPES_MAX)


def check_channels(names: Sequence[str] | None) -> None:
    """Check an endpoint's filter by channel; None accepts all."""
    check_tokens("channels", names, items_max=CHANNELS_MAX, chars_max=CHANNEL_CHARS_MAX)


def check_tokens(
    field: str,
    names: Sequence[str] | None,
    *,
    items_max: int,
    chars_max: int = NAME_CHARS_MAX,
) -> None:
    """Check a list of distinct identifiers; None stands for no list."""
    if names is None:
        return
    if not 1 <= len(names) <= items_max:
        raise InvalidField(field, f"Use 1 to {items_max} names, or null for all.")
    if len(set(names)) != len(names):
        raise InvalidField(field, "Each name can be used only once.")
    for name in names:
        check_token(field, name, chars_max=chars_max)


def check_payload_format(value: str) -> None:
    """Check the form in which messages are sent."""
    if value not in PAYLOAD_FORMATS:
        raise InvalidField("payload_format", f"Use one of {', '.join(PAYLOAD_FORMATS)}.")


def check_content_type(value: str | None, payload_format: str) -> None:
    """Check the Content-Type of plain payloads; None is that of the message."""
    if value is None:
        return
    if len(value) > CONTENT_TYPE_CHARS_MAX or _MEDIA_TYPE.fullmatch(value) is None:
        raise InvalidField(
            "content_type",
            "Give a media type such as application/vnd.acme+json, at most"
            f" {CONTENT_TYPE_CHARS_MAX} characters, or null for that of the message.",
        )
    if payload_format != "plain":
        raise InvalidField(
            "content_type",
            f"The payload format {payload_format} has a content type of its own. Set"
            " `contentType` to null, or `payloadFormat` to plain.",
        )


def check_event_source(value: str | None) -> None:
    """Check the `source` of CloudEvents, a URI reference (CloudEvents 1.0, "source")."""
    if value is not None and (
        len(value) > EVENT_SOURCE_CHARS_MAX or _URI_REFERENCE.fullmatch(value) is None
    ):
        raise InvalidField(
            "event_source",
            f"Give a URI of 1 to {EVENT_SOURCE_CHARS_MAX} characters such as"
            " https://example.com/billing, or null for one with the application's id.",
        )
