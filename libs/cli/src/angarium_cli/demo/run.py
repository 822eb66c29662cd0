"""The demo from beginning to end; afterwards its receiver stays for what else is posted."""

import asyncio
import time
from collections.abc import Callable

from rich.console import Console

from angarium_cli.demo.display import arrival_line, heading, summary, verdict
from angarium_cli.demo.receiver import Arrival, DemoReceiver
from angarium_cli.demo.scenario import (
    ENDPOINTS,
    MESSAGES,
    DemoEndpoint,
    DemoFailed,
    Scenario,
    api_client,
)
from angarium_cli.demo.tally import Tally

TIMEOUT_S = 12.0


async def run_demo(api_url: str, api_key: str, console: Console, schedule: str) -> None:
    """Run the demo, show it, and go on receiving until cancelled.

    `schedule` is the retry schedule that the worker has, to be told. A demo that fails says so
    and leaves the platform alone.
    """
    tally = Tally()

    def show(arrival: Arrival) -> None:
        tally.add(arrival)
        console.print(arrival_line(arrival))

    receiver = DemoReceiver(
        {endpoint.name: endpoint.failures for endpoint in ENDPOINTS},
        clock_ms=lambda: time.time_ns() // 1_000_000,
        on_arrival=show,
    )
    receiver_url = f"http://127.0.0.1:{await receiver.open()}"
    try:
        console.print(
            f"\nDemo: {len(MESSAGES)} messages of two types to {len(ENDPOINTS)} endpoints at"
            f" {receiver_url}."
            f"\nWith --demo, failed deliveries are retried after {schedule}.\n"
        )
        try:
            await _play(api_url, api_key, console, tally, receiver_url, receiver.trust)
        except DemoFailed as failure:
            console.print(f"The demo failed: {failure}", style="bold red", markup=False)
        console.print("\nThe platform goes on serving; Ctrl-C stops it.")
        await asyncio.Event().wait()
    finally:
        await receiver.close()


async def _play(
    api_url: str,
    api_key: str,
    console: Console,
    tally: Tally,
    receiver_url: str,
    trust: Callable[..., None],
) -> None:
    async with api_client(api_url, api_key) as api:
        scenario = Scenario(api)
        await scenario.set_up(receiver_url, trust)
        console.print(heading())
        expected = await scenario.post_messages()
    await tally.until_accepted(expected, TIMEOUT_S)
    counts = [tally.count(endpoint.name, expected) for endpoint in ENDPOINTS]
    console.print()
    console.print(summary(counts, {e.name: _behaviour(e) for e in ENDPOINTS}))
    console.print(verdict(counts))


def _behaviour(endpoint: DemoEndpoint) -> str:
    wants = " and ".join(endpoint.event_types) or "every type"
    fails = f", fails {endpoint.failures} times before it accepts" if endpoint.failures else ""
    return f"wants {wants}{fails}"
