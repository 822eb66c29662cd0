"""`angarium keys`: manage API keys."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(
    help="Create, list and revoke API keys.\n\n"
    "Works on the gateway's database: ANGARIUM_GATEWAY_DATABASE_URL or ANGARIUM_DATABASE_URL.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_TENANT = "default"
DAYS_MAX = 3_650
_FILE_COLUMNS = 400


class Scope(StrEnum):
    """Scopes of a key. The same as the gateway's, which takes long to import."""

    admin = "admin"
    read = "read"
    publish = "publish"
    application = "application"
    platform = "platform"


@app.command(epilog="Example: angarium keys create 'billing backend' --tenant production")
def create(
    name: Annotated[str, typer.Argument(help="Purpose of the key, such as: billing backend.")],
    tenant: Annotated[
        str, typer.Option(help="Tenant of the key; a key of the platform has none.")
    ] = _TENANT,
    new_tenant: Annotated[
        bool, typer.Option("--new-tenant", help="Create the tenant if it does not exist.")
    ] = False,
    scope: Annotated[
        Scope,
        typer.Option(
            help="Permissions of the key: everything of the tenant, read it, post messages,"
            " everything of one application, or manage tenants."
        ),
    ] = Scope.admin,
    application: Annotated[
        str | None,
        typer.Option(help="Id or uid of the application of a key with --scope application."),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=DAYS_MAX, help="Days until the key expires. [default: never]"),
    ] = None,
) -> None:
    """Create an API key, and print its token. The token cannot be shown again."""
    from angarium_cli.api_keys import create_key

    created = create_key(
        tenant, name, scope=scope.value, application=application, days=days, new_tenant=new_tenant
    )
    owner = "the platform" if scope is Scope.platform else f"tenant {tenant}"
    typer.echo(
        f"Created {created.id} of {owner}. Save the token: it cannot be shown again.", err=True
    )
    typer.echo(created.token)


@app.command("list", epilog="Example: angarium keys list --tenant production")
def list_keys(
    tenant: Annotated[str | None, typer.Option(help="List this tenant's keys only.")] = None,
) -> None:
    """List API keys, including revoked and expired ones."""
    from rich.console import Console
    from rich.table import Table

    from angarium_cli.api_keys import list_keys as stored_keys

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "tenant", "name", "scope", "state", "created", "expires", "last used"):
        table.add_column(heading, no_wrap=heading == "id")
    for key in stored_keys(tenant):
        times = [_time(at) for at in (key.created_at, key.expires_at, key.last_used_at)]
        table.add_row(key.id, key.tenant_name, key.name, key.scope, key.state, *times)
    console = Console()
    # Unless somebody looks at it, a row is one line.
    (console if console.is_terminal else Console(width=_FILE_COLUMNS)).print(table)


@app.command(epilog="Example: angarium keys revoke key_…")
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as shown by `angarium keys list`.")],
) -> None:
    """Revoke an API key permanently. The API refuses it within a second."""
    from angarium_cli.api_keys import revoke_key

    revoke_key(key_id)
    typer.echo(f"Revoked {key_id}.")


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
