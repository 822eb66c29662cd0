"""`angarium environment`: export and import a tenant's configuration."""

from pathlib import Path
from typing import Annotated

import typer

from angarium_cli.client.options import ProfileName

app = typer.Typer(
    help="Export and import event types, policy, applications and endpoints of a tenant.\n\n"
    "Uses the API, with a key of the scope `admin`: that of `angarium login` or ANGARIUM_TOKEN.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Passphrase = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="File with the passphrase that encrypts secrets and headers; - is standard input.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and end.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


@app.command(
    "export",
    epilog="Example: angarium environment export --passphrase-file passphrase.txt > staging.json",
)
def export_environment(
    *,
    passphrase_file: Passphrase = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write instead of printing.")
    ] = None,
    profile: ProfileName = None,
) -> None:
    """Print the configuration as JSON. Secrets are included, encrypted, only with
    --passphrase-file."""
    import json

    from angarium_cli.client.session import open_session
    from angarium_cli.environment.session import read_passphrase
    from angarium_cli.environment.transfer import export_document

    with open_session(profile) as session:
        document = export_document(session.api, read_passphrase(passphrase_file))
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if output is None:
        typer.echo(text)
    else:
        output.write_text(text + "\n")
        applications = document["applications"]
        endpoints = sum(len(each["endpoints"]) for each in applications)
        typer.echo(
            f"Wrote {len(document['eventTypes'])} event types, {len(applications)} applications"
            f" and {endpoints} endpoints to {output}."
        )


@app.command(
    "import",
    epilog="Example: angarium environment import staging.json --passphrase-file passphrase.txt"
    " --dry-run",
)
def import_environment(
    path: Annotated[Path, typer.Argument(help="A file that `angarium environment export` wrote.")],
    *,
    passphrase_file: Passphrase = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: ProfileName = None,
) -> None:
    """Create what is missing and change what differs, after confirmation. Nothing is deleted, and
    importing a file again changes nothing."""
    import json

    from angarium_cli.client.session import open_session
    from angarium_cli.environment.session import apply_document, read_passphrase
    from angarium_cli.failure import CommandFailed

    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CommandFailed(f"cannot read {path}: {error}") from error
    if not isinstance(document, dict):
        raise CommandFailed(f"{path} is no export; write one with `angarium environment export`")
    passphrase = read_passphrase(passphrase_file)
    with open_session(profile) as session:
        apply_document(session.api, document, passphrase, dry_run=dry_run, confirmed=yes)
