"""TCP ports of this machine, and the readiness of what listens on them."""

import asyncio
import errno
import ipaddress
import json
import random
import socket
from contextlib import ExitStack

from angarium_cli.failure import CommandFailed

LOOPBACK = "127.0.0.1"
_ANSWER_BYTES_MAX = 64 * 1024
_TIMEOUT_S = 5.0
_PORTS = range(20_000, 32_768)
"""Below those that systems give to outgoing connections: one of these could take a port that was
found free, before its service listens on it."""
_TRIES = 20


def free_ports(count: int, host: str = LOOPBACK) -> list[int]:
    """`count` different ports that are free at this moment."""
    with ExitStack() as held:
        probes = [held.enter_context(_bound_somewhere(host)) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


def chosen_port(host: str, port: int) -> int:
    """`port`, or a free one for 0. Raises CommandFailed if it cannot be listened on."""
    try:
        with _bound(host, port) if port else _bound_somewhere(host) as probe:
            found: int = probe.getsockname()[1]
            return found
    except socket.gaierror as error:
        raise CommandFailed(
            f"--host {host} is not an address of this machine: {error.strerror}; use 127.0.0.1"
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


def _bound_somewhere(host: str) -> socket.socket:
    for port in random.sample(_PORTS, _TRIES):
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return _bound(host, 0)


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    probe = socket.socket(family, kind, protocol)
    try:
        # As the gateway does: a port in TIME_WAIT counts as free.
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
            return f"port {port} needs privileges; choose a port above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"--host {host} is not an address of this machine; use 127.0.0.1"
    return f"port {port} on {host} cannot be listened on: {error.strerror}; choose another"


async def ready_problem(internal_port: int) -> str | None:
    """None if `/ready` on this internal port succeeds, else the reason why not."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            answer = await _get(internal_port, "/ready")
    except TimeoutError:
        return f"no answer within {_TIMEOUT_S:g} s"
    except OSError:
        return "it does not listen yet"
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1:2] == [b"200"]:
        return None
    try:
        problems: dict[str, str] = json.loads(body)["problems"]
    except (ValueError, KeyError, TypeError):
        return "it gives no reason"
    return ", ".join(f"{name}: {problem}" for name, problem in problems.items())


async def listens(host: str, port: int) -> bool:
    """True if something accepts connections on this address."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:  # TimeoutError is one.
        return False
    writer.close()
    return True


async def _get(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = bytearray()
        while len(answer) < _ANSWER_BYTES_MAX and (part := await reader.read(_ANSWER_BYTES_MAX)):
            answer += part
        return bytes(answer)
    finally:
        writer.close()
