"""`angarium signature`: sign and verify as Standard Webhooks has it."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Sign and verify webhooks, without a platform.\n\n"
    "Secrets are read from --secret-file, from WEBHOOK_SECRET, or asked for.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Body = Annotated[
    Path, typer.Argument(metavar="FILE|-", help="File with the exact body; - is standard input.")
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        help="File with a secret a line: whsec_… (v1), whsk_… or whpk_… (v1a).",
        show_default=False,
    ),
]


@app.command(
    epilog="Example: angarium signature sign body.json --id msg_1 |"
    " curl -H @- -d @body.json http://localhost:3000"
)
def sign(
    body: Body,
    *,
    webhook_id: Annotated[str, typer.Option("--id", help="Id of the message.")],
    timestamp: Annotated[
        int | None,
        typer.Option(help="Seconds since 1970. [default: now]", show_default=False),
    ] = None,
    svix: Annotated[bool, typer.Option("--svix", help="Use svix- names for the headers.")] = False,
    secret_file: SecretFile = None,
) -> None:
    """Print the headers of a signed webhook, one a line."""
    from angarium_cli.signatures import signed_headers

    for line in signed_headers(body, webhook_id, timestamp, secret_file, svix=svix):
        typer.echo(line)


@app.command(
    epilog="Example: angarium signature verify body.json -H 'webhook-id: msg_1'"
    " -H 'webhook-timestamp: 1700000000' -H 'webhook-signature: v1,…' --any-age"
)
def verify(
    body: Body,
    *,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", help="A header, as `name: value`; may be repeated."),
    ] = None,
    any_age: Annotated[
        bool, typer.Option("--any-age", help="Accept a timestamp from any time.")
    ] = False,
    secret_file: SecretFile = None,
) -> None:
    """Verify the signature of a webhook that was received.

    Exit status: 0 if it is valid, 1 if it is not.
    """
    from angarium_cli.signatures import check_signature

    check_signature(body, header or [], secret_file, any_age=any_age)
    typer.echo("The signature is valid.")
