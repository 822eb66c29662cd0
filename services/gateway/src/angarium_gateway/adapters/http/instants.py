"""Times on the wire: RFC 3339 in UTC, to the millisecond or microsecond."""

from datetime import UTC, datetime


def rfc3339(at_ms: int) -> str:
    """A millisecond of Unix time, such as ``2026-01-31T12:00:00.123Z``."""
    seconds, rest_ms = divmod(at_ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ms * 1000)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
