"""How long an endpoint asks to be left alone (RFC 9110, section 10.2.3)."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

RETRY_AFTER_S_MAX: Final = 24 * 3_600.0
"""Longer wishes are cut to this."""
THROTTLING_STATUSES: Final = frozenset({429, 503})
"""Too many requests, and not available at the moment: the endpoint wants to be left alone."""
SLOWDOWN_S: Final = 1.0
"""How long an endpoint that does not say is left alone."""
_HEADER_CHARS_MAX = 64
_DIGITS_MAX = 12


def parse_retry_after(text: str | None, now_s: float) -> float | None:
    """Seconds from `now_s` (Unix time), 0 to `RETRY_AFTER_S_MAX`; None when it says nothing
    that can be understood. Takes whole seconds, or a date in any of the forms of HTTP."""
    if text is None or len(text) > _HEADER_CHARS_MAX or not text.isascii():
        return None
    text = text.strip()
    if text.isdigit():
        digits = text.lstrip("0")
        if len(digits) > _DIGITS_MAX:
            return RETRY_AFTER_S_MAX
        return min(float(digits or 0), RETRY_AFTER_S_MAX)
    try:
        at = parsedate_to_datetime(text)
        at_s = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return max(0.0, min(at_s - now_s, RETRY_AFTER_S_MAX))


def slowdown_s(status: int, retry_after_s: float | None) -> float | None:
    """For how long nothing more is sent to an endpoint that answered so; None: go on."""
    if status not in THROTTLING_STATUSES:
        return None
    return SLOWDOWN_S if retry_after_s is None else retry_after_s
