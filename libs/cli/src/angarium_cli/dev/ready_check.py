"""Asking a process on loopback whether it is ready, without an HTTP library."""

import asyncio
import json

from angarium_cli.dev.ports import LOOPBACK

_ANSWER_BYTES_MAX = 64 * 1024
_TIMEOUT_S = 5.0


async def ready_problem(internal_port: int) -> str | None:
    """None when `/ready` of this internal port says so, else what is missing."""
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
    """Whether something accepts connections there."""
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
