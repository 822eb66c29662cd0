"""Checks of payloads against the schemas of their event types: how strict, and what they find."""

from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class SchemaCheck(StrEnum):
    """How strictly a tenant has payloads checked. None stands for not at all."""

    WARN = "warn"
    """Messages that violate their schema are accepted and counted."""
    ENFORCE = "enforce"
    """They are refused."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A place in a payload that does not fit the schema. `path` leads to it; `message` is a
    sentence without the value that stands there."""

    path: tuple[str, ...]
    message: str
