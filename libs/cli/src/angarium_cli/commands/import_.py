"""`angarium import`: take over applications and endpoints from another platform."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from angarium_cli.client.options import ProfileName

from .environment import DryRun, Yes

if TYPE_CHECKING:
    from angarium_cli.client.api_client import ApiClient
    from angarium_cli.environment.peers.peer_document import PeerDocument

app = typer.Typer(
    help="Import event types, applications and endpoints from Svix, Convoy or Outpost.\n\n"
    "Reads the running platform through its API, shows what would change in Angarium, and applies"
    " it after confirmation. Importing again changes nothing.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

SourceUrl = Annotated[
    str, typer.Option("--from-url", help="URL of the other platform's API.", show_default=False)
]
SourceToken = Annotated[
    str,
    typer.Option(
        "--from-token",
        envvar="ANGARIUM_IMPORT_TOKEN",
        help="Token of the other platform's API.",
        show_default=False,
    ),
]


@app.command(epilog='Example: angarium import svix --from-token "$SVIX_TOKEN" --dry-run')
def svix(
    *,
    from_url: SourceUrl = "https://api.svix.com",
    from_token: SourceToken,
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: ProfileName = None,
) -> None:
    """Import from Svix, hosted or self-hosted. Uids, secrets and headers stay the same."""
    from angarium_cli.environment.peers.svix import read_svix

    _import(read_svix, "Svix", (from_url, from_token), profile, dry_run=dry_run, yes=yes)


@app.command(
    epilog='Example: angarium import convoy --from-token "$CONVOY_TOKEN" --project 01HX… --dry-run'
)
def convoy(
    *,
    from_url: SourceUrl = "https://us.getconvoy.cloud",
    from_token: SourceToken,
    project: Annotated[str, typer.Option(help="Id of the outgoing project.", show_default=False)],
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: ProfileName = None,
) -> None:
    """Import the endpoints of a Convoy project. Each owner becomes an application."""
    from angarium_cli.environment.peers.convoy import read_convoy

    def read(api: "ApiClient") -> "PeerDocument":
        return read_convoy(api, project)

    _import(read, "Convoy", (from_url, from_token), profile, dry_run=dry_run, yes=yes)


@app.command(epilog='Example: angarium import outpost --from-token "$OUTPOST_TOKEN" --dry-run')
def outpost(
    *,
    from_url: SourceUrl = "http://localhost:3333",
    from_token: SourceToken,
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: ProfileName = None,
) -> None:
    """Import the webhook destinations of Outpost. Each tenant becomes an application."""
    from angarium_cli.environment.peers.outpost import read_outpost

    _import(read_outpost, "Outpost", (from_url, from_token), profile, dry_run=dry_run, yes=yes)


def _import(
    read: "Callable[[ApiClient], PeerDocument]",
    name: str,
    source: tuple[str, str],
    profile: str | None,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    from angarium_cli.client.api_client import api_client
    from angarium_cli.client.session import open_session
    from angarium_cli.environment.session import apply_document

    with api_client(*source, name=name) as api:
        found = read(api)
    for what in found.not_taken:
        typer.echo(f"Not imported: {what}", err=True)
    with open_session(profile) as session:
        document = found.document()
        apply_document(session.api, document, found.passphrase, dry_run=dry_run, confirmed=yes)
