"""`angarium quarantine`: entries that no service could handle, and batches set aside."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from angarium_cli.quarantine.desk import QuarantineDesk

app = typer.Typer(
    help="List, show, put back and drop what no service could handle.\n\n"
    "Nothing is lost while it is there: batches stay open in the gateway's journal.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DataDir = Annotated[
    Path | None, typer.Option(help="Of the `angarium dev` that runs on this folder.")
]
Ids = Annotated[
    list[str] | None, typer.Argument(help="Ids, as `angarium quarantine list` shows them.")
]


@app.command("list")
def list_entries(
    *,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List entries with the reason, and the batches that the gateway set aside."""
    from rich.console import Console

    from angarium_cli.quarantine.listing import as_json as json_of
    from angarium_cli.quarantine.listing import read_listing, show

    listing = _with_desk(data_dir, read_listing)
    if as_json:
        typer.echo(json_of(listing))
    else:
        show(listing, Console(highlight=False))


@app.command("show")
def show_entry(
    entry_id: Annotated[str, typer.Argument(help="An id of `angarium quarantine list`.")],
    *,
    data_dir: DataDir = None,
    with_bytes: Annotated[
        bool, typer.Option("--bytes", help="Its bytes, too: they hold payloads of customers.")
    ] = False,
) -> None:
    """Show what an entry holds; payloads only with --bytes."""
    from angarium_cli.quarantine.listing import details

    for line in _with_desk(data_dir, lambda desk: details(desk, entry_id, with_bytes=with_bytes)):
        typer.echo(line)


@app.command()
def replay(
    entry_ids: Ids = None,
    *,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="All that does not come again by itself, and all batches set aside."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Put back what cannot be read, too, as it is.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Put entries back on their streams, and have batches published again.

    Each goes back once, whoever else does the same; what was delivered meanwhile is not sent
    twice. Entries of batches that the gateway publishes again by itself are removed by --all, and
    put back where they are named. Exit status 1 if something was kept because it cannot be read.
    """
    from angarium_cli.failure import CommandFailed
    from angarium_cli.quarantine.listing import outcome
    from angarium_cli.quarantine.plan import Step

    if every == bool(entry_ids):
        raise CommandFailed("name ids to put back, or --all")
    done = _with_desk(
        data_dir,
        lambda desk: (
            desk.replay_all(force=force) if every else desk.replay(entry_ids or (), force=force)
        ),
    )
    for line in outcome(done):
        typer.echo(line)
    if any(each.step is Step.KEPT for each in done.planned):
        raise typer.Exit(1)


@app.command()
def drop(
    entry_ids: Ids = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All entries.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Delete entries, after asking. The messages in them stay accepted: their batches are open,
    set aside, or delivered."""
    from angarium_cli.failure import CommandFailed
    from angarium_cli.quarantine.listing import all_ids

    if every == bool(entry_ids):
        raise CommandFailed("name ids to drop, or --all")
    refs = _with_desk(data_dir, all_ids) if every else list(entry_ids or ())
    if refs and not yes:
        typer.confirm(f"Drop {len(refs)} from the quarantine?", abort=True, err=True)
    typer.echo(f"Dropped {_with_desk(data_dir, lambda desk: desk.drop(refs))}.")


def _with_desk[T](data_dir: Path | None, action: "Callable[[QuarantineDesk], Awaitable[T]]") -> T:
    import asyncio
    import os

    from angarium_cli.doctor.installation import find_installation
    from angarium_cli.quarantine.desk import open_desk

    installation = find_installation(os.environ, data_dir)

    async def run() -> T:
        async with open_desk(installation) as desk:
            return await action(desk)

    return asyncio.run(run())
