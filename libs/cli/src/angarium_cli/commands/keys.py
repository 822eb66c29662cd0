"""`angarium keys`: who may use the API."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Create, list and revoke API keys, in the gateway's database.\n\n"
    "Its URL is ANGARIUM_GATEWAY_DATABASE_URL or ANGARIUM_DATABASE_URL.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_TENANT = "default"


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, such as: billing backend.")],
    tenant: Annotated[
        str, typer.Option(help="The tenant that it belongs to, made when there is none.")
    ] = _TENANT,
) -> None:
    """Create an API key; its token goes to standard output, this once."""
    from angarium_cli.key_store import create_key

    created = create_key(tenant, name)
    typer.echo(
        f"Created {created.id} of tenant {tenant}. Keep the token: it is not stored.", err=True
    )
    typer.echo(created.token)


@app.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's keys.")] = None,
) -> None:
    """List API keys, revoked ones too."""
    from rich.console import Console
    from rich.table import Table

    from angarium_cli.key_store import list_keys as stored_keys

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "tenant", "name", "created", "revoked"):
        table.add_column(heading, no_wrap=heading == "id")
    for key in stored_keys(tenant):
        revoked = "" if key.revoked_at is None else f"{key.revoked_at:%Y-%m-%d %H:%M}"
        table.add_row(
            key.id, key.tenant_name, key.name, f"{key.created_at:%Y-%m-%d %H:%M}", revoked
        )
    Console().print(table)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `angarium keys list` shows it.")],
) -> None:
    """Revoke an API key for good; it is refused within a second."""
    from angarium_cli.key_store import revoke_key

    revoke_key(key_id)
    typer.echo(f"Revoked {key_id}.")
