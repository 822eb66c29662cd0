"""The format of API tokens."""

import base64
from collections.abc import Callable

TOKEN_PREFIX = "ang_"  # noqa: S105 - the public beginning of every token
CHOSEN_CHARS_MIN = 16
CHOSEN_CHARS_MAX = 256
_RANDOM_BYTES = 32


def new_token(random_bytes: Callable[[int], bytes]) -> str:
    """`ang_` and 43 base64url characters of 32 random bytes."""
    encoded = base64.urlsafe_b64encode(random_bytes(_RANDOM_BYTES)).decode("ascii")
    return TOKEN_PREFIX + encoded.rstrip("=")


def may_be_token(text: str) -> bool:
    """True if a chosen text can be a token: 16 to 256 printable ASCII characters without a space.

    Other texts cannot be sent unchanged in `Authorization: Bearer` (RFC 9110, section 11.4).
    """
    return (
        CHOSEN_CHARS_MIN <= len(text) <= CHOSEN_CHARS_MAX
        and text.isascii()
        and text.isprintable()
        and " " not in text
    )
