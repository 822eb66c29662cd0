"""`angarium completion`: completion of commands and options in a shell."""

from enum import StrEnum
from typing import Annotated

import typer

COMPLETION_VARIABLE = "_ANGARIUM_COMPLETE"


class Shell(StrEnum):
    """Shells that have completion."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell.")]) -> None:
    """Print a script that completes commands and options in a shell."""
    # typer.completion has it, but does not declare it as exported.
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    typer.echo(
        get_completion_script(
            prog_name="angarium", complete_var=COMPLETION_VARIABLE, shell=shell.value
        )
    )


def enable_completion() -> None:
    """Let the program answer the requests of the printed scripts."""
    from typer.completion import completion_init  # type: ignore[attr-defined]

    completion_init()
