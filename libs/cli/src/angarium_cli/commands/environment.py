"""`angarium environment`: export and import a tenant's configuration."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Export and import event types, policy, applications and endpoints of a tenant.\n\n"
    "Uses the API, with a key of the scope `admin`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Url = Annotated[
    str, typer.Option(envvar="ANGARIUM_URL", help="URL of Angarium's API.", show_default=False)
]
Token = Annotated[
    str,
    typer.Option(
        envvar="ANGARIUM_TOKEN",
        help="API key with the scope `admin`. The variable keeps it out of the process list.",
        show_default=False,
    ),
]
Passphrase = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="File with the passphrase that encrypts secrets and headers; - is standard input.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and end.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


@app.command("export")
def export_environment(
    *,
    url: Url,
    token: Token,
    passphrase_file: Passphrase = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write instead of printing.")
    ] = None,
) -> None:
    """Print the configuration as JSON. Secrets are included, encrypted, only with
    --passphrase-file."""
    import json

    from angarium_cli.client.api_client import api_client
    from angarium_cli.environment.session import read_passphrase
    from angarium_cli.environment.transfer import export_document

    with api_client(url, token) as api:
        document = export_document(api, read_passphrase(passphrase_file))
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


@app.command("import")
def import_environment(
    path: Annotated[Path, typer.Argument(help="A file that `angarium environment export` wrote.")],
    *,
    url: Url,
    token: Token,
    passphrase_file: Passphrase = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Create what is missing and change what differs, after confirmation. Nothing is deleted, and
    importing a file again changes nothing."""
    import json

    from angarium_cli.client.api_client import api_client
    from angarium_cli.environment.session import apply_document, read_passphrase
    from angarium_cli.failure import CommandFailed

    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CommandFailed(f"cannot read {path}: {error}") from error
    if not isinstance(document, dict):
        raise CommandFailed(f"{path} is no export; write one with `angarium environment export`")
    passphrase = read_passphrase(passphrase_file)
    with api_client(url, token) as api:
        apply_document(api, document, passphrase, dry_run=dry_run, confirmed=yes)
