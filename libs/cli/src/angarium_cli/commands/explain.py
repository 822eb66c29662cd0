"""`angarium explain`: why the attempts of a message failed."""

from typing import Annotated

import typer


def explain(
    application: Annotated[str, typer.Argument(help="Id or uid of the application.")],
    message: Annotated[str, typer.Argument(help="Id or eventId of the message.")],
    *,
    url: Annotated[
        str, typer.Option(envvar="ANGARIUM_URL", help="URL of Angarium's API.", show_default=False)
    ],
    token: Annotated[
        str,
        typer.Option(
            envvar="ANGARIUM_TOKEN",
            help="API key that may read the application. The variable keeps it out of the process"
            " list.",
            show_default=False,
        ),
    ],
    attempt: Annotated[str | None, typer.Option(help="Id of one attempt; without, all.")] = None,
) -> None:
    """Print the attempts of a message, oldest first, with the cause of each failure, what to change
    and by whom, and the evidence.

    Exit status: 0 if there are attempts, 1 if none was made yet.
    """
    from angarium_cli.client.api_client import api_client
    from angarium_cli.explain.attempts import read_attempt, read_attempts
    from angarium_cli.explain.report import report_lines
    from angarium_cli.failure import CommandFailed

    with api_client(url, token) as api:
        if attempt is None:
            found = read_attempts(api, application, message)
        else:
            found = read_attempt(api, application, message, attempt)
    if not found:
        raise CommandFailed(
            f"no attempt of {message} is on record yet; its endpoints may not match the message,"
            " or its first attempts are still under way",
            exit_status=1,
        )
    for line in report_lines(found):
        typer.echo(line)
