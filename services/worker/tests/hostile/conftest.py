"""The misbehaving receivers' process, and crowds of attempts against one of them."""

import asyncio
import gc
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Protocol

import psutil
import pytest
import trustme
import uvloop
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import SenderLimits, WebhookSender
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest
from angarium_worker.domain.attempt_result import AttemptResult

HERE = Path(__file__).parent
CROWD = 200
RSS_SAMPLED_EVERY_S = 0.02


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """As in production."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority's `ca.pem` and the certificates of the receivers."""
    folder = tmp_path_factory.mktemp("authority")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    good = ca.issue_cert("hooks.example")
    good.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    expired = ca.issue_cert(
        "hooks.example",
        not_before=datetime.now(UTC) - timedelta(days=30),
        not_after=datetime.now(UTC) - timedelta(days=1),
    )
    expired.private_key_and_cert_chain_pem.write_to_path(folder / "expired.pem")
    common_name = ca.issue_cert(common_name="hooks.example")
    common_name.private_key_and_cert_chain_pem.write_to_path(folder / "common-name.pem")
    wrong_name = ca.issue_cert("other.example")
    wrong_name.private_key_and_cert_chain_pem.write_to_path(folder / "wrong-name.pem")
    return folder


@pytest.fixture(scope="session")
def ports(authority: Path) -> Iterator[dict[str, int]]:
    """Where each kind of receiver listens, by its name."""
    with subprocess.Popen(
        [sys.executable, "-m", f"{HERE.name}.misbehaving_receiver", str(authority)],
        cwd=HERE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield json.loads(_output_of(process).readline())
        finally:
            process.kill()


def _output_of(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


class ProcessWatch:
    """By how much this process's resident memory grew at its highest, and how late its event loop
    was at worst: what the machine adds to every time that is taken in it."""

    def __init__(self) -> None:
        gc.collect()
        self._process = psutil.Process()
        self._before_bytes = self._process.memory_info().rss
        self.growth_bytes = 0
        self.loop_late_s = 0.0

    async def run(self) -> None:
        while True:
            self.look()
            due_s = time.monotonic() + RSS_SAMPLED_EVERY_S
            await asyncio.sleep(RSS_SAMPLED_EVERY_S)
            self.loop_late_s = max(self.loop_late_s, time.monotonic() - due_s)

    def look(self) -> None:
        grown_bytes = self._process.memory_info().rss - self._before_bytes
        self.growth_bytes = max(self.growth_bytes, grown_bytes)


@dataclass
class CrowdReport:
    """What became of the attempts: their outcomes, the longest one by the wall clock, and what
    `ProcessWatch` saw meanwhile."""

    outcomes: list[AttemptResult]
    longest_s: float
    growth_bytes: int
    loop_late_s: float


@pytest.fixture
async def sender(authority: Path) -> AsyncIterator[WebhookSender]:
    """May reach loopback; trusts the receivers' authority; takes every name for 127.0.0.1."""
    sender = WebhookSender(
        EgressRules.parse(["127.0.0.0/8"]),
        client_tls_context(authority / "ca.pem"),
        user_agent="Angarium/test",
        allow_http=True,
        limits=SenderLimits(connections_per_origin_max=CROWD),
        lookup=lambda _: ["127.0.0.1"],
    )
    try:
        yield sender
    finally:
        await sender.aclose()


class Crowd(Protocol):
    """`await crowd(url, timeout_s=…, body=…)`: 200 attempts at once."""

    async def __call__(self, url: str, *, timeout_s: float, body: bytes = b"{}") -> CrowdReport: ...


@pytest.fixture
async def crowd(sender: WebhookSender) -> Crowd:
    """Sends crowds of attempts through that sender."""

    async def timed(request: WebhookRequest) -> tuple[AttemptResult, float]:
        started = time.monotonic()
        outcome = await sender.send(request)
        return outcome, time.monotonic() - started

    async def send(url: str, *, timeout_s: float, body: bytes = b"{}") -> CrowdReport:
        request = WebhookRequest(url, (("webhook-id", "msg_1"),), body, timeout_s)
        watch = ProcessWatch()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch.run())
            sends = [group.create_task(timed(request)) for _ in range(CROWD)]
            results = [await sending for sending in sends]
            watch.look()
            watching.cancel()
        return CrowdReport(
            [outcome for outcome, _ in results],
            max(duration_s for _, duration_s in results),
            watch.growth_bytes,
            watch.loop_late_s,
        )

    return send


class _SmallSendBuffer(socket.socket):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)


@pytest.fixture
def small_send_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback's own buffers take megabytes of a request that nobody reads."""
    monkeypatch.setattr(socket, "socket", _SmallSendBuffer)
