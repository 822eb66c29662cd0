"""Refusal of misspelt settings, for the commands that read only some."""

from collections.abc import Mapping

from angarium_chassis.known_settings import unknown_settings

from angarium_cli.failure import CommandFailed


def refuse_unknown_settings(environment: Mapping[str, str]) -> None:
    """Raise CommandFailed for `ANGARIUM_…` variables that are no settings."""
    unknown = unknown_settings(environment)
    if unknown:
        raise CommandFailed("; ".join(unknown))
