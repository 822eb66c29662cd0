"""`angarium mcp`: a server of the Model Context Protocol."""

from enum import StrEnum
from typing import Annotated

import typer

from angarium_cli.client.options import ProfileName


class Transport(StrEnum):
    """Transports of the protocol."""

    stdio = "stdio"
    http = "http"


def mcp(
    transport: Annotated[
        Transport,
        typer.Option(help="stdio for a program that starts this command, or streamable HTTP."),
    ] = Transport.stdio,
    *,
    allow_writes: Annotated[
        bool,
        typer.Option("--allow-writes", help="Offer tools that resend and replay messages."),
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on, over HTTP.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port to listen on, over HTTP.")
    ] = 8100,
    profile: ProfileName = None,
) -> None:
    """Let an assistant find messages, explain failures, and preview replays.

    Over stdio it uses the key of the profile. Over HTTP each client sends an API key of its own, as
    `Authorization: Bearer`. What a key may not read, its tools do not show.
    """
    from angarium_cli.failure import CommandFailed

    try:
        from angarium_cli.mcp_server.server import serve_http, serve_stdio
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise CommandFailed(
            "the MCP SDK is not installed; run: pip install 'angarium-cli[mcp]'"
        ) from None
    if transport is Transport.stdio:
        serve_stdio(profile, allow_writes=allow_writes)
    else:
        serve_http(profile, host, port, allow_writes=allow_writes)
