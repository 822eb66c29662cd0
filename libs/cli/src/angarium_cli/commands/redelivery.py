"""`angarium resend`, `recover`, `replay` and `tasks follow`: deliver again."""

from typing import Annotated, Any

import typer

from angarium_cli.client.options import Application, Form, OutputForm, ProfileName

Endpoint = Annotated[str, typer.Argument(help="Id or uid of the endpoint.")]
Since = Annotated[
    str, typer.Option(help="Messages since this time, or since a duration such as 12h ago.")
]
Until = Annotated[
    str | None,
    typer.Option(help="Messages before this time, or a duration ago. [default: now]"),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show how many messages it would be, and end.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until the task has ended.")]


def resend(
    message: Annotated[str, typer.Argument(help="Id or event id of the message.")],
    endpoint: Endpoint,
    *,
    app: Application = None,
    profile: ProfileName = None,
) -> None:
    """Deliver a message to an endpoint once more, whatever the endpoint's filters."""
    from angarium_cli.client.session import open_session, path_of

    with open_session(profile) as session:
        path = path_of(
            "/api/v1/app/{app}/msg/{message}/endpoint/{endpoint}/resend",
            app=session.application(app),
            message=message,
            endpoint=endpoint,
        )
        session.api.send("POST", path)
    typer.echo(f"Resent {message} to {endpoint}.", err=True)


def recover(
    endpoint: Endpoint,
    *,
    since: Since,
    until: Until = None,
    app: Application = None,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    profile: ProfileName = None,
    output: Form = OutputForm.table,
) -> None:
    """Deliver again what failed for good at an endpoint."""
    from angarium_cli.redelivery.redeliver import Redelivery, redeliver

    request = Redelivery("recover", since, until, {})
    redeliver(request, endpoint, app, profile, output, dry_run=dry_run, wait=not no_wait)


def replay(
    endpoint: Endpoint,
    *,
    since: Since,
    until: Until = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only messages that were never attempted there.")
    ] = False,
    event_type: Annotated[
        list[str] | None,
        typer.Option(help="Only these event types; may be repeated.", show_default=False),
    ] = None,
    channel: Annotated[
        str | None, typer.Option(help="Only messages of this channel.", show_default=False)
    ] = None,
    tag: Annotated[
        str | None, typer.Option(help="Only messages with this tag.", show_default=False)
    ] = None,
    app: Application = None,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    profile: ProfileName = None,
    output: Form = OutputForm.table,
) -> None:
    """Deliver all messages that match an endpoint, attempted before or not."""
    from angarium_cli.failure import CommandFailed
    from angarium_cli.redelivery.redeliver import Redelivery, redeliver

    filters: dict[str, Any] = {"eventTypes": event_type, "channel": channel, "tag": tag}
    given = {name: value for name, value in filters.items() if value}
    if missing and given:
        raise CommandFailed("--missing takes no filters; leave out either")
    request = Redelivery("replay-missing" if missing else "bulk-replay", since, until, given)
    redeliver(request, endpoint, app, profile, output, dry_run=dry_run, wait=not no_wait)


def follow(
    task_id: Annotated[str, typer.Argument(metavar="TASK", help="Id of the task.")],
    profile: ProfileName = None,
    output: Form = OutputForm.table,
) -> None:
    """Wait until a background task has ended, and show its progress."""
    from angarium_cli.client.output import show_one
    from angarium_cli.client.session import open_session
    from angarium_cli.redelivery.background_task import follow_task

    with open_session(profile) as session:
        show_one(follow_task(session.api, task_id), output)
