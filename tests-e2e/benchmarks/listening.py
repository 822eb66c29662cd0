"""Throughput while nobody follows the stream of events, beside throughput while some do.

Both are measured in alternation on one platform, so that both see the same machine. Listeners
follow the application that the messages go to.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from platform_process import Platform, running_platform
from rich.table import Table
from scenarios import Delivery, Setting, deliver
from tools import running_receiver

LISTENERS = 10
_SERVICES = ("gateway", "dispatcher", "worker", "postgres")


@dataclass(frozen=True, slots=True)
class ListeningRun:
    """Messages received a second, the CPU time of the services and the database for each, and the
    bytes of events that listeners got."""

    rate: float
    cpu_us: float
    event_bytes: int


@dataclass(frozen=True, slots=True)
class ListeningRates:
    """Runs of both kinds, in alternation."""

    alone: Sequence[ListeningRun]
    watched: Sequence[ListeningRun]

    def as_dict(self) -> dict[str, object]:
        return {
            f"{name}_{figure}": [getattr(each, figure) for each in runs]
            for name, runs in (("alone", self.alone), ("watched", self.watched))
            for figure in ("rate", "cpu_us", "event_bytes")
        }

    def table(self) -> Table:
        table = Table(
            "listeners", "received/s", "CPU, µs a message", "events, MB", title="streams of events"
        )
        for count, runs in ((0, self.alone), (LISTENERS, self.watched)):
            table.add_row(
                f"{count}",
                f"{statistics.median(each.rate for each in runs):,.0f}",
                f"{statistics.median(each.cpu_us for each in runs):.0f}",
                f"{statistics.median(each.event_bytes for each in runs) / 1e6:.1f}",
            )
        return table


async def measure_listening(
    angarium: str,
    database: str,
    folder: Path,
    *,
    seconds: float,
    repeat: int,
    connections: int,
    body_bytes: int,
    drain_timeout_s: float,
) -> ListeningRates:
    """Deliver without listeners, then with `LISTENERS`, `repeat` times."""
    alone: list[ListeningRun] = []
    watched: list[ListeningRun] = []
    async with (
        running_receiver() as receiver,
        running_platform(angarium, database, folder) as platform,
    ):
        path = await platform.new_application(f"{receiver.url}/ok")
        setting = Setting(
            platform=platform,
            receiver=receiver,
            messages_path=path,
            folder=folder,
            connections=connections,
            body_bytes=body_bytes,
            drain_timeout_s=drain_timeout_s,
        )
        await deliver(setting, min(3.0, seconds))
        for _ in range(repeat):
            alone.append(_run(await deliver(setting, seconds), [0]))
            async with _listeners(platform, path) as received:
                delivery = await deliver(setting, seconds)
            watched.append(_run(delivery, received))
    return ListeningRates(alone, watched)


@asynccontextmanager
async def _listeners(platform: Platform, messages_path: str) -> AsyncIterator[list[int]]:
    """Follow the application with `LISTENERS` connections; the bytes that each has got."""
    received = [0] * LISTENERS
    listening = asyncio.Barrier(LISTENERS + 1)
    url = f"{platform.url}{messages_path.removesuffix('/msg')}/events"
    headers = {"authorization": f"Bearer {platform.key}"}
    limits = httpx.Limits(max_connections=LISTENERS)

    async def listen(client: httpx.AsyncClient, number: int) -> None:
        async with client.stream("GET", url, headers=headers) as answer:
            answer.raise_for_status()
            await listening.wait()
            async for part in answer.aiter_raw():
                received[number] += len(part)

    async with httpx.AsyncClient(timeout=None, limits=limits) as client:
        tasks = [asyncio.create_task(listen(client, number)) for number in range(LISTENERS)]
        try:
            await listening.wait()
            yield received
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _run(delivery: Delivery, received: Sequence[int]) -> ListeningRun:
    spent_s = sum(delivery.cpu_s.get(name, 0.0) for name in _SERVICES)
    return ListeningRun(
        rate=delivery.received_rate,
        cpu_us=spent_s / delivery.accepted * 1e6,
        event_bytes=sum(received),
    )
