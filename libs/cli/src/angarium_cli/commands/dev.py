"""`angarium dev`: the whole platform on one machine, in one terminal."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def dev(
    *,
    host: Annotated[str, typer.Option(help="Address that the API listens on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the API; 0 picks a free one.")
    ] = 8080,
    data_dir: Annotated[
        Path, typer.Option(help="Folder that keeps everything from one start to the next.")
    ] = Path(".angarium"),
    database: Annotated[
        Literal["sqlite", "postgres"],
        typer.Option(help="SQLite files, or a Postgres server started from its wheel."),
    ] = "sqlite",
    api_key: Annotated[
        str | None,
        typer.Option(help="Use this API key (16 to 256 printable characters), not a made one."),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="Deliver some webhooks to a local receiver.")
    ] = False,
    log_format: Annotated[
        Literal["console", "json"], typer.Option(help="console for people, json for machines.")
    ] = "console",
) -> None:
    """Run the whole platform here: three services, Valkey, a database. Ctrl-C stops it.

    Webhooks may go to this machine's own addresses, which production refuses.
    """
    from angarium_cli.dev.options import DevOptions
    from angarium_cli.dev.platform import run_dev

    options = DevOptions(
        host=host,
        port=port,
        data_dir=data_dir.absolute(),
        database=database,
        api_key=api_key,
        demo=demo,
        log_format=log_format,
    )
    raise typer.Exit(run_dev(options))
