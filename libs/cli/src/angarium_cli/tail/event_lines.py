"""Events and what happens to messages, one line each. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from rich.text import Text

from angarium_cli.client.output import member
from angarium_cli.client.printable import printable

_STYLES: Final = {
    "attempt.succeeded": "green",
    "attempt.failed": "yellow",
    "message.exhausted": "red",
    "endpoint.disabled": "red",
    "endpoint.deleted": "red",
}
_PARTS: Final = {
    "message": ("eventType", "id", "eventId"),
    "attempt": ("eventType", "msgId", "endpointId", "responseStatusCode", "explanation.code"),
    "endpoint": ("id", "uid", "url", "disabledReason"),
}
_OF_ATTEMPTS: Final = ("message.exhausted",)


def event_line(kind: str, data: Mapping[str, Any], at: datetime) -> Text:
    """The line of an event of the stream; `at` is shown if the event has no time of its own."""
    group = "attempt" if kind in _OF_ATTEMPTS else kind.partition(".")[0]
    parts = [member(data, path) for path in _PARTS.get(group, ("id",))]
    line = Text(f"{_clock(data.get('timestamp'), at)}  ", style="dim")
    line.append(f"{printable(kind):<18}", style=_STYLES.get(kind, "default"))
    for part in parts:
        if part not in (None, ""):
            line.append(f"  {printable(str(part))}", style="default")
    if data.get("nextAttempt"):
        line.append(f"  next {_clock(data['nextAttempt'], at)}", style="dim")
    return line


def _clock(text: Any, otherwise: datetime) -> str:
    """The local time of day."""
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        at = otherwise
    return f"{at.astimezone():%H:%M:%S}"
