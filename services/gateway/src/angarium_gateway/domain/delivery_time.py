"""When a message is delivered that names a time of its own."""

from datetime import datetime, timedelta

AHEAD_MAX = timedelta(days=30)


class TooFarAhead(Exception):
    """The time is more than `AHEAD_MAX` from now."""


def scheduled_time(deliver_at: datetime | None, now: datetime) -> datetime | None:
    """The time to wait for; None: deliver at once. Raises `TooFarAhead`.

    A time that has passed means at once, so that a client whose clock is behind, or whose request
    took its time, or that repeats a request under its idempotency key, is not refused for it.
    """
    if deliver_at is None or deliver_at <= now:
        return None
    if deliver_at - now > AHEAD_MAX:
        raise TooFarAhead
    return deliver_at
