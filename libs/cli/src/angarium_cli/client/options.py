"""Options that the commands for users share. The module loads quickly, for `--help`."""

from enum import StrEnum
from typing import Annotated

import typer


class OutputForm(StrEnum):
    """Forms of output."""

    table = "table"
    json = "json"
    yaml = "yaml"


def _profile_names(incomplete: str) -> list[str]:
    from angarium_cli.client.profiles import ProfileFile
    from angarium_cli.failure import CommandFailed

    try:
        names = [profile.name or "" for profile in ProfileFile().all()]
    except CommandFailed:
        return []
    return [name for name in names if name.startswith(incomplete)]


ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="Profile that `angarium login` saved. [default: ANGARIUM_URL and ANGARIUM_TOKEN if"
        " set, else the profile default]",
        autocompletion=_profile_names,
        show_default=False,
    ),
]
Form = Annotated[OutputForm, typer.Option("--output", "-o", help="Form of the output.")]
Application = Annotated[
    str | None,
    typer.Option(
        "--app",
        help="Id or uid of the application. [default: that of the profile or the key]",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
