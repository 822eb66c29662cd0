"""Bounds of one HTTP port."""

import resource
from dataclasses import dataclass

from .trusted_proxies import NO_PROXIES, TrustedProxies

DESCRIPTORS_RESERVED = 256
"""Left to databases, streams, files and the internal port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Limits of one port on what clients send before they are authenticated.

    A body may take `body_timeout_s`, and a second more for each `body_bytes_per_s_min` bytes
    that came. The addresses of `proxies` have no limit of connections but that of all.
    """

    target_bytes_max: int = 8 * 1024
    header_bytes_max: int = 64 * 1024
    header_fields_max: int = 100
    header_timeout_s: float = 10.0
    body_timeout_s: float = 20.0
    body_bytes_per_s_min: int = 4096
    answer_timeout_s: float = 30.0
    idle_timeout_s: float = 75.0
    requests_per_connection_max: int = 10_000
    connections_max: int = 2_000
    connections_per_address_max: int = 500
    proxies: TrustedProxies = NO_PROXIES


def within_descriptors(connections_max: int) -> int:
    """`connections_max`, or what the process's limit of open files leaves for connections."""
    open_files_max, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if open_files_max == resource.RLIM_INFINITY:
        return connections_max
    left = max(open_files_max - DESCRIPTORS_RESERVED, open_files_max // 2)
    return min(connections_max, left)
