"""Runs the demo; afterwards its receiver accepts what else is posted."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from rich.console import Console

from angarium_cli.demo.receiver import Arrival, DemoReceiver
from angarium_cli.demo.results import ArrivalCounter, arrival_line, heading, summary, verdict
from angarium_cli.demo.scenario import ENDPOINTS, MESSAGES, DemoFailed, Scenario, api_client

TIMEOUT_S = 12.0


async def run_demo(api_url: str, api_key: str, console: Console, schedule: str) -> None:
    """Run the demo, then receive and show until cancelled.

    `schedule` is the worker's retry schedule, which is printed. A demo that fails is reported and
    leaves the platform running.
    """
    counter = ArrivalCounter()
    async with _receiving(counter, console) as (receiver, url), api_client(api_url, api_key) as api:
        console.print(f"\nWith --demo, failed deliveries are retried after {schedule}.")
        try:
            await _play(api, console, counter, receiver, url)
        except DemoFailed as failure:
            console.print(f"The demo failed: {failure}", style="bold red", markup=False)
        console.print("\nThe platform goes on serving; Ctrl-C stops it.")
        await asyncio.Event().wait()


async def play(api: httpx.AsyncClient, console: Console) -> None:
    """Run the demo once, with a receiver of its own. Raises DemoFailed."""
    counter = ArrivalCounter()
    async with _receiving(counter, console) as (receiver, url):
        await _play(api, console, counter, receiver, url)


@asynccontextmanager
async def _receiving(
    counter: ArrivalCounter, console: Console
) -> AsyncIterator[tuple[DemoReceiver, str]]:
    def show(arrival: Arrival) -> None:
        counter.add(arrival)
        console.print(arrival_line(arrival))

    receiver = DemoReceiver(
        {endpoint.name: endpoint.failures for endpoint in ENDPOINTS},
        clock_ms=lambda: time.time_ns() // 1_000_000,
        on_arrival=show,
    )
    port = await receiver.open()
    try:
        yield receiver, f"http://127.0.0.1:{port}"
    finally:
        await receiver.close()


async def _play(
    api: httpx.AsyncClient,
    console: Console,
    counter: ArrivalCounter,
    receiver: DemoReceiver,
    url: str,
) -> None:
    console.print(
        f"Demo: {len(MESSAGES)} messages of two types to {len(ENDPOINTS)} endpoints at {url}\n"
    )
    scenario = Scenario(api)
    await scenario.set_up(url, receiver.trust)
    console.print(heading())
    expected = await scenario.post_messages()
    await counter.until_accepted(expected, TIMEOUT_S)
    counts = [counter.count(endpoint.name, expected) for endpoint in ENDPOINTS]
    console.print()
    console.print(summary(ENDPOINTS, counts))
    console.print(verdict(counts))
