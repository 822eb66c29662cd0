"""`angarium tail`: follow the stream of events."""

from typing import Annotated, Any

import typer

from angarium_cli.client.options import Application, Form, OutputForm, ProfileName


def tail(
    app: Application = None,
    types: Annotated[
        list[str] | None,
        typer.Option(
            help="Only such events, as message.accepted, attempt.failed or message.exhausted; may"
            " be repeated.",
            show_default=False,
        ),
    ] = None,
    event_type: Annotated[
        list[str] | None,
        typer.Option(help="Only messages of this type; may be repeated.", show_default=False),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(help="Only attempts at this endpoint, by id.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Begin at this time, or a duration back from now. [default: now]",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="End after so many events. [default: never]", show_default=False),
    ] = None,
    profile: ProfileName = None,
    output: Form = OutputForm.table,
) -> None:
    """Show messages, attempts and changes of endpoints as they happen, until Ctrl-C.

    Goes on after a lost connection, and misses nothing. With --output json, each line is an event.
    """
    from angarium_cli.client.times import past_time
    from angarium_cli.tail.show_events import show_events

    query: dict[str, Any] = {
        "types": types,
        "event_types": event_type,
        "endpoint_id": endpoint,
        "since": None if since is None else past_time(since, "--since"),
    }
    given = {name: value for name, value in query.items() if value}
    show_events(profile, app, given, output, limit)
