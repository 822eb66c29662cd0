"""The format of API tokens.

An API key is `ang_sk_`, a portal token `ang_pt_`, a sign-in code `ang_sc_`, followed by 43 base-62
digits of 32 random bytes, and 6 base-62 digits of the CRC-32 of what precedes them. Secret scanners
find a token by its prefix, and tell it from similar text by its checksum. API keys of earlier
versions are `ang_` and 43 base64url characters.
"""

from collections.abc import Callable
from typing import Final
from zlib import crc32

TOKEN_PREFIX: Final = "ang_sk_"  # noqa: S105 - the public beginning of every API key
PORTAL_PREFIX: Final = "ang_pt_"
"""The beginning of every portal token."""
SIGN_IN_PREFIX: Final = "ang_sc_"
"""The beginning of every sign-in code, which is exchanged for an API key once."""
CHOSEN_CHARS_MIN: Final = 16
CHOSEN_CHARS_MAX: Final = 256
_RANDOM_BYTES: Final = 32
_RANDOM_DIGITS: Final = 43
_CHECKSUM_DIGITS: Final = 6
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new_token(random_bytes: Callable[[int], bytes], prefix: str = TOKEN_PREFIX) -> str:
    """A new token of 256 random bits."""
    text = prefix + _base62(int.from_bytes(random_bytes(_RANDOM_BYTES)), _RANDOM_DIGITS)
    return text + _checksum(text)


def is_mistyped(token: str) -> bool:
    """True if a token has a prefix of generated ones, but not their length or checksum."""
    prefix = token[: len(TOKEN_PREFIX)]
    if prefix not in (TOKEN_PREFIX, PORTAL_PREFIX):
        return False
    text, checksum = token[:-_CHECKSUM_DIGITS], token[-_CHECKSUM_DIGITS:]
    return len(text) != len(prefix) + _RANDOM_DIGITS or checksum != _checksum(text)


def may_be_token(text: str) -> bool:
    """True if a chosen text can be an API key: 16 to 256 printable ASCII characters without a
    space, not beginning like a portal token or a sign-in code.

    Other texts cannot be sent unchanged in `Authorization: Bearer` (RFC 9110, section 11.4).
    """
    return (
        CHOSEN_CHARS_MIN <= len(text) <= CHOSEN_CHARS_MAX
        and text.isascii()
        and text.isprintable()
        and " " not in text
        and not text.startswith((PORTAL_PREFIX, SIGN_IN_PREFIX))
    )


def _checksum(text: str) -> str:
    return _base62(crc32(text.encode()), _CHECKSUM_DIGITS)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[rest])
    return "".join(reversed(digits))
