"""`angarium listen`: forward deliveries to a program on this machine."""

from enum import StrEnum
from typing import Annotated

import typer

from angarium_cli.client.options import Application, ProfileName


class HeaderNames(StrEnum):
    """Names of the signature's headers."""

    webhook = "webhook"
    svix = "svix"
    both = "both"


def listen(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="PORT|URL",
            help="Port or URL of the program on this machine.",
            show_default=False,
        ),
    ] = None,
    *,
    app: Application = None,
    types: Annotated[
        list[str] | None,
        typer.Option(help="Only these event types; may be repeated.", show_default=False),
    ] = None,
    path: Annotated[
        str | None, typer.Option(help="Path to post to, such as /webhooks.", show_default=False)
    ] = None,
    skip_verify: Annotated[
        bool, typer.Option("--skip-verify", help="Do not verify the program's TLS certificate.")
    ] = False,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let the URL be of another machine.")
    ] = False,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="ENDPOINT",
            help="Forward what this endpoint gets, by its filters, with its headers and in its"
            " format; its id or uid.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of this listener, which gives it a position of its own: several run side"
            " by side, and each gets all messages.",
            show_default=False,
        ),
    ] = None,
    signature_headers: Annotated[
        HeaderNames | None,
        typer.Option(
            help="Names of the signature's headers. [default: webhook, or as --like has them]",
            show_default=False,
        ),
    ] = None,
    print_secret: Annotated[
        bool,
        typer.Option("--print-secret", help="Print the secret that deliveries are signed with."),
    ] = False,
    forget: Annotated[
        bool,
        typer.Option(
            "--forget",
            help="Delete the endpoint that keeps messages for this machine, or for --name.",
        ),
    ] = False,
    profile: ProfileName = None,
) -> None:
    """Forward the deliveries of an application to a program on this machine, until q or Ctrl-C.

    Messages that come while it does not run are forwarded when it runs again. They have their
    original bytes, and a signature under a secret of this machine. Other endpoints are not touched.
    """
    from angarium_cli.failure import CommandFailed
    from angarium_cli.listen.identity import saved_identity
    from angarium_cli.listen.listening import listen_until_stopped, polled_messages
    from angarium_cli.listen.target import target_url

    if print_secret:
        typer.echo(saved_identity().secret)
        return
    names = [name for each in types or [] for name in each.split(",") if name]
    messages = polled_messages(profile, app, names, name=name, like=like)
    if forget:
        messages.forget()
        typer.echo("Deleted the endpoint of this machine.", err=True)
        return
    if target is None:
        raise CommandFailed("a port or URL is missing; give one, as in `angarium listen 3000`")
    url = target_url(target, path, allow_remote=allow_remote)
    under = None if signature_headers is None else signature_headers.value
    listen_until_stopped(messages, url, under, verify_tls=not skip_verify)
