"""The pause after failed requests. Pure."""

from typing import Final

FIRST_S: Final = 0.25
ASKED_MAX_S: Final = 300.0
"""A longer `Retry-After` is not obeyed in full: nobody would see why nothing is posted."""


def pause_s(
    failures: int, *, retry_after_s: float | None, longest_s: float, random: float
) -> float:
    """The pause after this many failures in a row (from 1), with jitter from `random` (0 to 1).

    It doubles up to `longest_s`, and is at least what the platform asked for, up to 5 minutes.
    """
    doubled = min(longest_s, FIRST_S * 2.0 ** min(failures - 1, 30))
    pause = doubled * (0.5 + random / 2)
    if retry_after_s is None:
        return pause
    return max(pause, min(retry_after_s, ASKED_MAX_S) + FIRST_S * random)
