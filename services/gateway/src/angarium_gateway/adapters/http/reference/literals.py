"""Values of the examples as literals of JSON, Python and TypeScript."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

WIDTH_MAX: Final = 88


@dataclass(frozen=True, slots=True)
class Syntax:
    """How a language writes its literals."""

    indent: str
    words: Mapping[object, str]
    key: Callable[[str], str]
    time: str
    braces_apart: bool = False
    last_comma: bool = True


JSON: Final = Syntax(
    indent="  ",
    words={None: "null", True: "true", False: "false"},
    key=lambda name: f"{_quoted(name)}: ",
    time="{}",
    last_comma=False,
)
PYTHON: Final = Syntax(
    indent="    ",
    words={None: "None", True: "True", False: "False"},
    key=lambda name: f"{_quoted(name)}: ",
    time="datetime.fromisoformat({})",
)
TYPESCRIPT: Final = Syntax(
    indent="  ",
    words={None: "null", True: "true", False: "false"},
    key=lambda name: f"{name if name.isidentifier() else _quoted(name)}: ",
    time="new Date({})",
    braces_apart=True,
)


def literal(value: Any, syntax: Syntax, depth: int = 0) -> str:
    """Write `value` in this syntax, on one line if it fits, at this depth of indentation."""
    if value is None or isinstance(value, bool):
        return syntax.words[value]
    if isinstance(value, datetime):
        return syntax.time.format(_quoted(value.isoformat()))
    if isinstance(value, dict):
        parts = [syntax.key(key) + literal(item, syntax, depth + 1) for key, item in value.items()]
        return enclosed("{", parts, "}", syntax, depth)
    if isinstance(value, list | tuple):
        return enclosed(
            "[", [literal(item, syntax, depth + 1) for item in value], "]", syntax, depth
        )
    return _quoted(value) if isinstance(value, str) else repr(value)


def enclosed(opening: str, parts: Iterable[str], closing: str, syntax: Syntax, depth: int) -> str:
    """Join parts between brackets: on one line if they fit, else one part a line."""
    parts = list(parts)
    space = " " if syntax.braces_apart and opening.endswith("{") and parts else ""
    line = f"{opening}{space}{', '.join(parts)}{space}{closing}"
    if "\n" not in line and len(line) + depth * len(syntax.indent) <= WIDTH_MAX:
        return line
    inner, outer = syntax.indent * (depth + 1), syntax.indent * depth
    lines = ",\n".join(inner + part for part in parts) + ("," if syntax.last_comma else "")
    return f"{opening}\n{lines}\n{outer}{closing}"


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
