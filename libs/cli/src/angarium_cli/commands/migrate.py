"""`angarium migrate`: migrate databases to this version's schema."""

from typing import Annotated, Literal

import typer

from angarium_cli.services import SERVICES, ServiceName


def migrate(
    service: Annotated[
        Literal["gateway", "dispatcher", "worker", "all"],
        typer.Argument(help="Service whose database to migrate; all by default."),
    ] = "all",
    check: Annotated[
        bool,
        typer.Option("--check", help="Migrate nothing; exit with 1 if a migration is pending."),
    ] = False,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Migrate nothing; print the migrations that would run."),
    ] = False,
) -> None:
    """Migrate databases to this version's schema. Run it before starting the new version.

    The databases are ANGARIUM_GATEWAY_DATABASE_URL, ANGARIUM_DISPATCHER_DATABASE_URL and
    ANGARIUM_WORKER_DATABASE_URL; for a single service also ANGARIUM_DATABASE_URL. With
    ANGARIUM_ENCRYPTION_KEY, the key is checked too. Nothing is migrated unless every database is
    the right one.
    """
    import asyncio
    import os

    from angarium_cli.databases import (
        database_url,
        encryption_key,
        migrate_database,
        pending_migrations,
        refuse_shared,
        require_own,
    )

    asked: tuple[ServiceName, ...] = SERVICES if service == "all" else (service,)
    # All URLs first: nothing is migrated if one is missing or wrong.
    urls = {name: database_url(name, os.environ, alone=service != "all") for name in asked}
    seal = encryption_key(os.environ)
    refuse_shared(urls)
    for name, url in urls.items():
        asyncio.run(require_own(name, url, seal))
    if check or plan:
        pending = {name: asyncio.run(pending_migrations(name, url)) for name, url in urls.items()}
        for name, migrations in pending.items():
            typer.echo(f"{name}: {_count(len(migrations))}")
            for each in migrations if plan else ():
                typer.echo("".join(f"\n  {text}" for text in (each.revision, *each.paragraphs)))
        raise typer.Exit(1 if check and any(pending.values()) else 0)
    for name, url in urls.items():
        change = asyncio.run(migrate_database(name, url, seal))
        if change.before == change.after:
            typer.echo(f"{name}: already at schema version {change.after}")
        else:
            typer.echo(f"{name}: schema version {change.before or 'none'} -> {change.after}")


def _count(pending: int) -> str:
    if pending == 0:
        return "at this version's schema"
    return f"{pending} {'migration is' if pending == 1 else 'migrations are'} pending"
