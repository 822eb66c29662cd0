"""`angarium migrate`: databases brought to this version's schema."""

import asyncio
import os
from typing import Annotated, Literal

import typer

from angarium_cli.service_names import SERVICES, ServiceName


def migrate(
    service: Annotated[
        Literal["gateway", "dispatcher", "worker", "all"],
        typer.Argument(help="Whose database; all of them when left out."),
    ] = "all",
) -> None:
    """Bring databases to this version's schema; run it before the new version starts.

    Each database's URL is ANGARIUM_GATEWAY_DATABASE_URL, ANGARIUM_DISPATCHER_DATABASE_URL or
    ANGARIUM_WORKER_DATABASE_URL; for a single service also ANGARIUM_DATABASE_URL.
    """
    from angarium_cli.database_url import database_url
    from angarium_cli.migration import migrate_database

    asked: tuple[ServiceName, ...] = SERVICES if service == "all" else (service,)
    # All URLs first: nothing is changed when one is missing.
    urls = {name: database_url(name, os.environ, alone=service != "all") for name in asked}
    for name, url in urls.items():
        change = asyncio.run(migrate_database(name, url))
        if change.before == change.after:
            typer.echo(f"{name}: already at schema version {change.after}")
        else:
            typer.echo(f"{name}: schema version {change.before or 'none'} -> {change.after}")
