"""`angarium encryption`: rotate the encryption key."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Rotate the encryption key.\n\n"
    "Works on the platform that ANGARIUM_… variables configure: the services' databases, Redis,"
    " ANGARIUM_ENCRYPTION_KEY and ANGARIUM_ENCRYPTION_KEY_FALLBACKS.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DataDir = Annotated[
    Path | None, typer.Option(help="Use the `angarium dev` that runs on this folder.")
]


@app.command(epilog="Example: angarium encryption status")
def status(
    *,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the encryption keys by id: how many secrets each service has encrypted with them, and
    how many processes have them.

    Prints no key. An id is derived from its key, and the same wherever the key is used.
    """
    import asyncio
    import os

    from rich.console import Console

    from angarium_cli.encryption.key_use import as_json as json_of
    from angarium_cli.encryption.key_use import read_key_uses, show
    from angarium_cli.installation import find_installation

    uses = asyncio.run(read_key_uses(find_installation(os.environ, data_dir)))
    if as_json:
        typer.echo(json_of(uses))
    else:
        show(uses, Console(highlight=False))


@app.command(epilog="Example: angarium encryption rotate")
def rotate(*, data_dir: DataDir = None) -> None:
    """Encrypt every secret with the current key again, while the services run.

    Set ANGARIUM_ENCRYPTION_KEY to the new key for all services first, with the former one in
    ANGARIUM_ENCRYPTION_KEY_FALLBACKS. May be stopped and run again at any time: a further run goes
    on, and changes nothing once all is done.

    Exit status: 0 if no database needs a former key any more, 1 if one does.
    """
    import asyncio
    import os

    from angarium_cli.encryption.progress import show_outcome, shown_progress
    from angarium_cli.encryption.rotation import rotate_keys
    from angarium_cli.installation import find_installation

    installation = find_installation(os.environ, data_dir)
    with shown_progress() as show:
        found = asyncio.run(rotate_keys(installation, show))
    if not show_outcome(found, typer.echo):
        raise typer.Exit(1)
