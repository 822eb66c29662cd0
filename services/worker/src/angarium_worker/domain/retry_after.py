"""Pauses that endpoints ask for with Retry-After."""

from typing import Final

from .attempt_result import Throttled

RETRY_AFTER_S_MAX: Final = 24 * 3_600.0
"""Longer wishes are cut to this."""
SLOWDOWN_S: Final = 1.0
"""Pause for an endpoint that gives no time."""


def slowdown_s(throttled: Throttled) -> float:
    """For how long nothing more is sent to the endpoint, by this process."""
    asked_s = throttled.retry_after_s
    return SLOWDOWN_S if asked_s is None else min(asked_s, RETRY_AFTER_S_MAX)
