"""`angarium migrate`: migrate databases to this version's schema."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from angarium_cli.services import SERVICES, ServiceName

if TYPE_CHECKING:
    from angarium_chassis.database.migration_phases import Migration

    from angarium_cli.databases import SchemaChange


def migrate(
    service: Annotated[
        Literal["gateway", "dispatcher", "worker", "all"],
        typer.Argument(help="Service whose database to migrate; all by default."),
    ] = "all",
    phase: Annotated[
        Literal["before", "after"] | None,
        typer.Option(
            help="Run only the migrations that go before this version starts, on which the earlier"
            " version works too, or those that go after the last process of it has ended.",
        ),
    ] = None,
    wait_s: Annotated[
        float,
        typer.Option(
            "--wait",
            min=0,
            max=3_600,
            help="Seconds that the phase after waits for processes of the earlier version to end.",
        ),
    ] = 0,
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

    Without --phase, all migrations run: stop the earlier version first, unless all of them are of
    the phase before. The phase after is refused while processes of the earlier version run, if
    ANGARIUM_REDIS_URL is set.
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
    pending: dict[ServiceName, list[Migration]] = {}
    if check or plan or phase is not None:
        for name, url in urls.items():
            pending[name] = asyncio.run(pending_migrations(name, url, phase))
    if check or plan:
        for name, migrations in pending.items():
            typer.echo(f"{name}: {_count(len(migrations), phase)}")
            for each in migrations if plan else ():
                typer.echo(_described(each))
        raise typer.Exit(1 if check and any(pending.values()) else 0)
    if phase == "after":
        _await_end_of_earlier(pending, wait_s)
    for name, url in urls.items():
        change = asyncio.run(migrate_database(name, url, seal, phase))
        typer.echo(f"{name}: {_outcome(change)}")


def _await_end_of_earlier(pending: "dict[ServiceName, list[Migration]]", wait_s: float) -> None:
    import asyncio
    import os

    from angarium_cli.earlier_processes import await_end_of_earlier, redis_url

    needed: dict[str, str] = {
        name: max(each.works_from for each in migrations)
        for name, migrations in pending.items()
        if migrations
    }
    url = redis_url(os.environ)
    if needed and url is not None:
        asyncio.run(await_end_of_earlier(url, needed, wait_s=wait_s))


def _described(migration: "Migration") -> str:
    first = f"{migration.revision}, phase {migration.phase}"
    return "".join(f"\n  {text}" for text in (first, *migration.paragraphs))


def _outcome(change: "SchemaChange") -> str:
    if change.after is None:
        return "no schema; nothing to migrate"
    if change.before == change.after:
        return f"already at schema version {change.after}"
    return f"schema version {change.before or 'none'} -> {change.after}"


def _count(pending: int, phase: str | None) -> str:
    of_phase = "" if phase is None else f" of the phase {phase}"
    if pending == 0 and phase is None:
        return "at this version's schema"
    if pending == 0:
        return f"no migration{of_phase} is pending"
    counted = f"1 migration{of_phase} is" if pending == 1 else f"{pending} migrations{of_phase} are"
    return f"{counted} pending"
