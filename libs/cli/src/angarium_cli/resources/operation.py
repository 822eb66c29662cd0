"""An operation of the API as a command. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from string import Formatter
from typing import Any


class Kind(Enum):
    """Kinds of values that an option takes."""

    TEXT = auto()
    WHOLE = auto()
    FLAG = auto()
    LIST = auto()
    """The option may be repeated, or have several values separated by commas."""
    MAP = auto()
    """The option is repeated, each time as `name=value`."""
    NUMBERS = auto()
    TIME = auto()
    """A time (RFC 3339), or a duration such as 2h, counted back from now."""


@dataclass(frozen=True, slots=True)
class Field:
    """An option of a command, and the parameter of the query or member of the body that it is.

    `choices` are the words that the option takes, with the API's values.
    """

    option: str
    name: str
    help: str
    kind: Kind = Kind.TEXT
    choices: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument: a parameter of the path, or a member of the body."""

    name: str
    help: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A command that sends one request, or lists pages.

    `path` is as in the API's document. With `{app_id}` in it, the command has `--app`; if
    `path_of_all` is there, it is used when no application is given. `fixed` are values that are
    sent always. `asks` is what is confirmed first.
    """

    verb: str
    method: str
    path: str
    help: str
    example: str
    arguments: tuple[Argument, ...] = ()
    fields: tuple[Field, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    path_of_all: str | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    asks: str = ""
    paged: bool = False
    free_members: bool = False
    """The command has `--set name=JSON` for any other member of the body."""

    @property
    def path_names(self) -> set[str]:
        """The parameters of the path."""
        return {name for _, name, _, _ in Formatter().parse(self.path) if name}

    @property
    def has_body(self) -> bool:
        """True if fields are members of a body, not parameters of the query."""
        return self.method in ("POST", "PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class Resource:
    """A group of commands."""

    name: str
    help: str
    operations: tuple[Operation, ...]
