"""`angarium dev`: the whole platform on one machine, in one terminal."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def dev(
    *,
    host: Annotated[str, typer.Option(help="Address the API listens on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the API; 0 picks a free one.")
    ] = 8080,
    data_dir: Annotated[
        Path, typer.Option(help="Folder to keep all data in between starts.")
    ] = Path(".angarium"),
    database: Annotated[
        Literal["sqlite", "postgres"],
        typer.Option(help="SQLite files, or a bundled Postgres server."),
    ] = "sqlite",
    cluster: Annotated[
        bool,
        typer.Option("--cluster", help="A Valkey Cluster of six nodes in place of one Valkey."),
    ] = False,
    api_key: Annotated[
        str | None,
        typer.Option(help="Use this API key (16 to 256 printable characters)."),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="Deliver some webhooks to a local receiver.")
    ] = False,
    log_format: Annotated[
        Literal["console", "json"], typer.Option(help="console for people, json for machines.")
    ] = "console",
) -> None:
    """Run the whole platform on this machine.

    Starts the three services, Valkey and a database; Ctrl-C stops them. Webhooks may be sent to
    this machine's own addresses, which production refuses. Without --api-key, an API key is
    generated and kept.
    """
    from angarium_gateway.administration import may_be_token

    from angarium_cli.dev.environment import DevOptions
    from angarium_cli.dev.platform import run_dev
    from angarium_cli.failure import CommandFailed

    if api_key is not None and not may_be_token(api_key):
        raise CommandFailed(
            "--api-key must be 16 to 256 printable ASCII characters without spaces; choose another,"
            " or omit the option to have one generated"
        )

    options = DevOptions(
        host=host,
        port=port,
        data_dir=data_dir.absolute(),
        database=database,
        api_key=api_key,
        demo=demo,
        log_format=log_format,
        cluster=cluster,
    )
    raise typer.Exit(run_dev(options))
