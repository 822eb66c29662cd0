"""Relays and the platform killed again and again while a producer commits: `make faults-outbox`.

    python -m tests-e2e.faults.outbox_trial [--seconds 60] [--away 10] [--seed 1]

A producer on Postgres commits events of some keys, and rolls others back. Two relays run; every
second or so one is killed, and the whole platform is stopped for `--away` seconds in the middle.
At the end, every committed event must be accepted once, no rolled-back one, each key in order, and
`angarium verify --outbox` must agree. Prints a line, and exits with 1 otherwise.
"""

import argparse
import asyncio
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from angarium_cli.engines import PostgresProcess
from angarium_outbox import Event, add_many_async, metadata
from angarium_outbox.store import OutboxStore
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ..child_process import (  # noqa: TID252 - tests are no installed package
    ANGARIUM,
    bare_environment,
    run_angarium,
    start_process,
)
from ..dev_platform import DevPlatform  # noqa: TID252

KEYS = 20
RELAYS = 2
STALLED_AFTER_S = 60.0
POLL_S = 0.2


class Producer:
    """Commits events, and rolls others back."""

    def __init__(self, engine: AsyncEngine, chance: random.Random) -> None:
        self._engine = engine
        self._chance = chance
        self.committed: list[int] = []

    async def run_until(self, ended: asyncio.Event) -> None:
        """Commit small transactions, one after the other."""
        number = 0
        while not ended.is_set():
            rolled_back = self._chance.random() < 0.2
            numbers = list(range(number, number + self._chance.randint(1, 5)))
            number = numbers[-1] + 1
            async with self._engine.connect() as connection:
                await add_many_async(connection, [self._event(n) for n in numbers])
                if rolled_back:
                    await connection.rollback()
                else:
                    await connection.commit()
                    self.committed += numbers
            await asyncio.sleep(0.005)

    def _event(self, number: int) -> Event:
        key = None if number % 5 == 0 else f"key {number % KEYS}"
        return Event(
            application="shop", event_type="a.b", payload={"n": number, "key": key}, key=key
        )


class Relays:
    """Relays as processes, of which each that is killed is followed by another."""

    def __init__(self, environment: dict[str, str], chance: random.Random) -> None:
        self._environment = environment
        self._chance = chance
        self._running: list[subprocess.Popen[bytes]] = []
        self.killed = 0

    def start_one(self) -> None:
        """Start a relay."""
        command = [str(Path(ANGARIUM).with_name("angarium-outbox")), "relay"]
        null = subprocess.DEVNULL
        self._running.append(start_process(command, self._environment, out=null, errors=null))

    async def kill_until(self, ended: asyncio.Event) -> None:
        """Kill one at random times."""
        while not ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._chance.uniform(0.5, 3)):
                    await ended.wait()
            victim = self._running.pop(self._chance.randrange(len(self._running)))
            victim.kill()
            await asyncio.to_thread(victim.wait)
            self.killed += 1
            self.start_one()

    def stop(self) -> None:
        """Stop all."""
        for relay in self._running:
            relay.send_signal(signal.SIGTERM)
        for relay in self._running:
            relay.wait(60)


def free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


async def drained(store: OutboxStore) -> float | None:
    """Wait until nothing is pending; gives the seconds, or None once nothing more is posted."""
    began = advanced = time.monotonic()
    before = await store.backlog()
    while (backlog := await store.backlog()).pending:
        now = time.monotonic()
        # The pending events are counted up to a maximum: the oldest one tells more.
        if (backlog.pending, backlog.oldest_ms) != (before.pending, before.oldest_ms):
            before, advanced = backlog, now
        elif now - advanced > STALLED_AFTER_S:
            return None
        await asyncio.sleep(POLL_S)
    return time.monotonic() - began


def messages_of(platform: DevPlatform) -> list[dict[str, Any]]:
    """All messages of the application, from the oldest."""
    found: list[dict[str, Any]] = []
    with platform.client() as client:
        iterator: str | None = None
        while True:
            query = {"limit": "250"} | ({"iterator": iterator} if iterator else {})
            page = client.get("/app/shop/msg", params=query).raise_for_status().json()
            found += page["data"]
            iterator = page["iterator"]
            if page["done"]:
                return found[::-1]


def faults_in(committed: list[int], messages: list[dict[str, Any]]) -> list[str]:
    """The faults of the messages."""
    numbers = [message["payload"]["n"] for message in messages]
    of_key: dict[str, list[int]] = defaultdict(list)
    for message in messages:
        if message["payload"]["key"] is not None:
            of_key[message["payload"]["key"]].append(message["payload"]["n"])
    found = []
    if missing := set(committed) - set(numbers):
        found.append(f"{len(missing)} committed events are missing")
    if extra := set(numbers) - set(committed):
        found.append(f"{len(extra)} events were rolled back, and accepted")
    if len(set(numbers)) != len(numbers):
        found.append(f"{len(numbers) - len(set(numbers))} events were accepted twice")
    found += [f"{key} is out of order" for key, each in of_key.items() if each != sorted(each)]
    return found


async def run(given: argparse.Namespace, folder: Path) -> list[str]:
    chance = random.Random(given.seed)
    server = PostgresProcess(folder / "producer", fsync=True)
    server.start()
    url = str(server.uri()).replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url)
    port = str(free_port())
    arguments = ("--no-demo", "--log-format", "json", "--port", port)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        with DevPlatform(folder / "dev", arguments=arguments) as platform:
            with platform.client() as client:
                client.post("/app", json={"name": "Shop", "uid": "shop"}).raise_for_status()
            settings = {"DATABASE_URL": url, "LEASE_S": "2", "BACKOFF_MAX_S": "1"}
            settings |= {"API_URL": platform.url, "API_KEY": platform.key}
            named = {f"ANGARIUM_OUTBOX_{name}": value for name, value in settings.items()}
            relays = Relays(bare_environment(**named), chance)
            producer, ended = Producer(engine, chance), asyncio.Event()
            try:
                for _ in range(RELAYS):
                    relays.start_one()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(producer.run_until(ended))
                    tasks.create_task(relays.kill_until(ended))
                    await asyncio.sleep(given.seconds / 2)
                    await asyncio.to_thread(platform.stop)
                    await asyncio.sleep(given.away)
                    await asyncio.to_thread(platform.start)
                    await asyncio.sleep(given.seconds / 2)
                    ended.set()
                drained_s = await drained(OutboxStore(engine))
            finally:
                relays.stop()
            found = faults_in(producer.committed, messages_of(platform))
            if drained_s is None:
                found.append(f"nothing was posted for {STALLED_AFTER_S:g} s")
            if (await OutboxStore(engine).backlog()).set_aside:
                found.append("events were set aside")
            verified = await asyncio.to_thread(
                run_angarium,
                ["verify", "--until", "now", "--outbox", url, "--data-dir", str(platform.data_dir)],
            )
            if verified.returncode:
                found.append(f"angarium verify: {verified.stdout}{verified.stderr}")
            sys.stdout.write(
                f"{len(producer.committed):,} events committed, {relays.killed} relays killed,"
                f" platform away for {given.away:g} s, backlog posted {drained_s or 0:.0f} s after"
                f" the last event: {'; '.join(found) or 'each accepted once'}\n"
            )
            return found
    finally:
        await engine.dispose()
        server.stop()


def main() -> None:
    """Run the trial."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--away", type=float, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    folder = Path(tempfile.mkdtemp(prefix="angarium-outbox-trial-"))
    folder.chmod(0o711)
    try:
        found = asyncio.run(run(parser.parse_args(), folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
