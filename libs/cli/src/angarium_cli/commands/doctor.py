"""`angarium doctor`: what is wrong with the platform, and what would become of a URL."""

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    help="Find out what does not work, and what to do about it. Nothing is changed.",
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def doctor(
    context: typer.Context,
    *,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Look at the `angarium dev` that runs on this folder."),
    ] = None,
    service: Annotated[
        Literal["gateway", "dispatcher", "worker"] | None,
        typer.Option(help="Only this service: where only its settings are."),
    ] = None,
    older_than_min: Annotated[
        int, typer.Option(min=1, max=100_000, help="Minutes after which something open is stuck.")
    ] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check settings, engines, schemas, streams, batches, deliveries, partitions and clocks.

    Without options: the platform that ANGARIUM_… variables name, else the `angarium dev` that
    runs on .angarium here. Nothing is changed and nothing is sent. Exit status 0 if there is no
    problem (warnings may be), 1 if there is one.
    """
    if context.invoked_subcommand is not None:
        return
    import asyncio
    import os

    from rich.console import Console

    from angarium_cli.doctor.examination import Examination
    from angarium_cli.doctor.finding import Level, worst
    from angarium_cli.doctor.installation import find_installation
    from angarium_cli.doctor.report import as_json as json_of
    from angarium_cli.doctor.report import show
    from angarium_cli.service_names import SERVICES

    asked = SERVICES if service is None else (service,)
    installation = find_installation(os.environ, data_dir, asked)
    progress = Console(stderr=True)
    with progress.status("Looking …") as status:
        examination = Examination(
            installation,
            older_than_s=older_than_min * 60.0,
            tell=lambda what: status.update(f"Looking at {what} …"),
        )
        findings = asyncio.run(examination.run())
    if as_json:
        typer.echo(json_of(installation.name, findings))
    else:
        show(installation.name, findings, Console(highlight=False))
    if worst(findings) is Level.PROBLEM:
        raise typer.Exit(1)


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
