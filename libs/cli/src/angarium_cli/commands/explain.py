"""`angarium explain`: why attempts failed."""

from typing import Annotated

import typer

from angarium_cli.client.options import Form, OutputForm, ProfileName


def explain(
    application: Annotated[
        str,
        typer.Argument(
            metavar="ATTEMPT|APP", help="Id of an attempt, or id or uid of an application."
        ),
    ],
    message: Annotated[
        str | None,
        typer.Argument(help="Id or eventId of a message of the application.", show_default=False),
    ] = None,
    *,
    attempt: Annotated[
        str | None, typer.Option(help="Id of one attempt of the message; without, all.")
    ] = None,
    profile: ProfileName = None,
    output: Form = OutputForm.table,
) -> None:
    """Print an attempt, or the attempts of a message, oldest first, with the cause of each failure,
    what to change and by whom, and the evidence.

    Exit status: 0 if there are attempts, 1 if none was made yet.
    """
    from angarium_cli.client.output import print_data
    from angarium_cli.client.session import open_session
    from angarium_cli.explain.attempts import find_attempt, read_attempt, read_attempts
    from angarium_cli.explain.report import report_lines
    from angarium_cli.failure import CommandFailed, ExitStatus

    with open_session(profile) as session:
        if message is None:
            found = find_attempt(session, application)
        elif attempt is None:
            found = read_attempts(session.api, application, message)
        else:
            found = read_attempt(session.api, application, message, attempt)
    if not found:
        raise CommandFailed(
            f"no attempt of {message} is on record yet; its endpoints may not match the message,"
            " or its first attempts are still under way",
            exit_status=ExitStatus.FAILED,
        )
    if output is not OutputForm.table:
        print_data(found, output)
        return
    for line in report_lines(found):
        typer.echo(line)
