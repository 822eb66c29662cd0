"""Recovering and replaying: preview, or start the task and follow it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import typer

from angarium_cli.client.options import OutputForm
from angarium_cli.client.output import show_one
from angarium_cli.client.session import Item, Session, open_session, path_of
from angarium_cli.client.times import past_time

from .background_task import follow_task

_ENDPOINT: Final = "/api/v1/app/{app}/endpoint/{endpoint}/"
PREVIEWED_FILTERS: Final = {"eventTypes": "event_types", "channel": "channel", "tag": "tag"}
"""Filters, with their names in the preview."""


@dataclass(frozen=True, slots=True)
class Redelivery:
    """A request to deliver again. `kind` is the API's: recover, replay-missing or bulk-replay."""

    kind: str
    since: str
    until: str | None
    filters: Mapping[str, Any]

    def times(self) -> dict[str, str]:
        """`since` and `until`, as the API takes them. Raises CommandFailed."""
        found = {"since": past_time(self.since, "--since")}
        if self.until is not None:
            found["until"] = past_time(self.until, "--until")
        return found


def redeliver(
    request: Redelivery,
    endpoint: str,
    app: str | None,
    profile: str | None,
    form: OutputForm,
    *,
    dry_run: bool,
    wait: bool,
) -> None:
    """Preview a redelivery, or start it. Raises CommandFailed."""
    with open_session(profile) as session:
        parts = {"app": session.application(app), "endpoint": endpoint}
        if dry_run:
            show_one(preview(session, parts, request), form)
            return
        task = start(session, parts, request)
        if wait:
            typer.echo(f"Task {task['id']} runs.", err=True)
            task = follow_task(session.api, task["id"])
    show_one(task, form)


def preview(session: Session, parts: Mapping[str, str], request: Redelivery) -> Item:
    """Count the messages that would be delivered."""
    filters = {PREVIEWED_FILTERS[name]: value for name, value in request.filters.items()}
    found: Item = session.api.get(
        path_of(f"{_ENDPOINT}redelivery-preview", **parts),
        task=request.kind,
        **request.times(),
        **filters,
    )
    return found


def start(session: Session, parts: Mapping[str, str], request: Redelivery) -> Item:
    """Start the background task."""
    body = {**request.times(), **request.filters}
    task: Item = session.api.send("POST", path_of(f"{_ENDPOINT}{request.kind}", **parts), body=body)
    return task
