"""Messages accepted in batches, beside messages accepted one at a time.

Both go to an application without endpoints, in alternation, so that both see the same machine: what
is measured is the gateway with its database, and what the dispatcher adds for messages that nobody
gets.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from event_body import EventBody
from failure import BenchmarkFailed
from platform_process import Platform, running_platform
from resources import cpu_between, cpu_seconds
from rich.table import Table
from tools import run_load

BATCH_MESSAGES = 1_000
BATCH_CONNECTIONS = 4
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class AcceptedRun:
    """Messages accepted per second, and the CPU time of the gateway for each."""

    rate: float
    gateway_us: float


@dataclass(frozen=True, slots=True)
class BatchRates:
    """Runs of both kinds, in alternation."""

    single: Sequence[AcceptedRun]
    batched: Sequence[AcceptedRun]

    @property
    def ratio(self) -> float:
        """How many times faster batches are, by the median rates."""
        return _median(self.batched) / _median(self.single)

    def as_dict(self) -> dict[str, object]:
        return {
            "single_rates": [each.rate for each in self.single],
            "batched_rates": [each.rate for each in self.batched],
            "single_gateway_us": [each.gateway_us for each in self.single],
            "batched_gateway_us": [each.gateway_us for each in self.batched],
            "ratio": self.ratio,
        }

    def table(self) -> Table:
        table = Table("accepted", "messages/s", "gateway CPU, µs a message", title="batches")
        for name, runs in (("one at a time", self.single), ("in batches", self.batched)):
            cost = statistics.median(each.gateway_us for each in runs)
            table.add_row(name, f"{_median(runs):,.0f}", f"{cost:.1f}")
        table.add_row("ratio", f"{self.ratio:.1f}", "")
        return table


async def measure_batches(
    angarium: str,
    database: str,
    folder: Path,
    *,
    seconds: float,
    repeat: int,
    connections: int,
    body_bytes: int,
) -> BatchRates:
    """Post one at a time, then in batches, `repeat` times."""
    single: list[AcceptedRun] = []
    batched: list[AcceptedRun] = []
    async with running_platform(angarium, database, folder) as platform:
        (path,) = await platform.new_applications([[]])
        for _ in range(repeat):
            before = cpu_seconds(platform.pids)
            summary, accepted = await run_load(
                platform.url,
                [path],
                platform.key,
                seconds=seconds,
                connections=connections,
                body_bytes=body_bytes,
                folder=folder,
            )
            single.append(_run(platform, before, summary["rate"], len(accepted)))
            before = cpu_seconds(platform.pids)
            count, took_s = await _post_batches(platform, f"{path}/batch", seconds, body_bytes)
            batched.append(_run(platform, before, count / took_s, count))
    return BatchRates(single, batched)


async def _post_batches(
    platform: Platform, path: str, seconds: float, body_bytes: int
) -> tuple[int, float]:
    """The messages that were created, and the seconds until the last answer."""
    message = EventBody(body_bytes)
    text = b",".join(message.numbered(number) for number in range(BATCH_MESSAGES))
    body = b'{"messages":[%b]}' % text
    headers = {"authorization": f"Bearer {platform.key}", "content-type": "application/json"}
    created = 0
    started_s = time.monotonic()

    async def one_after_another(client: httpx.AsyncClient) -> None:
        nonlocal created
        while time.monotonic() - started_s < seconds:
            answer = await client.post(path, content=body)
            if answer.status_code != 202 or answer.json()["created"] != BATCH_MESSAGES:
                raise BenchmarkFailed(f"a batch was not accepted: {answer.text[:300]}")
            created += BATCH_MESSAGES

    async with (
        httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=_TIMEOUT_S) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for _ in range(BATCH_CONNECTIONS):
            tasks.create_task(one_after_another(client))
    return created, time.monotonic() - started_s


def _run(platform: Platform, before: dict[str, float], rate: float, count: int) -> AcceptedRun:
    spent = cpu_between(before, cpu_seconds(platform.pids))
    return AcceptedRun(rate, spent["gateway"] / count * 1e6 if count else 0.0)


def _median(runs: Sequence[AcceptedRun]) -> float:
    return statistics.median(each.rate for each in runs)
