"""`angarium send` and `trigger`: post messages."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from angarium_cli.client.options import Application, Form, OutputForm, ProfileName

if TYPE_CHECKING:
    from angarium_cli.client.session import Session

EventType = Annotated[str, typer.Argument(metavar="TYPE", help="Event type, such as invoice.paid.")]
Channels = Annotated[
    list[str] | None,
    typer.Option("--channel", help="Channel; may be repeated.", show_default=False),
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", help="Tag; may be repeated.", show_default=False)
]
EventId = Annotated[
    str | None,
    typer.Option("--event-id", help="Id of your choice; a second one is refused."),
]


def send(
    event_type: EventType,
    payload: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|-|KEY=VALUE]...",
            help="Payload: a JSON file, - for standard input, or its members. A value is JSON, or"
            " else text; dots in a key lead into objects: customer.name=Ada.",
            show_default=False,
        ),
    ] = None,
    *,
    app: Application = None,
    channel: Channels = None,
    tag: Tags = None,
    event_id: EventId = None,
    deliver_at: Annotated[
        str | None,
        typer.Option(help="Deliver it at this time, or after a duration such as 30m."),
    ] = None,
    profile: ProfileName = None,
    output: Form = OutputForm.table,
) -> None:
    """Post a message to an application."""
    from angarium_cli.client.output import show_one
    from angarium_cli.client.session import open_session
    from angarium_cli.client.times import future_time
    from angarium_cli.send.payload import payload_of

    message = {
        "eventType": event_type,
        "payload": payload_of(payload or []),
        "channels": channel,
        "tags": tag,
        "eventId": event_id,
        "deliverAt": None if deliver_at is None else future_time(deliver_at, "--deliver-at"),
    }
    with open_session(profile) as session:
        sent = _post(session, app, message)
    show_one(sent, output)


def trigger(
    event_type: EventType,
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Members of the example to set, as `angarium send` takes them.",
            show_default=False,
        ),
    ] = None,
    *,
    app: Application = None,
    endpoint: Annotated[
        str | None,
        typer.Option(help="Send it to this endpoint only, whatever its filters."),
    ] = None,
    index: Annotated[int, typer.Option(min=0, help="Number of the example, from 0.")] = 0,
    profile: ProfileName = None,
    output: Form = OutputForm.table,
) -> None:
    """Post the example of an event type's newest schema."""
    from angarium_cli.client.output import show_one
    from angarium_cli.client.session import open_session, path_of
    from angarium_cli.send.examples import example_of
    from angarium_cli.send.payload import assigned

    with open_session(profile) as session:
        found = session.api.get(path_of("/api/v1/event-type/{name}", name=event_type))
        payload = assigned(example_of(found, index), changes or [])
        if endpoint is None:
            sent = _post(session, app, {"eventType": event_type, "payload": payload})
        else:
            path = path_of(
                "/api/v1/app/{app}/endpoint/{endpoint}/send-example",
                app=session.application(app),
                endpoint=endpoint,
            )
            example = {"eventType": event_type, "payload": payload}
            sent = session.api.send("POST", path, body=example)
    show_one(sent, output)


def _post(session: "Session", app: str | None, message: dict[str, Any]) -> dict[str, Any]:
    from angarium_cli.client.session import path_of

    path = path_of("/api/v1/app/{app}/msg", app=session.application(app))
    given = {name: value for name, value in message.items() if value not in (None, [])}
    sent: dict[str, Any] = session.api.send("POST", path, query={"with_content": False}, body=given)
    # Left out of the answer.
    sent.pop("payload", None)
    return sent
