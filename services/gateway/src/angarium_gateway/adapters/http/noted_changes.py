"""The object that a request changed, before and after, for the request's entry in the audit log.

Handlers note it, and the hook that records the request takes it. Both run in the task of the
request, which has a context of its own.
"""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

REDACTED: Final = "(redacted)"
"""Stands for a value that the audit log must not have."""
VALUE_BYTES_MAX: Final = 1_024
"""A longer value, as JSON, is replaced by its size."""

type State = msgspec.Struct | Mapping[str, Any] | None
"""An object as clients see it; None: there is none."""

_TIMES: Final = frozenset({"createdAt", "updatedAt"})
_VALUES_HIDDEN: Final = frozenset({"headers", "metadata"})
_HIDDEN: Final = re.compile("secret|token|password|payload|private", re.IGNORECASE)
_QUERY_VALUE: Final = re.compile("=[^&]*")
_EMPTY: Final[tuple[Any, ...]] = (None, {}, [], ())


@dataclass(frozen=True, slots=True)
class NotedChange:
    """The members that changed, as JSON objects; None: there was, or is, no such object."""

    before: str | None
    after: str | None


_noted: ContextVar[NotedChange | None] = ContextVar("noted_change", default=None)


def note_change(before: State, after: State) -> None:
    """Note that the request changed an object. Secrets, the values of headers and of metadata, and
    the credentials and query values in URLs are redacted."""
    old, new = _members(before), _members(after)
    if old is not None and new is not None:
        changed = [name for name in old | new if old.get(name) != new.get(name)]
        old = {name: old.get(name) for name in changed}
        new = {name: new.get(name) for name in changed}
    _noted.set(NotedChange(_text(old), _text(new)))


def take_noted_change() -> NotedChange:
    """The change that was noted in this task since the last call."""
    noted = _noted.get()
    _noted.set(None)
    return noted or NotedChange(None, None)


def _members(state: State) -> dict[str, Any] | None:
    if state is None:
        return None
    members: dict[str, Any] = msgspec.to_builtins(state)
    return {name: value for name, value in members.items() if name not in _TIMES}


def _text(members: dict[str, Any] | None) -> str | None:
    if members is None:
        return None
    shown = {name: _shown(name, value) for name, value in members.items()}
    return msgspec.json.encode(shown).decode()


def _shown(name: str, value: Any) -> Any:
    if value in _EMPTY or isinstance(value, bool):
        return value
    if name in _VALUES_HIDDEN and isinstance(value, dict):
        value = {each: None if one is None else REDACTED for each, one in value.items()}
    elif _HIDDEN.search(name) and not isinstance(value, int):
        return REDACTED
    elif isinstance(value, str) and name.lower().endswith("url"):
        value = _without_credentials(value)
    size_bytes = len(msgspec.json.encode(value))
    return value if size_bytes <= VALUE_BYTES_MAX else f"({size_bytes} bytes)"


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    netloc = f"{REDACTED}@{host}" if user or at else host
    query = _QUERY_VALUE.sub(f"={REDACTED}", parts.query)
    return urlunsplit(parts._replace(netloc=netloc, query=query, fragment=""))
