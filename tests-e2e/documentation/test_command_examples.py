"""The example in the help of each command is one that the command takes."""

import shlex
from typing import Any

import pytest
import typer
from angarium_cli.main import app

from .command_checks import check_angarium

INTRODUCTION = "Example: "


def commands(command: Any, path: tuple[str, ...] = ("angarium",)) -> dict[str, Any]:
    """Commands that do something, by their names."""
    below = getattr(command, "commands", {})
    found = {} if below and not command.invoke_without_command else {" ".join(path): command}
    for name, each in below.items():
        found |= commands(each, (*path, name))
    return found


COMMANDS = commands(typer.main.get_command(app))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_an_example_that_it_takes(name: str) -> None:
    epilog = COMMANDS[name].epilog or ""
    assert epilog.startswith(INTRODUCTION), "there is no example"

    for example in epilog.removeprefix(INTRODUCTION).split(", or: "):
        words = shlex.split(example.partition(" | ")[0].partition(" > ")[0])
        command = words[words.index("angarium") :]
        assert " ".join(command).startswith(name)
        check_angarium(command)
