"""`angarium event-types import` and `export`: the catalog as an OpenAPI or AsyncAPI document."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from angarium_cli.client.options import Form, OutputForm, ProfileName


class CatalogFormat(StrEnum):
    """Formats of an exported catalog."""

    openapi = "openapi"
    asyncapi = "asyncapi"


def import_event_types(
    path: Annotated[
        Path, typer.Argument(help="OpenAPI document as JSON or YAML; - is standard input.")
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and end.")
    ] = False,
    replace_all: Annotated[
        bool, typer.Option("--replace-all", help="Archive event types that the document lacks.")
    ] = False,
    profile: ProfileName = None,
    output: Form = OutputForm.table,
) -> None:
    """Create and change event types as the webhooks of an OpenAPI document say."""
    from angarium_cli.client.output import show_list
    from angarium_cli.client.session import open_session
    from angarium_cli.client.text_input import read_text

    body = {"specRaw": read_text(path), "dryRun": dry_run, "replaceAll": replace_all}
    with open_session(profile) as session:
        data = session.api.send("POST", "/api/v1/event-type/import/openapi", body=body)["data"]
    rows = data.get("to_modify") or [{"name": name} for name in data["modified"]]
    columns = [("name", "name"), ("description", "description")]
    show_list(rows, columns[: 2 if dry_run else 1], output)
    typer.echo(f"{len(rows)} event types {'would change' if dry_run else 'changed'}.", err=True)


def export_event_types(
    form: Annotated[
        CatalogFormat, typer.Option("--format", help="Format of the document.")
    ] = CatalogFormat.openapi,
    profile: ProfileName = None,
    output: Form = OutputForm.json,
) -> None:
    """Print the event types as an OpenAPI or AsyncAPI document."""
    from angarium_cli.client.output import print_data
    from angarium_cli.client.session import open_session
    from angarium_cli.failure import CommandFailed

    if output is OutputForm.table:
        raise CommandFailed("a document is no table; use --output json or yaml")
    with open_session(profile) as session:
        document = session.api.get(f"/api/v1/event-type/export/{form.value}")
    print_data(document, output)
