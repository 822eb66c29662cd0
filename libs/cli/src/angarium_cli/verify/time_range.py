"""The range of messages to audit, by the time of their acceptance."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from angarium_chassis.database.columns import to_micros
from angarium_contracts.ids import lowest_id_at

from angarium_cli.failure import CommandFailed
from angarium_cli.verify.ledgers import IdRange

DEFAULT_SPAN = timedelta(hours=24)
LEFT_OUT = timedelta(minutes=1)
"""The newest messages may still be on their way to their first attempts."""

_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Times from `since` (inclusive) to `until` (exclusive), to the millisecond."""

    since: datetime
    until: datetime

    @property
    def ids(self) -> IdRange:
        """The ids of the messages accepted in it."""
        first, end = (lowest_id_at(to_micros(each) // 1_000) for each in (self.since, self.until))
        return IdRange(first, end)


def time_range(since: str | None, until: str | None, now: datetime) -> TimeRange:
    """Parse --since and --until. Raises CommandFailed."""
    end = now - LEFT_OUT if until is None else _parse("--until", until, now)
    begin = end - DEFAULT_SPAN if since is None else _parse("--since", since, now)
    if begin >= end:
        raise CommandFailed(f"--since ({begin:%F %T}) is not before --until ({end:%F %T})")
    return TimeRange(begin, end)


def _parse(option: str, text: str, now: datetime) -> datetime:
    """A time with its zone, an age (90s, 10m, 36h, 7d), or `now`."""
    if text == "now":
        return now
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        found = None
    if found is None or found.tzinfo is None:
        raise CommandFailed(
            f"{option} {text} is not a time; use 2026-01-31T12:00:00Z, or an age: 90s, 10m, 36h, 7d"
        )
    return found
