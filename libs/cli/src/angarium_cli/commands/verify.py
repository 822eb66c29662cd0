"""`angarium verify`: whether the services' ledgers add up."""

from pathlib import Path
from typing import Annotated

import typer


def verify(
    *,
    since: Annotated[
        str | None, typer.Option(help="2026-01-31T12:00:00Z, or how long ago: 90s, 10m, 36h, 7d.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="The same; `now` takes the messages of the last minute, too.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Audit the `angarium dev` that runs on this folder."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare what was accepted with what was settled and what was attempted, and report gaps.

    Both ways round: what was attempted must have been accepted, too, as far back as it is kept.
    Without options: messages of the last 24 hours but for the last minute, of the platform that
    ANGARIUM_… variables name, else of the `angarium dev` that runs on .angarium here. It only
    reads, while the platform goes on. Exit status 0 without a gap, 1 with one.
    """
    import asyncio
    import os
    from datetime import UTC, datetime

    from rich.console import Console

    from angarium_cli.doctor.installation import find_installation
    from angarium_cli.verify.report import as_json as json_of
    from angarium_cli.verify.report import show
    from angarium_cli.verify.run import audit_platform
    from angarium_cli.verify.time_range import time_range

    span = time_range(since, until, datetime.now(UTC))
    installation = find_installation(os.environ, data_dir)
    with Console(stderr=True).status("Reading …") as status:
        audit = asyncio.run(
            audit_platform(
                installation, span, lambda seen: status.update(f"{seen:,} messages compared …")
            )
        )
    if as_json:
        typer.echo(json_of(installation.name, span, audit))
    else:
        show(installation.name, span, audit, Console(highlight=False))
    if audit.gaps_count:
        raise typer.Exit(1)
