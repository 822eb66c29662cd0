"""Logging with structlog: one line per event on standard error."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal

import structlog

from .log_levels import LogLevels, set_levels

_SECRET_NAMES = (
    "secret",
    "token",
    "authorization",
    "password",
    "api_key",
    "encryption_key",
    "database_url",
    "redis_url",
)


def _drop_below(levels: LogLevels) -> Any:
    """A processor that drops events below the level of their logger."""

    def drop(_: Any, method: str, event: MutableMapping[str, Any]) -> Any:
        logger = str(event.get("event", "")).partition(".")[0]
        if structlog.processors.NAME_TO_LEVEL[method] < levels.of_logger(logger):
            raise structlog.DropEvent
        return event

    return drop


def set_up_logs(
    service: str,
    *,
    form: Literal["console", "json"] = "json",
    level: str = "info",
    levels: Mapping[str, str] | None = None,
) -> None:
    """Configure logging for this process. Call once, first of all. `levels` are those of loggers
    that have another than `level`."""
    log_levels = LogLevels.of(level, levels or {})
    set_levels(log_levels)
    number = log_levels.lowest
    renderer: Any = (
        # Plain tracebacks: Rich's would print local variables, and with them secrets.
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if form == "console"
        else structlog.processors.JSONRenderer()
    )
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _redact,
    ]
    last: list[Any] = (
        [renderer] if form == "console" else [structlog.processors.format_exc_info, renderer]
    )
    structlog.configure(
        processors=[*([_drop_below(log_levels)] if levels else []), *before, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(
        handlers=[handler], level=max(log_levels.default, logging.WARNING), force=True
    )


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in event:
        if any(secret in name.lower() for secret in _SECRET_NAMES):
            event[name] = "[redacted]"
    return event
