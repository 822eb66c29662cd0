"""Links that sign a person in to the console."""

import getpass
import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from angarium_gateway.administration.api_keys import (
    CODE_LIFE_S_MAX,
    KEY_LIFE_S_MAX,
    PLATFORM_TENANT,
    AccessAdministration,
    KeyScope,
    NewSignIn,
)

from angarium_cli.databases import database_url
from angarium_cli.dev.ports import http_url
from angarium_cli.dev.terminal import CONSOLE_PATH
from angarium_cli.durations import seconds_of
from angarium_cli.failure import CommandFailed
from angarium_cli.gateway_access import with_access
from angarium_cli.installation import find_installation, names_databases


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """The options of `angarium console link`. `name` None: who runs the command."""

    tenant: str
    scope: str
    expires_in: str
    session: str
    name: str | None
    url: str | None
    data_dir: Path | None


@dataclass(frozen=True, slots=True)
class ConsoleLink:
    """A link, and whose name it signs in."""

    subject: str
    url: str = field(repr=False)


def create_link(options: LinkOptions) -> ConsoleLink:
    """Create a link that works once. Raises CommandFailed."""
    life_s = seconds_of(options.expires_in, "--expires-in", longest_s=CODE_LIFE_S_MAX)
    session_s = seconds_of(options.session, "--session", longest_s=KEY_LIFE_S_MAX)
    url, origin = _gateway(options)
    if origin is None:
        raise CommandFailed(
            "ANGARIUM_PUBLIC_URL is not set; set it to the URL at which browsers reach the gateway,"
            " or name it with --url"
        )
    subject = options.name or _who()

    async def create(access: AccessAdministration) -> str:
        of_platform = options.scope == KeyScope.PLATFORM
        new = NewSignIn(
            tenant_id=PLATFORM_TENANT if of_platform else (await access.tenant(options.tenant)).id,
            scope=KeyScope(options.scope),
            subject=subject,
            expires_at=datetime.now(UTC) + timedelta(seconds=life_s),
            key_life_s=session_s,
        )
        return await access.sign_ins.prepare(new)

    code = with_access(create, url)
    return ConsoleLink(subject, f"{origin.rstrip('/')}{CONSOLE_PATH}#code={code}")


def _gateway(options: LinkOptions) -> tuple[str, str | None]:
    """The URL of the gateway's database, and that at which browsers reach it."""
    if options.data_dir is None and names_databases(os.environ):
        shown = options.url or os.environ.get("ANGARIUM_PUBLIC_URL")
        return database_url("gateway", os.environ, alone=True), shown
    installation = find_installation(os.environ, options.data_dir, ("gateway",))
    environment = installation.environments["gateway"]
    host, port = environment["ANGARIUM_HOST"], int(environment["ANGARIUM_PORT"])
    shown = options.url or environment.get("ANGARIUM_PUBLIC_URL") or http_url(host, port)
    return environment["ANGARIUM_DATABASE_URL"], shown


def _who() -> str:
    """The user and host that run the command, such as ada@laptop."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
