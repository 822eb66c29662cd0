"""Where a service's database is, for the commands that work on it without the service."""

from collections.abc import Mapping
from pathlib import Path

from angarium_cli.failure import CommandFailed


def database_url(service: str, environment: Mapping[str, str], *, alone: bool) -> str:
    """The URL of a service's database.

    From ANGARIUM_<SERVICE>_DATABASE_URL; with `alone`, when no other service is meant as well,
    also from ANGARIUM_DATABASE_URL. Each may instead name a file: …_URL_FILE. Raises
    CommandFailed when none is set.
    """
    own = f"ANGARIUM_{service.upper()}_DATABASE_URL"
    variables = [own, "ANGARIUM_DATABASE_URL"] if alone else [own]
    for variable in variables:
        if environment.get(variable):
            return environment[variable]
        path = environment.get(f"{variable}_FILE")
        if path:
            return _read(f"{variable}_FILE", path)
    missing = " nor ".join(variables)
    raise CommandFailed(
        f"{'neither ' if alone else ''}{missing} is {'' if alone else 'not '}set;"
        f" set {own} to postgresql+asyncpg://… or sqlite+aiosqlite:///…"
    )


def _read(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(
            f"{variable} names {path}, which cannot be read: {error}; correct the path"
        ) from error
