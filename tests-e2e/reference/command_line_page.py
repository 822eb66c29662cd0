"""The page about the `angarium` command, made of its options and texts."""

import inspect
import re
from typing import Any

import typer
from angarium_cli.main import app

_HEAD = """\
<!-- Written by `make reference`. -->
# Command line

`angarium COMMAND --help` shows the same on the terminal. The commands find the platform by the
`ANGARIUM_…` [settings](settings.md); if none is set, most use the `angarium dev` platform in
`.angarium/` in the current folder. An error is one line on standard error, and the exit status is
not 0.

"""


def command_line_page() -> str:
    """The page in Markdown."""
    root = typer.main.get_command(app)
    commands = list(_commands(root, ("angarium",)))
    index = [
        f"| [`{' '.join(path)}`](#{_anchor(path)}) | {_summary(each)} |" for path, each in commands
    ]
    table = "| command | purpose |\n|---|---|\n" + "\n".join(index) + "\n\n"
    return _HEAD + table + "".join(_section(path, each) for path, each in commands).rstrip() + "\n"


def _commands(command: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    """Commands that do something, also those that have commands below them."""
    below: list[tuple[tuple[str, ...], Any]] = []
    for name, each in getattr(command, "commands", {}).items():
        below += _commands(each, (*path, name))
    works = not below or getattr(command, "invoke_without_command", False)
    return [*([(path, command)] if works else []), *below]


def _section(path: tuple[str, ...], command: Any) -> str:
    context = command.context_class(command, info_name=" ".join(path))
    usage = " ".join([*path, *command.collect_usage_pieces(context)])
    records = [each.get_help_record(context) for each in command.params]
    rows = [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in filter(None, records)]
    table = "| | |\n|---|---|\n" + "\n".join(rows) + "\n\n" if rows else ""
    heading = f"## `{' '.join(path)}` {{ #{_anchor(path)} }}\n\n"
    example = re.sub(r"(angarium .*?)(?=, or:|$)", r"`\1`", command.epilog or "")
    text = f"{_help(command)}\n\n```text\n{usage}\n```\n\n{table}"
    return f"{heading}{text}{example}\n\n" if example else f"{heading}{text}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _anchor(path: tuple[str, ...]) -> str:
    return "-".join(path[1:]) or path[0]


def _help(command: Any) -> str:
    return re.sub(r"(\S)\n(?=\S)", r"\1 ", inspect.cleandoc(command.help or ""))


def _summary(command: Any) -> str:
    return _help(command).partition("\n")[0]
