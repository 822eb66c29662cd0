"""Levels of log lines, by logger.

A line's event begins with the name of its logger: `attempt.failed` is of the logger `attempt`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

LEVELS: Final = ("debug", "info", "warning", "error")


def parse_levels(text: str) -> dict[str, str]:
    """Levels by logger, from `attempt=debug,relay=warning`. Raises ValueError."""
    found = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        logger, equals, level = (each.strip() for each in part.partition("="))
        if not logger or not equals or level not in LEVELS:
            raise ValueError(
                f"{part!r} is not a logger with its level, such as attempt=debug; the levels are"
                f" {', '.join(LEVELS)}"
            )
        found[logger] = level
    return found


@dataclass(frozen=True, slots=True)
class LogLevels:
    """The lowest level that is logged: `default`, and `loggers` that have another."""

    default: int = logging.INFO
    loggers: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, default: str, loggers: Mapping[str, str]) -> "LogLevels":
        """From the names of levels."""
        numbers = logging.getLevelNamesMapping()
        return cls(
            numbers[default.upper()],
            {logger: numbers[level.upper()] for logger, level in loggers.items()},
        )

    @property
    def lowest(self) -> int:
        """The lowest level of any logger."""
        return min([self.default, *self.loggers.values()])

    def of_logger(self, name: str) -> int:
        """The level of one logger."""
        return self.loggers.get(name, self.default)


_current = LogLevels()


def set_levels(levels: LogLevels) -> None:
    """Make these the levels of the process."""
    global _current
    _current = levels


def debugs(logger: str) -> bool:
    """True if lines of a logger's level debug are logged: ask before collecting what they say."""
    return _current.of_logger(logger) <= logging.DEBUG
