"""`angarium migrate`: migrate databases to this version's schema."""

from typing import Annotated, Literal

import typer

from angarium_cli.services import SERVICES, ServiceName


def migrate(
    service: Annotated[
        Literal["gateway", "dispatcher", "worker", "all"],
        typer.Argument(help="Service whose database to migrate; all by default."),
    ] = "all",
) -> None:
    """Migrate databases to this version's schema. Run it before starting the new version.

    The databases are ANGARIUM_GATEWAY_DATABASE_URL, ANGARIUM_DISPATCHER_DATABASE_URL and
    ANGARIUM_WORKER_DATABASE_URL; for a single service also ANGARIUM_DATABASE_URL.
    """
    import asyncio
    import os

    from angarium_cli.databases import database_url, migrate_database

    asked: tuple[ServiceName, ...] = SERVICES if service == "all" else (service,)
    # All URLs first: nothing is migrated if one is missing.
    urls = {name: database_url(name, os.environ, alone=service != "all") for name in asked}
    for name, url in urls.items():
        change = asyncio.run(migrate_database(name, url))
        if change.before == change.after:
            typer.echo(f"{name}: already at schema version {change.after}")
        else:
            typer.echo(f"{name}: schema version {change.before or 'none'} -> {change.after}")
