"""`angarium doctor`: what would become of something, and why."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Find out why something does not work. Nothing is changed and nothing is sent.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def doctor() -> None:
    """Find out why something does not work. Nothing is changed and nothing is sent."""


@app.command()
def url(
    url: Annotated[str, typer.Argument(help="The URL of an endpoint, in quotes.")],
) -> None:
    """Say whether webhooks would be delivered to a URL, and if not, which rule refuses it.

    The worker's settings are read from the environment: run it where the worker runs. Names are
    resolved, nothing else is sent. Exit status 0 if they would be, 1 if not.
    """
    from angarium_cli.url_report import report_on

    report = report_on(url)
    for line in report.lines:
        typer.echo(line)
    if not report.is_deliverable:
        raise typer.Exit(1)
