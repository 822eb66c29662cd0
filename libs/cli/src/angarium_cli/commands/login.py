"""`angarium login`, `logout`, `profiles` and `whoami`: access to the API."""

from typing import Annotated

import typer

from angarium_cli.client.options import Form, OutputForm, ProfileName


def login(
    url: Annotated[
        str | None,
        typer.Option(
            help="URL of Angarium's API. [default: ANGARIUM_URL, else asked for]",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str, typer.Option(help="Name to save the URL and the key under.")
    ] = "default",
    app: Annotated[
        str | None,
        typer.Option(
            "--app",
            help="Id or uid of the application that commands use without --app.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Save the URL of a platform and an API key, for the commands that use the API.

    The key is the value of ANGARIUM_TOKEN; without it, it is asked for, or read from standard
    input if that is no terminal. It is checked, and saved in a file that only you can read.
    """
    from angarium_cli.client.login import log_in

    log_in(url, profile, app)


def logout(
    profile: Annotated[str, typer.Option(help="Name of the profile.")] = "default",
) -> None:
    """Delete a saved profile. The key itself stays valid until it is revoked."""
    from angarium_cli.client.profiles import ProfileFile
    from angarium_cli.failure import CommandFailed

    if not ProfileFile().remove(profile):
        raise CommandFailed(f"there is no profile {profile}; see `angarium profiles`")
    typer.echo(f"Deleted the profile {profile}.")


def profiles(output: Form = OutputForm.table) -> None:
    """List saved profiles, without their keys."""
    from angarium_cli.client.output import show_list
    from angarium_cli.client.profiles import ProfileFile

    rows = [{"name": each.name, "url": each.url, "app": each.app} for each in ProfileFile().all()]
    columns = [("name", "name"), ("url", "url"), ("application", "app")]
    show_list(rows, columns, output)


def whoami(profile: ProfileName = None, output: Form = OutputForm.table) -> None:
    """Show whose key commands use, and what it may do."""
    from angarium_cli.client.output import show_one
    from angarium_cli.client.session import open_session

    with open_session(profile) as session:
        found = session.api.get("/api/v1/auth/whoami")
    show_one({"url": session.profile.url} | found, output)
