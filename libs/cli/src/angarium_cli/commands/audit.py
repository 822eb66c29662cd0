"""`angarium audit`: verify and export the audit log."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Verify and export the audit log.\n\n"
    "Works on the gateway's database: ANGARIUM_GATEWAY_DATABASE_URL or ANGARIUM_DATABASE_URL.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command(epilog="Example: angarium audit verify --tenant production")
def verify(
    tenant: Annotated[str | None, typer.Option(help="Verify this tenant's log only.")] = None,
) -> None:
    """Verify that no entry of the audit log was changed, inserted or removed.

    Needs ANGARIUM_ENCRYPTION_KEY, the key of the services and, for entries from before it was
    rotated, the former key in ANGARIUM_ENCRYPTION_KEY_FALLBACKS. Exit status: 0 if every log is
    intact, 1 if not.
    """
    from angarium_cli.audit_logs import verify_logs

    broken = False
    for log in verify_logs(tenant):
        earlier = f", {log.unchained} of an earlier version without a hash" if log.unchained else ""
        state = "broken" if log.broken else "intact"
        typer.echo(f"{log.tenant_name}: {state}, {log.verified} entries verified{earlier}")
        for fault in log.broken:
            typer.echo(f"  {fault}")
        broken = broken or bool(log.broken)
    if broken:
        raise typer.Exit(1)


@app.command(epilog="Example: angarium audit export production > audit.jsonl")
def export(
    tenant: Annotated[
        str,
        typer.Argument(help="Name of the tenant; (platform) for the requests of platform keys."),
    ],
) -> None:
    """Print a tenant's audit log, oldest entry first, each as a line of JSON."""
    from angarium_cli.audit_logs import export_log

    export_log(tenant, typer.echo)
