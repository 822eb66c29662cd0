"""`angarium console`: sign in to the console."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Sign in to the console.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Scope(StrEnum):
    """Scopes of a sign-in."""

    admin = "admin"
    read = "read"
    platform = "platform"


@app.callback()
def console() -> None:
    """Sign in to the console."""


@app.command(epilog="Example: angarium console link --tenant production --scope read")
def link(
    *,
    tenant: Annotated[
        str, typer.Option(help="Tenant to sign in to; a sign-in to the platform has none.")
    ] = "default",
    scope: Annotated[
        Scope,
        typer.Option(
            help="Permissions of the sign-in: everything of the tenant, reading it, or operating"
            " the platform."
        ),
    ] = Scope.admin,
    expires_in: Annotated[
        str, typer.Option(help="How long the link works, such as 15m or 12h; at most 7d.")
    ] = "15m",
    session: Annotated[
        str, typer.Option(help="How long the sign-in lasts, such as 12h; at most 30d.")
    ] = "12h",
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the person who signs in, for the audit log.",
            show_default="user and host of this command",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="URL at which browsers reach the gateway.", show_default="ANGARIUM_PUBLIC_URL"
        ),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Use the `angarium dev` that runs on this folder.")
    ] = None,
) -> None:
    """Print a link that signs a person in to the console, once.

    Works on the gateway's database: that of the ANGARIUM_… variables or, if none are set, of the
    `angarium dev` that runs on .angarium in the current folder.
    """
    from angarium_cli.console_links import LinkOptions, create_link

    made = create_link(LinkOptions(tenant, scope.value, expires_in, session, name, url, data_dir))
    typer.echo(
        f"Signs in {made.subject}, once, within {expires_in}. Whoever opens it first is signed in.",
        err=True,
    )
    typer.echo(made.url)
