"""Logging in: ask for what is not given, check the key, save the profile."""

import ipaddress
import os
import sys
from typing import Final

import httpx
import typer

from angarium_cli.failure import CommandFailed, ExitStatus

from .api_client import api_client, checked_url
from .profiles import TOKEN_VARIABLE, URL_VARIABLE, Profile, ProfileFile, check_name
from .session import path_of

_KEY_CHARS_MAX: Final = 4096


def log_in(url: str | None, name: str, app: str | None) -> None:
    """Check a key with the API, and save it. Raises CommandFailed."""
    check_name(name)
    address = checked_url(url or os.environ.get(URL_VARIABLE) or _asked_url())
    if address.scheme == "http" and not _is_local(address):
        typer.echo("Warning: the key travels unencrypted to this URL; use https.", err=True)
    token = _key()
    with api_client(str(address), token) as api:
        found = api.get("/api/v1/auth/whoami")
        if app is not None:
            app = str(api.get(path_of("/api/v1/app/{app}", app=app))["uid"] or app)
    file = ProfileFile()
    file.save(Profile(name, str(address), token, app or found["appId"]))
    scope = found["scope"] or found["type"]
    typer.echo(f"Logged in to {address} with a key of the scope {scope}, as profile {name}.")
    typer.echo(f"Saved in {file.path}.")


def _asked_url() -> str:
    if not sys.stdin.isatty():
        raise CommandFailed(f"the URL is missing; use --url or set {URL_VARIABLE}")
    return str(typer.prompt("URL of the API"))


def _key() -> str:
    """The key of the environment, the prompt or standard input."""
    given = os.environ.get(TOKEN_VARIABLE)
    if not given:
        if sys.stdin.isatty():
            given = str(typer.prompt("API key", hide_input=True))
        else:
            given = sys.stdin.readline(_KEY_CHARS_MAX)
    key = given.strip()
    if not key:
        raise CommandFailed(
            f"the API key is missing; set {TOKEN_VARIABLE}, or write it to standard input",
            exit_status=ExitStatus.NOT_LOGGED_IN,
        )
    return key


def _is_local(address: httpx.URL) -> bool:
    if address.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        return False
