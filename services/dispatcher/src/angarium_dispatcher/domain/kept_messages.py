"""From when messages are kept for a disabled endpoint. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from .endpoint import Endpoint

KEPT_BEFORE: Final = timedelta(minutes=10)
"""Messages accepted this long before the endpoint was disabled are looked at too: they may have
been dispatched after it. Those that were delivered are not delivered again."""


def with_kept_since(before: Endpoint | None, after: Endpoint, now: datetime) -> Endpoint:
    """The endpoint `after` a change with the time from which its messages are kept."""
    if not (after.disabled and after.keep_while_disabled):
        since = None
    elif before is None:
        since = now
    elif not before.disabled:
        since = max(now - KEPT_BEFORE, after.created_at)
    else:
        since = before.kept_since or now
    return replace(after, kept_since=since)


def resumes_since(before: Endpoint, after: Endpoint) -> datetime | None:
    """From when the change `after` makes kept messages be delivered; None if it does not."""
    if after.disabled or not after.keep_while_disabled:
        return None
    return before.kept_since
