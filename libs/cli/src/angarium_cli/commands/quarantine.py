"""`angarium quarantine`: manage entries that no service could handle, and batches set aside."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from angarium_gateway.administration.quarantine import QuarantineWork

app = typer.Typer(
    help="Manage entries and batches that could not be handled.\n\n"
    "No message is lost by being in quarantine: its batch stays open in the gateway's journal.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DataDir = Annotated[
    Path | None, typer.Option(help="Use the `angarium dev` that runs on this folder.")
]
Ids = Annotated[
    list[str] | None, typer.Argument(help="Ids, as shown by `angarium quarantine list`.")
]


@app.command("list", epilog="Example: angarium quarantine list")
def list_entries(
    *,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List entries with their reasons, and batches that the gateway has set aside."""
    from rich.console import Console

    from angarium_cli.quarantine.listing import as_json as json_of
    from angarium_cli.quarantine.listing import read_listing, show

    listing = _in_session(data_dir, read_listing)
    if as_json:
        typer.echo(json_of(listing))
    else:
        show(listing, Console(highlight=False))


@app.command("show", epilog="Example: angarium quarantine show worker/1764547200000-0")
def show_entry(
    entry_id: Annotated[str, typer.Argument(help="Id, as shown by `angarium quarantine list`.")],
    *,
    data_dir: DataDir = None,
    with_bytes: Annotated[
        bool,
        typer.Option("--bytes", help="Print its bytes as well. They contain customers' payloads."),
    ] = False,
) -> None:
    """Show an entry or a batch. Payloads are shown only with --bytes."""
    from angarium_cli.quarantine.listing import details

    for line in _in_session(
        data_dir, lambda session: details(session, entry_id, with_bytes=with_bytes)
    ):
        typer.echo(line)


@app.command(epilog="Example: angarium quarantine replay --all")
def replay(
    entry_ids: Ids = None,
    *,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Replay what is not published again anyway, and all batches set aside."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Put back unreadable entries as well, unchanged.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Put entries back on their streams, and publish batches again.

    An entry goes back once, even if several commands replay it. Deliveries that were made in the
    meantime are not repeated. --all removes entries whose batches the gateway publishes again by
    itself; name an entry to put it back in any case.

    Exit status: 1 if entries were kept because they cannot be read.
    """
    from angarium_gateway.administration.quarantine import Step

    from angarium_cli.failure import CommandFailed
    from angarium_cli.quarantine.listing import outcome

    if every == bool(entry_ids):
        raise CommandFailed("name the ids to replay, or use --all")
    done = _in_session(
        data_dir,
        lambda session: (
            session.replay_all(force=force)
            if every
            else session.replay(entry_ids or (), force=force)
        ),
    )
    for line in outcome(done):
        typer.echo(line)
    if any(each.step is Step.KEPT for each in done.planned):
        raise typer.Exit(1)


@app.command(epilog="Example: angarium quarantine drop worker/1764547200000-0")
def drop(
    entry_ids: Ids = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Drop all entries.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Delete entries, after confirmation.

    Their messages stay accepted: each batch is open, set aside or already delivered.
    """
    from angarium_cli.failure import CommandFailed
    from angarium_cli.quarantine.listing import all_ids

    if every == bool(entry_ids):
        raise CommandFailed("name the ids to drop, or use --all")
    refs = _in_session(data_dir, all_ids) if every else list(entry_ids or ())
    if refs and not yes:
        typer.confirm(f"Drop {len(refs)} from quarantine?", abort=True, err=True)
    typer.echo(f"Dropped {_in_session(data_dir, lambda session: session.drop(refs))}.")


def _in_session[T](data_dir: Path | None, action: "Callable[[QuarantineWork], Awaitable[T]]") -> T:
    import asyncio
    import os

    from angarium_cli.installation import find_installation
    from angarium_cli.quarantine.session import open_session

    installation = find_installation(os.environ, data_dir)

    async def run() -> T:
        async with open_session(installation) as session:
            return await action(session)

    return asyncio.run(run())
