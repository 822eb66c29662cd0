"""The sender against servers that others wrote: nginx, http.server, uvicorn, Node."""

import asyncio
import hashlib
import shutil
import sys
import warnings
from collections.abc import Callable

import pytest
from angarium_worker.adapters.destinations.webhook import WebhookSender
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest

from .conftest import Started, nginx_program

SIZES_BYTES = [0, 1, 1_000, 65_536, 1_048_576]
SERVERS: dict[str, Callable[[], str | None]] = {
    "nginx": nginx_program,
    "http.server": lambda: sys.executable,
    "uvicorn": lambda: sys.executable,
    "node": lambda: shutil.which("node"),
}
FOUND = [name for name, program in SERVERS.items() if program()]
if set(FOUND) != set(SERVERS):
    warnings.warn(f"not tested against {set(SERVERS) - set(FOUND)}: not installed", stacklevel=1)

every_server = pytest.mark.parametrize("kind", FOUND)
plain_and_tls = pytest.mark.parametrize("is_tls", [False, True], ids=["http", "tls"])


def post(url: str, body: bytes) -> WebhookRequest:
    return WebhookRequest(url, (("webhook-id", "msg_1"),), body, 10.0)


def answer_to(kind: str, body: bytes) -> bytes:
    """What the servers answer; nginx cannot hash."""
    return str(len(body)).encode() if kind == "nginx" else hashlib.sha256(body).hexdigest().encode()


@every_server
@plain_and_tls
async def test_bodies_of_all_sizes_arrive_whole_on_one_kept_connection(
    base_url: Started, sender: WebhookSender, kind: str, is_tls: bool
) -> None:
    reused = []
    for size in SIZES_BYTES:
        body = bytes(range(256)) * (size // 256 + 1)
        outcome = await sender.send(post(base_url(kind, is_tls) + "/hook", body[:size]))
        assert (outcome.response_status, outcome.response) == (200, answer_to(kind, body[:size]))
        reused.append(outcome.connection_reused)
    assert reused == [False] + [True] * (len(SIZES_BYTES) - 1)
    assert sender.connections_open == sender.connections_idle == 1


@every_server
@plain_and_tls
async def test_a_server_that_closes_gets_a_new_connection_each_time(
    base_url: Started, sender: WebhookSender, kind: str, is_tls: bool
) -> None:
    for _ in range(4):
        outcome = await sender.send(post(base_url(kind, is_tls) + "/close", b"{}"))
        assert (outcome.response_status, outcome.response) == (200, answer_to(kind, b"{}"))
        assert not outcome.connection_reused
    assert sender.connections_idle == 0


@every_server
@plain_and_tls
async def test_many_at_once_are_all_answered(
    base_url: Started, sender: WebhookSender, kind: str, is_tls: bool
) -> None:
    bodies = [str(number).encode() * 100 for number in range(100)]
    url = base_url(kind, is_tls) + "/hook"
    async with asyncio.TaskGroup() as group:
        sends = [group.create_task(sender.send(post(url, body))) for body in bodies]
    for body, sent in zip(bodies, sends, strict=True):
        assert (sent.result().response_status, sent.result().response) == (
            200,
            answer_to(kind, body),
        )
