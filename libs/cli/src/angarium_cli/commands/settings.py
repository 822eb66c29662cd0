"""`angarium settings`: list the services' settings."""

from typing import Annotated, Literal

import typer

from angarium_cli.services import SERVICES


def settings(
    service: Annotated[
        Literal["gateway", "dispatcher", "worker"] | None,
        typer.Argument(help="Service whose settings to list; all by default."),
    ] = None,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
) -> None:
    """List settings: variable, default and meaning."""
    asked: tuple[str, ...] = (service,) if service else SERVICES
    from angarium_cli.services import settings_class
    from angarium_cli.settings_listing import as_markdown, as_text, sections

    found = sections({name: settings_class(name) for name in asked})
    if markdown:
        typer.echo(as_markdown(found), nl=False)
    else:
        as_text(found)
