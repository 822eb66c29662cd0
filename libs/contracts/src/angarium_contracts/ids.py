"""Identifiers: a prefix and a time-ordered 16-byte id (UUIDv7, RFC 9562 section 5.7).

Inside the services an id is its 16 bytes. Outside it is ``prefix_`` and 22 base-62 digits
in ASCII order, so that ids sort by time in either form.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Final

APPLICATION: Final = "app"
SOURCE: Final = "src"
STREAM: Final = "strm"
ENDPOINT: Final = "ep"
MESSAGE: Final = "msg"
ATTEMPT: Final = "atmpt"
API_KEY: Final = "key"
PORTAL_TOKEN: Final = "ptok"  # noqa: S105 - the prefix of ids
TENANT: Final = "tnt"
BACKGROUND_TASK: Final = "qtask"
OPERATIONAL_EVENT: Final = "opev"
AUDIT_ENTRY: Final = "audit"

UID_PATTERN: Final = re.compile(r"[a-zA-Z0-9\-_.]{1,256}")
"""A name that users choose for an object (Svix API, `uid`)."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_TEXT_LENGTH = 22
_FOUR_DIGITS = 62**4
_VALUE_LIMIT = 1 << 128


def format_id(prefix: str, value: bytes) -> str:
    """Write a 16-byte id as ``prefix_`` and 22 base-62 digits."""
    # Four digits at a time, as only dividing the whole number takes long.
    number, last = divmod(int.from_bytes(value), _FOUR_DIGITS)
    number, fifth = divmod(number, _FOUR_DIGITS)
    number, fourth = divmod(number, _FOUR_DIGITS)
    number, third = divmod(number, _FOUR_DIGITS)
    first, second = divmod(number, _FOUR_DIGITS)
    pairs = _PAIRS
    return (
        f"{prefix}_{pairs[first]}"
        f"{pairs[second // 3844]}{pairs[second % 3844]}{pairs[third // 3844]}{pairs[third % 3844]}"
        f"{pairs[fourth // 3844]}{pairs[fourth % 3844]}{pairs[fifth // 3844]}{pairs[fifth % 3844]}"
        f"{pairs[last // 3844]}{pairs[last % 3844]}"
    )


def parse_id(prefix: str, text: str) -> bytes | None:
    """Read an id with this prefix; None for any other text."""
    head, _, digits = text.partition("_")
    if head != prefix or len(digits) != _TEXT_LENGTH:
        return None
    number = 0
    for digit in digits:
        value = _VALUES.get(digit)
        if value is None:
            return None
        number = number * 62 + value
    return number.to_bytes(16) if number < _VALUE_LIMIT else None


def id_range(prefix: str, text: str) -> tuple[bytes, bytes] | None:
    """The lowest and the highest id that begin with `text`; None if none can."""
    head, _, digits = text.partition("_")
    if head != prefix or len(digits) > _TEXT_LENGTH:
        return None
    lowest = parse_id(prefix, f"{head}_{digits.ljust(_TEXT_LENGTH, _DIGITS[0])}")
    if lowest is None:
        return None
    highest = parse_id(prefix, f"{head}_{digits.ljust(_TEXT_LENGTH, _DIGITS[-1])}")
    return lowest, b"\xff" * 16 if highest is None else highest


def created_at_ms(value: bytes) -> int:
    """The millisecond (Unix time) in which an id was made."""
    return int.from_bytes(value[:6])


def lowest_id_at(at_ms: int) -> bytes:
    """The smallest id of a millisecond: the bound of a time range over ids."""
    return max(0, min(at_ms, (1 << 48) - 1)).to_bytes(6) + bytes(10)


def operational_application_id(tenant_id: bytes) -> bytes:
    """The application whose endpoints get a tenant's operational webhooks: hidden from lists,
    and known by this id to every service."""
    return sha256(b"angarium operational application\0" + tenant_id).digest()[:16]


class IdMaker:
    """Makes strictly increasing ids within one process.

    `clock_ns` gives Unix time in nanoseconds and `random_bits` that many random bits. The
    12 bits after the version hold the fraction of the millisecond (RFC 9562, method 3), so
    ids made by several processes sort to about a quarter of a microsecond.
    """

    def __init__(self, clock_ns: Callable[[], int], random_bits: Callable[[int], int]) -> None:
        self._clock_ns = clock_ns
        self._random_bits = random_bits
        self._latest = 0

    def __call__(self) -> bytes:
        ms, rest_ns = divmod(self._clock_ns(), 1_000_000)
        tick = max((ms << 12) | (rest_ns << 12) // 1_000_000, self._latest + 1)
        self._latest = tick
        value = (tick >> 12) << 80 | 7 << 76 | (tick & 0xFFF) << 64 | 2 << 62
        return (value | self._random_bits(62)).to_bytes(16)
