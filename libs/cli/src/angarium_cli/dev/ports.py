"""TCP ports on this machine."""

import errno
import ipaddress
import socket
from contextlib import ExitStack

from angarium_cli.failure import CommandFailed

LOOPBACK = "127.0.0.1"


def free_ports(count: int, host: str = LOOPBACK) -> list[int]:
    """Different ports that are free at this moment."""
    with ExitStack() as held:
        probes = [held.enter_context(_bound(host, 0)) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


def chosen_port(host: str, port: int) -> int:
    """`port`, or a free one for 0. Raises CommandFailed when it cannot be listened on."""
    try:
        with _bound(host, port) as probe:
            found: int = probe.getsockname()[1]
            return found
    except socket.gaierror as error:
        raise CommandFailed(
            f"--host {host} is no address of this machine: {error.strerror}; use 127.0.0.1"
        ) from error
    except OSError as error:
        raise CommandFailed(_refusal(host, port, error)) from error


def http_url(host: str, port: int) -> str:
    """The URL under which this machine reaches a server that listens on `host`."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        address = ipaddress.ip_address("::1" if address.version == 6 else LOOPBACK)
    return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    probe = socket.socket(family, kind, protocol)
    try:
        # As the gateway does: a port of a connection just closed is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)
    except OSError:
        probe.close()
        raise
    return probe


def _refusal(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} on {host} is taken by another process; choose another with --port,"
                " or --port 0 for a free one"
            )
        case errno.EACCES:
            return f"port {port} needs privileges; choose one from 1024 with --port"
        case errno.EADDRNOTAVAIL:
            return f"--host {host} is no address of this machine; use 127.0.0.1"
    return f"port {port} on {host} cannot be listened on: {error.strerror}; choose another"
