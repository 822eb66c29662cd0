"""Output of the commands for users: tables for people, JSON and YAML for programs."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .options import OutputForm
from .printable import printable

_FILE_COLUMNS: Final = 400
_CONTROLS: Final = re.compile(r"[\x7f-\x9f]")
_BAD: Final = re.compile(r"\b(fail(ed|ing)?|canceled|disabled|exhausted)\b")
_GOOD: Final = re.compile(r"success|succeeded|finished")

type Column = tuple[str, str]
"""Heading, and path of the member: `progress.percent`."""


def show_list(
    items: Sequence[Mapping[str, Any]], columns: Sequence[Column], form: OutputForm
) -> None:
    """Print items. A table has the columns only, the other forms have everything."""
    if form is not OutputForm.table:
        print_data(list(items), form)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, _ in columns:
        table.add_column(heading, no_wrap=heading == "id", overflow="fold")
    for item in items:
        table.add_row(*[_cell(member(item, path)) for _, path in columns])
    console_of(sys.stdout).print(table)


def show_one(item: Mapping[str, Any], form: OutputForm) -> None:
    """Print one item, as a table with one member a row."""
    if form is not OutputForm.table:
        print_data(dict(item), form)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in item.items():
        if value is not None:
            table.add_row(name, _cell(value))
    console_of(sys.stdout).print(table)


def print_data(data: Any, form: OutputForm) -> None:
    """Print data as JSON or YAML."""
    if form is OutputForm.yaml:
        import yaml

        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    else:
        text = json_text(data, indent=2) + "\n"
    sys.stdout.write(text)
    sys.stdout.flush()


def json_text(data: Any, indent: int | None = None) -> str:
    """JSON in which control characters are escaped."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def member(item: Mapping[str, Any], path: str) -> Any:
    """The member at a path such as `progress.percent`; None if it is missing."""
    found: Any = item
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def console_of(stream: Any) -> Console:
    """A console with colours on a terminal only (https://no-color.org), and wide lines in files."""
    console = Console(file=stream, highlight=False)
    if console.is_terminal:
        return console
    return Console(file=stream, highlight=False, width=_FILE_COLUMNS)


def _cell(value: Any) -> Text:
    text = printable(_written(value))
    style = "red" if _BAD.search(text) else "green" if _GOOD.fullmatch(text) else ""
    return Text(text, style=style)


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() if all(isinstance(each, str) for each in value):
            return ", ".join(value)
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)
