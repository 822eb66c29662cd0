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
    from angarium_cli.settings_listing import as_markdown, as_text, sections, settings_class

    classes = {name: settings_class(name) for name in ([service] if service else SERVICES)}
    found = sections(classes)
    if markdown:
        typer.echo(as_markdown(found), nl=False)
    else:
        as_text(found)
