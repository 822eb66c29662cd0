"""`angarium verify`: compare the services' records of a range of messages."""

from pathlib import Path
from typing import Annotated

import typer


def verify(
    *,
    since: Annotated[
        str | None, typer.Option(help="Start: 2026-01-31T12:00:00Z, or an age: 90s, 10m, 36h, 7d.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="End, in the same form; `now` includes the last minute.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Verify the `angarium dev` that runs on this folder."),
    ] = None,
    outbox: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Also compare with a producer's outbox, the database at this URL. Repeat it for"
            " each producer that posts through an outbox.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Verify that no accepted message was lost.

    Compares the gateway's journal with the worker's record in both directions, and reports every
    message that was neither delivered nor is on its way. By default, verify the messages of the
    last 24 hours except the last minute, on the platform that ANGARIUM_… variables configure or,
    if none are set, on the `angarium dev` that runs on .angarium in the current folder. Reads only,
    while the platform runs.

    With --outbox, also verify that every event that an outbox of angarium-outbox has as accepted is
    in the journal with the same payload, and that every message whose eventId an outbox generated
    is of an event that the producer committed.

    Also counts attempts and messages once more, and compares the result with the statistics.

    Exit status: 0 without gaps and differences, 1 with some.
    """
    import asyncio
    import os
    from datetime import UTC, datetime

    from rich.console import Console

    from angarium_cli.installation import find_installation
    from angarium_cli.verify.audit import audit_platform
    from angarium_cli.verify.report import as_json as json_of
    from angarium_cli.verify.report import show
    from angarium_cli.verify.time_range import time_range

    span = time_range(since, until, datetime.now(UTC))
    installation = find_installation(os.environ, data_dir)
    with Console(stderr=True).status("Reading …") as status:
        audit = asyncio.run(
            audit_platform(
                installation,
                span,
                lambda seen: status.update(f"{seen:,} messages compared …"),
                outbox or (),
            )
        )
    if as_json:
        typer.echo(json_of(installation.name, span, audit))
    else:
        show(installation.name, span, audit, Console(highlight=False))
    if not audit.is_clean:
        raise typer.Exit(1)
