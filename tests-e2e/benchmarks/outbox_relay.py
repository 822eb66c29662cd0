"""The relay of angarium-outbox between a Postgres of its own and a running platform.

    python outbox_relay.py [--events 50000] [--rate 100] [--seconds 10]

Prints how many events a second go through the relay from a backlog, and the time from a commit to
the event being recorded as accepted, at a steady rate of transactions with one event each. Half of
the events have one of 1,000 keys. The platform, its Postgres, that of the producer (with fsync) and
the relay share the machine.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from angarium_cli.engines import PostgresProcess
from angarium_outbox import Event, add_async, add_many_async, metadata
from angarium_outbox.store import OutboxStore
from angarium_outbox.tables import State, outbox
from platform_process import Platform, running_platform
from quantiles import quantiles_ms
from resources import cpu_between, cpu_seconds
from rich.console import Console
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from tools import end

KEYS = 1_000
EVENTS_PER_TRANSACTION = 500
WARM_UP = 1_000
POLL_S = 0.1
TIMEOUT_S = 300.0
STOP_S = 30.0
PAYLOAD = {"id": "in_1", "cents": 4200, "text": "x" * 900}


def new_event(number: int) -> Event:
    key = f"key {number % KEYS}" if number % 2 else None
    return Event(application="bench", event_type="invoice.paid", payload=PAYLOAD, key=key)


@asynccontextmanager
async def running_relay(platform: Platform, database_url: str) -> AsyncIterator[int]:
    """The command `angarium-outbox relay`; gives its process id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", "from angarium_outbox.command import main; main(['relay'])"),
        env=os.environ
        | {
            "ANGARIUM_OUTBOX_DATABASE_URL": database_url,
            "ANGARIUM_OUTBOX_API_URL": platform.url,
            "ANGARIUM_OUTBOX_API_KEY": platform.key,
        },
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        await end(process, signal.SIGTERM, STOP_S)


async def add_backlog(engine: AsyncEngine, count: int) -> None:
    for start in range(0, count, EVENTS_PER_TRANSACTION):
        some = [
            new_event(start + each) for each in range(min(EVENTS_PER_TRANSACTION, count - start))
        ]
        async with engine.begin() as connection:
            await add_many_async(connection, some)


async def all_ended(store: OutboxStore) -> None:
    """Wait until nothing is pending."""
    async with asyncio.timeout(TIMEOUT_S):
        while (await store.backlog()).pending:
            await asyncio.sleep(POLL_S)


async def last_position(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.max(outbox.c.position)))).scalar() or 0)


async def measure_throughput(
    engine: AsyncEngine, platform: Platform, url: str, producer_pid: int, count: int
) -> tuple[float, dict[str, float]]:
    """Events a second through one relay, from when it accepts the first, and the CPU time of each
    process."""
    before = await last_position(engine)
    await add_backlog(engine, count)
    async with running_relay(platform, url) as relay_pid:
        pids = {"relay": relay_pid, "producer's postgres": producer_pid, **platform.pids}
        used = cpu_seconds(pids)
        await all_ended(OutboxStore(engine))
        used = cpu_between(used, cpu_seconds(pids))
    ended = outbox.c.ended_ms
    query = select(func.count(), func.max(ended) - func.min(ended)).where(
        outbox.c.position > before, outbox.c.state == State.ACCEPTED
    )
    async with engine.connect() as connection:
        accepted, span_ms = (await connection.execute(query)).one()
    if accepted != count:
        raise SystemExit(f"{accepted} of {count} events were accepted")
    return float(accepted / max(1, span_ms) * 1_000), used


async def measure_latency(
    engine: AsyncEngine, platform: Platform, url: str, rate: float, seconds: float
) -> list[int]:
    """Nanoseconds from each commit to the record that its event is accepted, to the millisecond."""
    committed: dict[str, int] = {}
    async with running_relay(platform, url):
        await add_backlog(engine, WARM_UP)
        await all_ended(OutboxStore(engine))
        began = time.monotonic()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0, began + number / rate - time.monotonic()))
            async with engine.begin() as connection:
                event = new_event(number)
                event_id = await add_async(
                    connection, event.application, event.event_type, event.payload, key=event.key
                )
            committed[event_id] = time.time_ns()
        await all_ended(OutboxStore(engine))
    query = select(outbox.c.event_id, outbox.c.ended_ms).where(outbox.c.state == State.ACCEPTED)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [
        max(0, row.ended_ms * 1_000_000 - committed[row.event_id])
        for row in rows
        if row.event_id in committed
    ]


async def run(given: argparse.Namespace, folder: Path) -> None:
    console = Console(highlight=False)
    server = PostgresProcess(folder / "producer", fsync=True)
    server.start()
    url = str(server.uri()).replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        command = str(Path(sys.executable).with_name("angarium"))
        async with running_platform(command, "postgres", folder) as platform:
            headers = {"authorization": f"Bearer {platform.key}"}
            async with httpx.AsyncClient(base_url=platform.url, headers=headers) as client:
                made = await client.post("/api/v1/app", json={"name": "b", "uid": "bench"})
                made.raise_for_status()
            rate, used = await measure_throughput(
                engine, platform, url, server.pid or 0, given.events
            )
            console.print(f"from a backlog of {given.events:,}: {rate:,.0f} events/s (b: 5,000)")
            each_ms = {name: used_s / given.events * 1_000 for name, used_s in used.items()}
            console.print(
                f"CPU per event: {sum(each_ms.values()):.3f} ms; "
                + ", ".join(f"{name} {value:.3f}" for name, value in each_ms.items())
            )
            times = quantiles_ms(
                await measure_latency(engine, platform, url, given.rate, given.seconds)
            )
            console.print(
                f"commit to accepted at {given.rate:g}/s: p50 {times['p50']:.1f} ms (b: 15),"
                f" p99 {times['p99']:.1f} ms, max {times['max']:.1f} ms"
            )
            console.print(f"load average: {os.getloadavg()[0]:.2f}")
    finally:
        await engine.dispose()
        server.stop()


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    folder = Path(tempfile.mkdtemp(prefix="angarium-outbox-bench-"))
    folder.chmod(0o711)
    try:
        asyncio.run(run(parser.parse_args(), folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
