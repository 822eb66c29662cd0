"""`angarium doctor`: diagnose the platform, or one URL."""

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(rich_markup_mode=None)


@app.callback(invoke_without_command=True, epilog="Example: angarium doctor --json")
def doctor(
    context: typer.Context,
    *,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Check the `angarium dev` that runs on this folder."),
    ] = None,
    service: Annotated[
        Literal["gateway", "dispatcher", "worker"] | None,
        typer.Option(help="Check this service only, on a host with only its settings."),
    ] = None,
    older_than_min: Annotated[
        int, typer.Option(min=1, max=100_000, help="Minutes after which an open batch is stuck.")
    ] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Diagnose the platform, and suggest remedies.

    Checks settings, databases, schemas, streams, batches, deliveries, partitions and clocks; sends
    and changes nothing. By default, check the platform that ANGARIUM_… variables configure or, if
    none are set, the `angarium dev` that runs on .angarium in the current folder.

    Exit status: 0 without problems (there may be warnings), 1 with a problem.
    """
    if context.invoked_subcommand is not None:
        return
    import asyncio
    import os

    from angarium_chassis.examination.findings import Level, worst
    from rich.console import Console

    from angarium_cli.doctor.checkup import Checkup
    from angarium_cli.doctor.report import as_json as json_of
    from angarium_cli.doctor.report import show
    from angarium_cli.installation import find_installation
    from angarium_cli.services import SERVICES

    asked = SERVICES if service is None else (service,)
    installation = find_installation(os.environ, data_dir, asked)
    progress = Console(stderr=True)
    with progress.status("Checking …") as status:
        checkup = Checkup(
            installation,
            older_than_s=older_than_min * 60.0,
            on_check=lambda subject: status.update(f"Checking {subject} …"),
        )
        findings = asyncio.run(checkup.run())
    if as_json:
        typer.echo(json_of(installation.name, findings))
    else:
        show(installation.name, findings, Console(highlight=False))
    if worst(findings) is Level.PROBLEM:
        raise typer.Exit(1)


@app.command(epilog="Example: angarium doctor url 'https://example.com/hook'")
def url(
    url: Annotated[str, typer.Argument(help="URL of an endpoint, in quotes.")],
) -> None:
    """Check whether a URL can receive webhooks.

    Names the rule that refuses the URL, if any. Reads the worker's settings from the environment:
    run it where the worker runs. Resolves the host, and sends nothing else.

    Exit status: 0 if the URL is accepted, 1 if it is refused.
    """
    from angarium_cli.doctor.url import report_on

    report = report_on(url)
    for line in report.lines:
        typer.echo(line)
    if not report.is_deliverable:
        raise typer.Exit(1)
