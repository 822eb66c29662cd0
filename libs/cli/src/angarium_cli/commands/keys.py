"""`angarium keys`: manage API keys."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Create, list and revoke API keys.\n\n"
    "Works on the gateway's database: ANGARIUM_GATEWAY_DATABASE_URL or ANGARIUM_DATABASE_URL.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_TENANT = "default"


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Purpose of the key, such as: billing backend.")],
    tenant: Annotated[
        str, typer.Option(help="Tenant of the key; created if there is none of this name.")
    ] = _TENANT,
) -> None:
    """Create an API key, and print its token. The token cannot be shown again."""
    from angarium_cli.api_keys import create_key

    created = create_key(tenant, name)
    typer.echo(
        f"Created {created.id} of tenant {tenant}. Save the token: it cannot be shown again.",
        err=True,
    )
    typer.echo(created.token)


@app.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option(help="List this tenant's keys only.")] = None,
) -> None:
    """List API keys, including revoked ones."""
    from rich.console import Console
    from rich.table import Table

    from angarium_cli.api_keys import list_keys as stored_keys

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
    key_id: Annotated[str, typer.Argument(help="Id of the key, as shown by `angarium keys list`.")],
) -> None:
    """Revoke an API key permanently. The API refuses it within a second."""
    from angarium_cli.api_keys import revoke_key

    revoke_key(key_id)
    typer.echo(f"Revoked {key_id}.")
