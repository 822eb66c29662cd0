"""The start of every service's composition root: settings, logging, seal and sockets."""

import socket
from collections.abc import Callable, Coroutine
from functools import partial
from importlib import import_module
from typing import Any

import structlog

from .encryption_keys import KeysRefused, seal_from
from .http_server.limits import HttpLimits, within_descriptors
from .http_server.trusted_proxies import NO_PROXIES, TrustedProxies
from .internal_http import Profile, bind, profiling_is_off
from .log_levels import parse_levels
from .logs import set_up_logs
from .process import StartRefused, refuse, run_process
from .sealing import Seal
from .settings import ServiceSettings, SettingsRefused
from .tracing.settings import TracingSettings

log = structlog.get_logger()


def run_service[S: ServiceSettings](
    name: str, settings_type: type[S], run: Callable[[S], Coroutine[Any, Any, None]]
) -> None:
    """Read the settings, set up logging, and run the service until a signal stops it."""
    try:
        settings = settings_type.load(name)
    except SettingsRefused as refusal:
        refuse(str(refusal))
    set_up_logs(
        name,
        form=settings.log_format,
        level=settings.log_level,
        levels=parse_levels(settings.log_levels),
    )
    if isinstance(settings, TracingSettings) and settings.trace_endpoint is not None:
        # Here, and not when they are used, so that `run_process` freezes what they import.
        import_module("angarium_chassis.tracing.exporting")
    if settings.profiling:
        import_module("angarium_chassis.profiling")
    run_process(partial(run, settings))


def log_start(settings: ServiceSettings, *, version: str, replica: str) -> None:
    """Log that the process starts, and put `replica` into all lines of this task, of those that it
    creates, and about the end of the process."""
    structlog.contextvars.bind_contextvars(replica=replica)
    log.info("process.started", version=version, settings=settings.changed())


def seal_of(settings: ServiceSettings) -> Seal:
    """Create the seal from the operator's keys. Raises `StartRefused`."""
    try:
        return seal_from(
            settings.encryption_key.get_secret_value(),
            settings.encryption_key_fallbacks.get_secret_value(),
        )
    except KeysRefused as refused:
        raise StartRefused(str(refused)) from None


def internal_listener(settings: ServiceSettings) -> socket.socket | None:
    """Open the socket of the internal port, or None if it is off. Raises `StartRefused`."""
    if settings.internal_port == 0:
        return None
    return listen(
        settings.internal_host,
        settings.internal_port,
        "ANGARIUM_INTERNAL_HOST or ANGARIUM_INTERNAL_PORT",
    )


def profile_of(settings: ServiceSettings, description: str) -> Profile:
    """The answer of /profile, as ANGARIUM_PROFILING says. `description` is the title of a
    profile."""
    if not settings.profiling:
        return profiling_is_off
    profiling = import_module("angarium_chassis.profiling").Profiling(description)
    answer: Profile = profiling.answer
    return answer


def internal_limits(settings: ServiceSettings) -> HttpLimits:
    """The bounds of the internal port."""
    return http_limits(
        settings,
        connections_max=settings.internal_connections_max,
        connections_per_address_max=settings.internal_connections_max,
    )


def http_limits(
    settings: ServiceSettings,
    *,
    connections_max: int,
    connections_per_address_max: int,
    proxies: TrustedProxies = NO_PROXIES,
) -> HttpLimits:
    """The bounds of one port, as the settings and the process's open files allow."""
    return HttpLimits(
        target_bytes_max=settings.http_target_bytes_max,
        header_bytes_max=settings.http_header_bytes_max,
        header_fields_max=settings.http_header_fields_max,
        header_timeout_s=settings.http_header_timeout_s,
        body_timeout_s=settings.http_body_timeout_s,
        body_bytes_per_s_min=settings.http_body_bytes_per_s_min,
        answer_timeout_s=settings.http_answer_timeout_s,
        idle_timeout_s=settings.http_idle_timeout_s,
        requests_per_connection_max=settings.http_requests_per_connection_max,
        connections_max=within_descriptors(connections_max),
        connections_per_address_max=connections_per_address_max,
        proxies=proxies,
    )


def listen(host: str, port: int, settings: str) -> socket.socket:
    """Open a listening socket. Raises `StartRefused`, which names the settings to change."""
    try:
        return bind(host, port)
    except OSError as error:
        raise StartRefused(
            f"{host}:{port} cannot be opened ({error.strerror}); set {settings}"
        ) from error
