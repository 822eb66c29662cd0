"""The delivery time of a scheduled message."""

from datetime import datetime, timedelta

AHEAD_MAX = timedelta(days=30)


class TooFarAhead(Exception):
    """The time is more than `AHEAD_MAX` from now."""


def scheduled_time(deliver_at: datetime | None, now: datetime) -> datetime | None:
    """The time at which to deliver, or None for at once. Raises `TooFarAhead`.

    A time in the past means at once: a client with a slow clock, a slow request, or a repeat under
    an idempotency key is not refused.
    """
    if deliver_at is None or deliver_at <= now:
        return None
    if deliver_at - now > AHEAD_MAX:
        raise TooFarAhead
    return deliver_at
