"""Many replicas of each service: cost, shares, changes; `make bench-replicas` runs it.

Two platforms on one Postgres and one Valkey: one of each service, and `--counts` of them. The same
load goes to them in turn, which shows the CPU of a message, and how evenly replicas share the work.
Then one of each is added to the larger platform under load, and removed again, which shows what
clients notice. Each gateway has a load generator of its own, as behind a load balancer that takes
gateways in turn; a gateway that is removed gets no requests any more before it is stopped.

Slow numbers never fail; lost or duplicated messages end it with 1, a broken run with 2.
"""

import argparse
import asyncio
import json
import shlex
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

import httpx
from angarium_cli.engines import EngineFailed, PostgresProcess, ValkeyProcess
from failure import BenchmarkFailed
from replica_processes import SERVICES, Replica, ReplicaPlatform
from replica_report import Change, Load, changes_table, loads_table
from resources import cpu_between, cpu_seconds
from rich.console import Console
from tools import Accepted, ReceiverProcess, run_load, running_receiver

APPLICATIONS = 32
_WARM_UP_S = 3.0
_DRAIN_TIMEOUT_S = 120.0
_AFTER_REMOVAL_S = 2.0


class Bench:
    """The engines, a receiver, and the two platforms."""

    def __init__(self, given: argparse.Namespace, folder: Path) -> None:
        self._given = given
        self._folder = folder
        self._opened = AsyncExitStack()
        self._paths: dict[ReplicaPlatform, list[str]] = {}
        self._loads = 0
        self.idle_cpu: list[float] = []
        """Cores that a process of the idle platform used, for each load on the other."""
        self.receiver: ReceiverProcess
        self.one: ReplicaPlatform
        self.many: ReplicaPlatform

    async def __aenter__(self) -> "Bench":
        async with self._opened:
            self.receiver = await self._opened.enter_async_context(running_receiver())
            self._postgres = PostgresProcess(self._folder / "postgres")
            await asyncio.to_thread(self._postgres.start)
            self._opened.push_async_callback(asyncio.to_thread, self._postgres.stop)
            self.one = await self._platform("one", (1, 1, 1))
            self.many = await self._platform("many", self._given.counts)
            self._opened = self._opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def _platform(self, name: str, counts: Sequence[int]) -> ReplicaPlatform:
        urls = {}
        for service in SERVICES:
            database = f"{name}_{service}_{uuid4().hex[:8]}"
            await self._postgres.create_database(database)
            urls[service] = self._postgres.uri(database, driver="asyncpg")
        redis_url = self._given.redis_urls.pop(0) if self._given.redis_urls else None
        if redis_url is None:
            valkey = ValkeyProcess(self._folder / f"valkey-{name}", append_only=False)
            await asyncio.to_thread(valkey.start)
            self._opened.push_async_callback(asyncio.to_thread, valkey.stop)
            redis_url = valkey.url
        platform = await self._opened.enter_async_context(
            ReplicaPlatform(
                self._given.angarium,
                self._folder / name,
                database_urls=urls,
                redis_url=redis_url,
                counts=dict(zip(SERVICES, counts, strict=True)),
            )
        )
        endpoints = [f"{self.receiver.url}/ok/{number}" for number in range(APPLICATIONS)]
        self._paths[platform] = await platform.new_applications(endpoints)
        return platform

    async def post(
        self, platform: ReplicaPlatform, gateway: Replica, seconds: float, rate: float | None
    ) -> list[Accepted]:
        """Post to one gateway; gives what it accepted. Raises `BenchmarkFailed` if it refused
        any.

        Without a rate, as many requests are in flight for a process of the most numerous service as
        where there is one of each: groups would otherwise be smaller, and a message dearer.
        """
        in_flight = self._given.connections
        if rate is None:
            counts = [len(platform.of(service)) for service in SERVICES]
            in_flight = in_flight * max(counts) // len(platform.of("gateway"))
        self._loads += 1
        folder = self._folder / f"load-{self._loads}"
        folder.mkdir()
        summary, accepted = await run_load(
            gateway.url,
            self._paths[platform],
            platform.key,
            seconds=seconds,
            connections=in_flight,
            body_bytes=self._given.body_bytes,
            folder=folder,
            rate=rate,
        )
        if summary["refused"] or summary["without_answer"] or summary["unanswered"]:
            raise BenchmarkFailed(f"{gateway.name} refused messages: {summary}")
        shutil.rmtree(folder)
        return accepted

    async def load(self, platform: ReplicaPlatform, seconds: float, rate: float | None) -> Load:
        """The same load for all gateways of a platform, until its last webhook is received."""
        await self.receiver.clear()
        gateways = platform.of("gateway")
        pids = platform.pids()
        before, cpu_before = await platform.work_done(), cpu_seconds(pids)
        idle = self.many if platform is self.one else self.one
        idle_before = cpu_seconds(idle.pids())
        began_s = time.monotonic()
        accepted = [
            message
            for some in await asyncio.gather(
                *(
                    self.post(platform, each, seconds, rate and rate / len(gateways))
                    for each in gateways
                )
            )
            for message in some
        ]
        await self.receiver.wait_for(len(accepted), _DRAIN_TIMEOUT_S)
        took_s = time.monotonic() - began_s
        cpu_s = cpu_between(cpu_before, cpu_seconds(pids))
        idle_s = cpu_between(idle_before, cpu_seconds(idle.pids()))
        self.idle_cpu.append(sum(idle_s.values()) / len(idle_s) / took_s)
        after = await platform.work_done()
        entries = await self.receiver.entries()
        return Load.of(
            accepted,
            entries,
            took_s=took_s,
            cpu_s=[(each.service, cpu_s[each.name]) for each in before],
            done=[(each.service, after[each].since(done)) for each, done in before.items()],
        )

    async def changes(self, rate: float) -> list[Change]:
        """Add one of each service to the larger platform under load, and remove it again."""
        platform = self.many
        marks = [("beginning", time.monotonic_ns())]
        await self.receiver.clear()
        gateways = platform.of("gateway")
        each_rate = rate / (len(gateways) + 1)

        def begin(name: str) -> None:
            marks.append((name, time.monotonic_ns()))

        async with asyncio.TaskGroup() as tasks:
            loads = [
                tasks.create_task(self.post(platform, each, self._given.change_seconds, each_rate))
                for each in gateways
            ]
            await self.receiver.wait_for(int(rate), _DRAIN_TIMEOUT_S)
            begin("steady")
            await asyncio.sleep(self._given.seconds)
            begin("adding")
            added = [
                replica
                for some in await asyncio.gather(*(platform.add(service) for service in SERVICES))
                for replica in some
            ]
            begin("with one more")
            leaving = tasks.create_task(
                self.post(platform, added[0], self._given.seconds, each_rate)
            )
            loads.append(leaving)
            await asyncio.wait([leaving])
            begin("removing")
            for replica in added:
                await platform.remove(replica)
            await asyncio.sleep(_AFTER_REMOVAL_S)
            begin("after")
        accepted = [message for load in loads for message in load.result()]
        await self.receiver.wait_for(len(accepted), _DRAIN_TIMEOUT_S)
        entries = await self.receiver.entries()
        found = Change.between(marks, accepted, entries)
        if not found[-1].messages:
            raise BenchmarkFailed("the load ended before the changes: give more --change-seconds")
        return [
            *found,
            *Change.between([("of these, the new gateway's", 0)], leaving.result(), entries),
        ]


async def measure(
    given: argparse.Namespace, folder: Path, console: Console
) -> tuple[list[tuple[Load, Load]], list[tuple[Load, Load]], list[Change]]:
    """Pairs of loads, one of each first: at full rate, and at the given one; then the changes."""
    full: list[tuple[Load, Load]] = []
    steady: list[tuple[Load, Load]] = []
    async with Bench(given, folder) as bench:
        console.print("warming up …")
        for platform in (bench.one, bench.many):
            await bench.load(platform, _WARM_UP_S, given.rate)
        for number in range(1, given.rounds + 1):
            for pairs, rate in ((full, None), (steady, given.rate)):
                console.print(f"round {number}/{given.rounds}: {rate or 'full rate'} …")
                pairs.append(
                    (
                        await bench.load(bench.one, given.seconds, rate),
                        await bench.load(bench.many, given.seconds, rate),
                    )
                )
        idle = statistics.median(bench.idle_cpu)
        console.print(f"an idle process uses {idle:.2%} of a core")
        console.print("adding and removing one of each …")
        changes = [] if given.without_changes else await bench.changes(given.rate)
    return full, steady, changes


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(int(part) for part in text.split(","))
    if len(counts) != len(SERVICES) or min(counts) < 1:
        raise argparse.ArgumentTypeError(f"give the numbers of {', '.join(SERVICES)}: 4,2,6")
    return counts


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    here = shlex.quote(str(Path(sys.executable).with_name("angarium")))
    parser.add_argument("--angarium", default=here, help="the command that runs angarium")
    parser.add_argument(
        "--counts", type=_counts, default=(4, 2, 6), help="gateways, dispatchers, workers (4,2,6)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="pairs of loads (3)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a load (10)")
    parser.add_argument("--rate", type=float, default=300.0, help="messages a second (300)")
    parser.add_argument("--connections", type=int, default=64, help="to one gateway (64)")
    parser.add_argument("--body-bytes", type=int, default=1024)
    parser.add_argument(
        "--change-seconds", type=float, default=60.0, help="of the load that meets changes (60)"
    )
    parser.add_argument("--without-changes", action="store_true", help="add and remove nothing")
    parser.add_argument(
        "--redis-url",
        dest="redis_urls",
        action="append",
        default=[],
        metavar="URL",
        help="twice: an empty Redis or cluster of the one platform, and of the other",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="angarium-bench-"))
    # As root, Postgres runs as another user, who must be able to enter.
    folder.chmod(0o711)
    # Ended like Ctrl-C, which cancels the main task: what was started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        full, steady, changes = asyncio.run(measure(given, folder, console))
    except (BenchmarkFailed, EngineFailed, httpx.HTTPError) as error:
        print(f"bench-replicas: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    console.print(loads_table("full rate", given.counts, full))
    console.print(loads_table(f"{given.rate:g} messages/s", given.counts, steady))
    if changes:
        console.print(changes_table(changes))
    if given.json is not None:
        measured = {
            "full": [[asdict(load) for load in pair] for pair in full],
            "steady": [[asdict(load) for load in pair] for pair in steady],
            "changes": [asdict(change) for change in changes],
        }
        given.json.write_text(json.dumps(measured, indent=2) + "\n")
    loads: list[Load | Change] = [load for pair in (*full, *steady) for load in pair]
    return int(any(each.lost or each.duplicates for each in [*loads, *changes]))


if __name__ == "__main__":
    sys.exit(main())
