"""`angarium tenants`: manage tenants."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Create, list, rename, suspend, resume, limit and delete tenants.\n\n"
    "Works on the gateway's database: ANGARIUM_GATEWAY_DATABASE_URL or ANGARIUM_DATABASE_URL.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Name = Annotated[
    str, typer.Argument(help="Name of the tenant, as shown by `angarium tenants list`.")
]
_FILE_COLUMNS = 400


@app.command(epilog="Example: angarium tenants create production")
def create(
    name: Annotated[str, typer.Argument(help="A unique name, such as: production.")],
) -> None:
    """Create a tenant, and print its id. `angarium keys create` makes its API keys."""
    from angarium_cli.tenants import create_tenant

    typer.echo(create_tenant(name).id)


@app.command("list", epilog="Example: angarium tenants list")
def list_tenants() -> None:
    """List all tenants."""
    from rich.console import Console
    from rich.table import Table

    from angarium_cli.tenants import list_tenants as stored_tenants

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "name", "created", "suspended", "quotas"):
        table.add_column(heading, no_wrap=heading == "id")
    for tenant in stored_tenants():
        suspended = "" if tenant.suspended_at is None else f"{tenant.suspended_at:%Y-%m-%d %H:%M}"
        created = f"{tenant.created_at:%Y-%m-%d %H:%M}"
        table.add_row(tenant.id, tenant.name, created, suspended, tenant.quotas)
    console = Console()
    # Unless somebody looks at it, a row is one line.
    (console if console.is_terminal else Console(width=_FILE_COLUMNS)).print(table)


@app.command(epilog="Example: angarium tenants rename staging test")
def rename(
    name: _Name, new_name: Annotated[str, typer.Argument(help="The new name of the tenant.")]
) -> None:
    """Rename a tenant. Its keys and everything else stay as they are."""
    from angarium_cli.tenants import rename_tenant

    rename_tenant(name, new_name)
    typer.echo(f"Renamed {name} to {new_name}.")


@app.command(epilog="Example: angarium tenants suspend staging")
def suspend(name: _Name) -> None:
    """Refuse all requests of a tenant. Messages that it posted before go on being delivered."""
    from angarium_cli.tenants import suspend_tenant

    suspend_tenant(name, suspended=True)
    typer.echo(f"Suspended {name}.")


_Most = Annotated[int | None, typer.Option(min=1, show_default="no limit")]


@app.command(
    epilog="Example: angarium tenants limit staging --messages-per-minute 6000 --endpoints 100"
)
def limit(
    name: _Name,
    requests_per_minute: _Most = None,
    messages_per_minute: _Most = None,
    payload_bytes_per_minute: _Most = None,
    applications: _Most = None,
    endpoints: _Most = None,
) -> None:
    """Replace the quotas of a tenant: what is left out is not limited. Requests over a rate get
    429, objects over a number 403, within a second on all servers."""
    from angarium_cli.tenants import limit_tenant

    quotas = limit_tenant(
        name,
        requests_per_minute=requests_per_minute,
        messages_per_minute=messages_per_minute,
        payload_bytes_per_minute=payload_bytes_per_minute,
        applications_max=applications,
        endpoints_max=endpoints,
    )
    typer.echo(f"Quotas of {name}: {quotas}.")


@app.command(epilog="Example: angarium tenants resume staging")
def resume(name: _Name) -> None:
    """End the suspension of a tenant."""
    from angarium_cli.tenants import suspend_tenant

    suspend_tenant(name, suspended=False)
    typer.echo(f"Resumed {name}.")


@app.command(epilog="Example: angarium tenants delete staging")
def delete(
    name: _Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete a tenant with its keys, applications, messages and attempts. This is permanent.

    The API refuses its keys within a second; running gateways and workers erase its data.
    """
    from angarium_cli.tenants import delete_tenant

    if not yes:
        typer.confirm(f"Delete tenant {name} and everything that belongs to it?", abort=True)
    delete_tenant(name)
    typer.echo(f"Deleted {name}. Its data is erased in the background.")
