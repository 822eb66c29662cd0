"""The sender alone beside aiohttp and httpx: how fast each posts the same body on one core.

    python sender_rates.py --client angarium --url http://127.0.0.1:PORT/ --seconds 5

One process, one thread, one loop (uvloop for all), as many requests at once as connections; the
answers are read. Ours signs every message anew and checks every address, as in the worker; the
others post bare. Prints `{"rate": …, "posted": …, "seconds": …, "cpu_us": …}`, where `cpu_us` is
the client's own CPU time a post: a client that the receiver holds up shows it there.
"""

import argparse
import asyncio
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import msgspec
import uvloop
from angarium_signing import SigningSecret, signature_headers
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import WebhookSender
from angarium_worker.domain.attempt_result import Accepted, AttemptResult
from event_body import EventBody
from failure import BenchmarkFailed
from rich.table import Table
from tools import end

CLIENTS = ("angarium", "aiohttp", "httpx")
_TIMEOUT_S = 15.0
_START_AND_STOP_S = 30.0
_HEADERS = (("content-type", "application/json"),)


class Measured(msgspec.Struct):
    """One client's run."""

    rate: float
    posted: int
    seconds: float
    cpu_us: float


async def compare(
    repeat: int, seconds: float, connections: int, body_bytes: int
) -> dict[str, list[Measured]]:
    """Every client in turn, `repeat` times, so that all see the same machine."""
    measured: dict[str, list[Measured]] = {name: [] for name in CLIENTS}
    async with _running_receiver() as url:
        arguments = ["--url", url, "--seconds", str(seconds)]
        arguments += ["--connections", str(connections), "--body-bytes", str(body_bytes)]
        for _ in range(repeat):
            for name in CLIENTS:
                measured[name].append(await _run([*arguments, "--client", name], seconds))
    return measured


def medians(measured: dict[str, list[Measured]]) -> dict[str, dict[str, float]]:
    """By client: posts a second and CPU time a post, and both by aiohttp's."""
    rows: dict[str, dict[str, float]] = {}
    for name, runs in measured.items():
        rate = statistics.median([run.rate for run in runs])
        cpu_us = statistics.median([run.cpu_us for run in runs])
        rows[name] = {"rate": rate, "cpu_us": cpu_us}
    for row in rows.values():
        row["by_aiohttp"] = row["rate"] / rows["aiohttp"]["rate"]
        row["cpu_by_aiohttp"] = row["cpu_us"] / rows["aiohttp"]["cpu_us"]
    return rows


def table(measured: dict[str, list[Measured]]) -> Table:
    """The medians, for people."""
    shown = Table("client alone", "posts/s", "by aiohttp", "CPU µs a post", "budget")
    for name, row in medians(measured).items():
        shown.add_row(
            name,
            f"{row['rate']:,.0f}",
            f"{row['by_aiohttp']:.2f}",
            f"{row['cpu_us']:.1f}",
            "≥ 3 × aiohttp" if name == "angarium" else "",
        )
    return shown


@asynccontextmanager
async def _running_receiver() -> AsyncIterator[str]:
    """The URL of a receiver that costs next to nothing: the clients are what is measured."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("bare_receiver.py")),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_START_AND_STOP_S):
            line = await process.stdout.readline()
        if not line:
            raise BenchmarkFailed("the bare receiver did not start; its error stands above")
        yield f"http://127.0.0.1:{msgspec.json.decode(line)['port']}/"
    finally:
        await end(process, signal.SIGTERM, _START_AND_STOP_S)


async def _run(arguments: list[str], seconds: float) -> Measured:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__)), *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(seconds + _START_AND_STOP_S):
            output, _ = await process.communicate()
    except TimeoutError:
        raise BenchmarkFailed(f"a client did not end: {' '.join(arguments)}") from None
    finally:
        await end(process, signal.SIGTERM, _START_AND_STOP_S)
    if process.returncode != 0:
        raise BenchmarkFailed("a client failed; its error stands above")
    return msgspec.json.decode(output, type=Measured)


async def _post_with_angarium(url: str, run: "_Run") -> None:
    sender = WebhookSender(
        EgressRules.parse(["127.0.0.0/8"]),
        client_tls_context(),
        user_agent="Angarium/benchmark",
        allow_http=True,
    )
    route = sender.route(url)
    secret = (SigningSecret(bytes(32)),)
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    under_way = run.connections

    def submit() -> None:
        run.begun += 1
        timestamp_s = int(time.time())
        signed = signature_headers(secret, f"msg_{run.begun}", timestamp_s, run.body)
        sender.post(route, _HEADERS + signed, run.body, _TIMEOUT_S, concluded)

    def concluded(outcome: AttemptResult) -> None:
        nonlocal under_way
        if not isinstance(outcome, Accepted):
            if not ended.done():
                ended.set_exception(BenchmarkFailed(f"no answer: {outcome}"))
            return
        run.posted += 1
        if run.goes_on:
            submit()
        else:
            under_way -= 1
            if not under_way:
                ended.set_result(None)

    for _ in range(run.connections):
        submit()
    await ended
    await sender.aclose()


async def _post_with_aiohttp(url: str, run: "_Run") -> None:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=run.connections),
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
    ) as session:

        async def post() -> None:
            async with session.post(url, data=run.body, headers=dict(_HEADERS)) as answer:
                await answer.read()
                answer.raise_for_status()

        await run.repeat(post)


async def _post_with_httpx(url: str, run: "_Run") -> None:
    limits = httpx.Limits(max_connections=run.connections)
    async with httpx.AsyncClient(limits=limits, timeout=_TIMEOUT_S) as client:

        async def post() -> None:
            answer = await client.post(url, content=run.body, headers=dict(_HEADERS))
            answer.raise_for_status()

        await run.repeat(post)


class _Run:
    """One run of a client in this process: how long it goes on, and what it posted."""

    def __init__(self, seconds: float, connections: int, body_bytes: int) -> None:
        self.connections = connections
        self.body = EventBody(body_bytes).numbered(0)
        self.begun = 0
        self.posted = 0
        self._started_s = time.monotonic()
        self._started_cpu_s = time.process_time()
        self._until_s = self._started_s + seconds

    @property
    def goes_on(self) -> bool:
        """True until the time is over; a client that starts slowly makes one post nevertheless."""
        return self.posted == 0 or time.monotonic() < self._until_s

    async def repeat(self, post: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """As many at once as connections, until the time is over."""

        async def one_after_another() -> None:
            while self.goes_on:
                await post()
                self.posted += 1

        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.connections):
                tasks.create_task(one_after_another())

    def measured(self) -> Measured:
        seconds = time.monotonic() - self._started_s
        cpu_s = time.process_time() - self._started_cpu_s
        return Measured(self.posted / seconds, self.posted, seconds, cpu_s / self.posted * 1e6)


_POST = {
    "angarium": _post_with_angarium,
    "aiohttp": _post_with_aiohttp,
    "httpx": _post_with_httpx,
}


async def _measure(given: argparse.Namespace) -> Measured:
    run = _Run(given.seconds, given.connections, given.body_bytes)
    await _POST[given.client](given.url, run)
    return run.measured()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--client", choices=CLIENTS, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--body-bytes", type=int, default=1024)
    print(msgspec.json.encode(uvloop.run(_measure(parser.parse_args()))).decode(), flush=True)


if __name__ == "__main__":
    main()
