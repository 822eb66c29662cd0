"""The `angarium` command. Each command imports its dependencies when it runs."""

import os
import sys
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from angarium_cli.commands import (
    audit,
    completion,
    console,
    dev,
    doctor,
    encryption,
    environment,
    event_types,
    explain,
    import_,
    keys,
    listen,
    login,
    mcp,
    metrics,
    migrate,
    quarantine,
    redelivery,
    send,
    services,
    settings,
    signature,
    tail,
    tenants,
    types,
    verify,
    version,
)
from angarium_cli.failure import CommandFailed
from angarium_cli.resources.commands import resource_commands
from angarium_cli.resources.table import RESOURCES

app = typer.Typer(
    name="angarium",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Its help takes a quarter of a second to import.
)


@app.callback()
def angarium(
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
) -> None:
    """Self-hosted webhook delivery: signed, retried, nothing lost."""
    if show_version:
        version.version()
        raise typer.Exit


app.command("dev", epilog="Example: angarium dev --database postgres")(dev.dev)
app.command("gateway", epilog="Example: ANGARIUM_PORT=8080 angarium gateway")(services.gateway)
app.command("dispatcher", epilog="Example: angarium dispatcher")(services.dispatcher)
app.command("worker", epilog="Example: angarium worker")(services.worker)
app.command("migrate", epilog="Example: angarium migrate all --phase before")(migrate.migrate)
app.add_typer(tenants.app, name="tenants")
app.add_typer(keys.app, name="keys")
app.add_typer(console.app, name="console")
app.add_typer(audit.app, name="audit")
app.add_typer(encryption.app, name="encryption")
app.add_typer(environment.app, name="environment")
app.add_typer(import_.app, name="import")
app.add_typer(types.app, name="types")
app.command(
    "explain", epilog="Example: angarium explain atmpt_…, or: angarium explain acme evt_1001"
)(explain.explain)
app.add_typer(doctor.app, name="doctor")
app.command(
    "verify",
    epilog="Example: angarium verify --since 36h --outbox postgresql://shop@db.example.com/shop",
)(verify.verify)
app.add_typer(quarantine.app, name="quarantine")
app.command("settings", epilog="Example: angarium settings gateway")(settings.settings)
app.command("metrics", epilog="Example: angarium metrics")(metrics.metrics)
app.command("version", epilog="Example: angarium version")(version.version)
app.command("login", epilog="Example: angarium login --url https://webhooks.example.com")(
    login.login
)
app.command("logout", epilog="Example: angarium logout --profile staging")(login.logout)
app.command("profiles", epilog="Example: angarium profiles")(login.profiles)
app.command("whoami", epilog="Example: angarium whoami --output json")(login.whoami)
_groups = {resource.name: resource_commands(resource) for resource in RESOURCES}
for _name, _group in _groups.items():
    app.add_typer(_group, name=_name)
_groups["event-types"].command(
    "import", epilog="Example: angarium event-types import openapi.yaml --dry-run"
)(event_types.import_event_types)
_groups["event-types"].command(
    "export", epilog="Example: angarium event-types export --output yaml > catalog.yaml"
)(event_types.export_event_types)
_groups["tasks"].command("follow", epilog="Example: angarium tasks follow qtask_…")(
    redelivery.follow
)
app.command("send", epilog="Example: angarium send invoice.paid id=in_1 amount=5 --app acme")(
    send.send
)
app.command("trigger", epilog="Example: angarium trigger invoice.paid amount=7 --app acme")(
    send.trigger
)
app.command("tail", epilog="Example: angarium tail --app acme --types attempt.failed")(tail.tail)
app.command("listen", epilog="Example: angarium listen 3000 --app acme --path /webhooks")(
    listen.listen
)
app.command("resend", epilog="Example: angarium resend evt_1001 orders --app acme")(
    redelivery.resend
)
app.command("recover", epilog="Example: angarium recover orders --app acme --since 1d")(
    redelivery.recover
)
app.command("replay", epilog="Example: angarium replay orders --app acme --since 2h --dry-run")(
    redelivery.replay
)
app.add_typer(signature.app, name="signature")
app.command("mcp", epilog="Example: angarium mcp --profile support")(mcp.mcp)
app.command("completion", epilog="Example: angarium completion bash > ~/.angarium-completion")(
    completion.completion
)


def main() -> None:
    """Run the command line. An error is one line on standard error: `angarium: …`."""
    if sys.argv[1:] in (["version"], ["--version"]):
        # Typer imports pydantic to parse any command line, which would double the time of this one.
        version.version()
        sys.exit(0)
    if completion.COMPLETION_VARIABLE in os.environ:
        completion.enable_completion()
    try:
        status = app(prog_name="angarium", standalone_mode=False)
    except CommandFailed as failure:
        _refuse(str(failure), failure.exit_status)
    except TyperException as error:
        message, context = error.format_message(), getattr(error, "ctx", None)
        if context is not None and message == context.get_help():
            sys.stderr.write(f"{message}\n")  # A group of commands was given without one.
            sys.exit(error.exit_code)
        path = "angarium" if context is None else context.command_path
        _refuse(f"{_sentence(message)} See {path} --help.", error.exit_code)
    except typer.Abort:
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


def _refuse(text: str, exit_status: int) -> NoReturn:
    sys.stderr.write(f"angarium: {' '.join(text.split())}\n")
    sys.exit(exit_status)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."
