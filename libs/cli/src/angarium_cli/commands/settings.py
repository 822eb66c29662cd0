"""`angarium settings`: every setting, from the services' own definitions."""

from typing import Annotated, Literal

import typer

from angarium_cli.service_names import SERVICES


def settings(
    service: Annotated[
        Literal["gateway", "dispatcher", "worker"] | None,
        typer.Argument(help="Only this service's settings; all when left out."),
    ] = None,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
) -> None:
    """Show every setting: its variable, its default, its meaning."""
    asked: tuple[str, ...] = (service,) if service else SERVICES
    from angarium_cli.settings_listing import as_markdown, as_text, sections, settings_class

    found = sections({name: settings_class(name) for name in asked})
    if markdown:
        typer.echo(as_markdown(found), nl=False)
    else:
        as_text(found)
