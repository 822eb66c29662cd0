"""Times on a command line: RFC 3339, or a duration from now."""

from datetime import UTC, datetime, timedelta
from typing import Final

from angarium_cli.durations import seconds_of
from angarium_cli.failure import CommandFailed

_LONGEST_S: Final = 3_660 * 86_400


def past_time(text: str, option: str) -> str:
    """A time as the API takes it: as given, or so long ago. Raises CommandFailed."""
    return _time(text, option, sign=-1)


def future_time(text: str, option: str) -> str:
    """As `past_time`; a duration counts from now on."""
    return _time(text, option, sign=1)


def _time(text: str, option: str, *, sign: int) -> str:
    if text[-1:] in ("s", "m", "h", "d"):
        duration_s = seconds_of(text, option, longest_s=_LONGEST_S)
        return (datetime.now(UTC) + sign * timedelta(seconds=duration_s)).isoformat()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandFailed(
            f"{option} {text!r} is neither a time such as 2026-03-01T12:00:00Z nor a duration such"
            " as 30m, 12h or 7d"
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
