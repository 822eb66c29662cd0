"""What the members of configuration objects may hold.

Names, patterns and lengths are the Svix API's; where it sets no limit one stands here, as
everything stored has one. `member` is the member's name as the API spells it.
"""

import re
from collections.abc import Mapping, Sequence

from .refusals import InvalidMember

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

_TOKEN = re.compile(r"[a-zA-Z0-9\-_.]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BUT_WHITE_SPACE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def check_token(member: str, value: str, *, chars_max: int = NAME_CHARS_MAX) -> None:
    """A name for machines: ASCII letters, digits, `-`, `_` and `.`."""
    if len(value) > chars_max or _TOKEN.fullmatch(value) is None:
        raise InvalidMember(
            member, f"Use 1 to {chars_max} letters (A to Z), digits, hyphens, underscores or dots."
        )


def check_uid(uid: str | None, *, prefix: str) -> None:
    """A uid, which must not look like the id of its kind (`prefix` and an underscore)."""
    if uid is None:
        return
    check_token("uid", uid)
    if uid.startswith(f"{prefix}_"):
        raise InvalidMember(
            "uid", f"A uid must not begin with {prefix}_, as ids do; choose another."
        )


def check_title(member: str, value: str) -> None:
    """A name for people: one line."""
    if not 1 <= len(value) <= NAME_CHARS_MAX or _CONTROL.search(value) or not value.strip():
        raise InvalidMember(
            member, f"Give 1 to {NAME_CHARS_MAX} characters, not all blank, none a control one."
        )


def check_description(value: str) -> None:
    """A description: any text, lines too."""
    if len(value) > DESCRIPTION_CHARS_MAX or _CONTROL_BUT_WHITE_SPACE.search(value):
        raise InvalidMember(
            "description",
            f"Give at most {DESCRIPTION_CHARS_MAX} characters without control characters.",
        )


def check_throttle_rate(value: int | None) -> None:
    """Messages per second; None is no limit."""
    if value is not None and not 1 <= value <= THROTTLE_RATE_MAX:
        raise InvalidMember(
            "throttleRate", f"Give 1 to {THROTTLE_RATE_MAX} a second, or null for no limit."
        )


def check_timeout(value: float | None) -> None:
    """Seconds for a whole attempt; None is the worker's own."""
    if value is not None and not TIMEOUT_S_MIN <= value <= TIMEOUT_S_MAX:
        raise InvalidMember(
            "timeoutSeconds",
            f"Give {TIMEOUT_S_MIN} to {TIMEOUT_S_MAX}, or null for the platform's own.",
        )


def check_header_names(value: str) -> None:
    """Under which names the signature headers are sent."""
    if value not in HEADER_NAMES:
        raise InvalidMember("signatureHeaders", f"Give one of {', '.join(HEADER_NAMES)}.")


def check_weight(value: int) -> None:
    """An application's share where turns are taken."""
    if not 1 <= value <= WEIGHT_MAX:
        raise InvalidMember("weight", f"Give 1 to {WEIGHT_MAX}; 1 is the share of most.")


def check_concurrency_max(value: int | None) -> None:
    """Requests that an endpoint gets at once; None is no limit of its own."""
    if value is not None and not 1 <= value <= CONCURRENCY_MAX:
        raise InvalidMember(
            "concurrency", f"Give 1 to {CONCURRENCY_MAX} at once, or null for no limit."
        )


def check_retry_delays(delays_s: Sequence[float] | None) -> None:
    """A retry schedule: the seconds before each retry, none for no retries; None inherits."""
    if delays_s is None:
        return
    if len(delays_s) > RETRIES_MAX:
        raise InvalidMember(
            "retrySchedule", f"Give at most {RETRIES_MAX} delays, not {len(delays_s)}."
        )
    if not all(0 < delay_s <= RETRY_DELAY_S_MAX for delay_s in delays_s):
        raise InvalidMember(
            "retrySchedule",
            f"Give delays in seconds, each above 0 and at most {RETRY_DELAY_S_MAX} (30 days);"
            " an empty list for no retries, or null for the schedule that is inherited.",
        )


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Free notes of the tenant, by key."""
    if len(metadata) > METADATA_KEYS_MAX:
        raise InvalidMember(
            "metadata", f"Give at most {METADATA_KEYS_MAX} keys, not {len(metadata)}."
        )
    for key, value in metadata.items():
        if not 1 <= len(key) <= METADATA_KEY_CHARS_MAX:
            raise InvalidMember(
                "metadata", f"Keys have 1 to {METADATA_KEY_CHARS_MAX} characters; shorten {key!r}."
            )
        if len(value) > METADATA_VALUE_CHARS_MAX:
            raise InvalidMember(
                "metadata",
                f"Values have at most {METADATA_VALUE_CHARS_MAX} characters;"
                f" shorten that of {key!r}.",
            )


def check_event_types(names: Sequence[str] | None) -> None:
    """The event types that an endpoint wants; None is all."""
    _check_tokens("eventTypes", names, items_max=EVENT_TYPES_MAX, chars_max=NAME_CHARS_MAX)


def check_channels(names: Sequence[str] | None) -> None:
    """The channels that an endpoint listens to; None is all."""
    _check_tokens("channels", names, items_max=CHANNELS_MAX, chars_max=CHANNEL_CHARS_MAX)


def _check_tokens(
    member: str, names: Sequence[str] | None, *, items_max: int, chars_max: int
) -> None:
    if names is None:
        return
    if not 1 <= len(names) <= items_max:
        raise InvalidMember(member, f"Give 1 to {items_max} names, or null for all.")
    if len(set(names)) != len(names):
        raise InvalidMember(member, "Give each name once.")
    for name in names:
        check_token(member, name, chars_max=chars_max)
