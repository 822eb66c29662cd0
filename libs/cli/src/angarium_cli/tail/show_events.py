"""Prints the stream of events."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from angarium_cli.client.options import OutputForm
from angarium_cli.client.output import console_of, json_text
from angarium_cli.client.session import Session, open_session, path_of

from .event_lines import event_line
from .event_stream import Event, EventStream


def show_events(
    profile: str | None,
    app: str | None,
    query: Mapping[str, Any],
    form: OutputForm,
    limit: int | None,
) -> None:
    """Print events until there were `limit`, or for ever. Raises CommandFailed."""
    console, problems = console_of(sys.stdout), console_of(sys.stderr)

    def path(session: Session) -> str:
        found = session.application_or_none(app)
        return "/api/v1/events" if found is None else path_of("/api/v1/app/{a}/events", a=found)

    def report(problem: str) -> None:
        problems.print(f"{problem}; trying again", style="yellow", markup=False)

    stream = EventStream(lambda: open_session(profile), path, query, report=report)
    for event in islice(stream.events(), limit):
        if form is OutputForm.table:
            console.print(event_line(event.kind, event.data, datetime.now(UTC)), soft_wrap=True)
        else:
            sys.stdout.write(_text(event, form))
        sys.stdout.flush()


def _text(event: Event, form: OutputForm) -> str:
    item = {"id": event.id, "event": event.kind, "data": event.data}
    if form is OutputForm.json:
        return json_text(item) + "\n"
    import yaml

    return f"---\n{yaml.safe_dump(item, sort_keys=False, allow_unicode=True)}"
