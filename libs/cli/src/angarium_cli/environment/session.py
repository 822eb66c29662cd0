"""One import from the command line: compare, show, confirm, apply."""

import sys
from pathlib import Path
from typing import Final

import typer
from rich.console import Console

from angarium_cli.client.api_client import ApiClient
from angarium_cli.failure import CommandFailed

from .differences import changes_of, show_changes, summary
from .transfer import Document, import_document

_PASSPHRASE_CHARS_MIN: Final = 12


def apply_document(
    api: ApiClient,
    document: Document,
    passphrase: str | None,
    *,
    dry_run: bool,
    confirmed: bool,
) -> None:
    """Show what differs; unless it is a dry run, apply it once that is confirmed. Raises
    CommandFailed, and typer.Abort."""
    console = Console(highlight=False)
    planned = changes_of(import_document(api, document, passphrase, dry_run=True))
    show_changes(planned, console)
    if not planned:
        typer.echo("Nothing differs.")
        return
    typer.echo(f"{summary(planned)}.")
    if dry_run:
        return
    if not confirmed:
        typer.confirm("Import this?", abort=True)
    done = changes_of(import_document(api, document, passphrase, dry_run=False))
    typer.echo(f"Imported {len(done)} of {len(planned)} changes.")


def read_passphrase(path: Path | None) -> str | None:
    """The first line of a file, `-` for standard input."""
    if path is None:
        return None
    try:
        text = sys.stdin.readline() if str(path) == "-" else path.read_text()
    except OSError as error:
        raise CommandFailed(f"cannot read {path}: {error.strerror}") from error
    passphrase = text.partition("\n")[0].strip("\r")
    if len(passphrase) < _PASSPHRASE_CHARS_MIN:
        raise CommandFailed(
            f"the passphrase in {path} is too short; use {_PASSPHRASE_CHARS_MIN} characters or more"
        )
    return passphrase
