"""The addresses of a host name by the system's resolver."""

import socket
from collections.abc import Callable

type LookUp = Callable[[str], list[str]]
"""All addresses of a host name. Blocks; raises OSError or UnicodeError."""


def look_up(host: str) -> list[str]:
    """Every address of a host, in the resolver's order."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def lookup_words(error: OSError | UnicodeError, host: str) -> str:
    """Why a look-up failed, as `<host>: <reason>`."""
    return f"{host}: {getattr(error, 'strerror', None) or error}"
