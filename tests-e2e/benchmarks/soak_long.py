"""The long run: millions of messages in slices, `make soak-long` runs it.

A slice is posted at full rate, then some seconds at a steady rate for latencies; its figures are
appended to slices.jsonl in the folder. Between slices the wall clock of all processes jumps some
hours ahead, so that messages become old and retention drops their partitions as it would in a
year. The processes live from the first slice of a run to its last. An interrupted run, or one that
was given fewer slices, goes on when it is started again on the same folder.
"""

import argparse
import asyncio
import shlex
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import redis.asyncio as redis
from arrival_measures import Account, account
from failure import BenchmarkFailed
from moved_clock import MovedClock
from platform_process import Platform
from policy_setting import Bench, PolicySetting, running_bench
from quantiles import quantiles_ms
from resources import memory_now
from rich.console import Console
from soak_slices import Slice, SliceFile, TableSize, growth_table, slices_table
from tools import Accepted

_APPLICATIONS = 20
_PART = 100_000
_POST_S_MAX = 1_800.0
_TIMEOUT_S = 60.0
_TABLES = """
select coalesce(parent.relname, own.relname) as name, count(*) as partitions,
sum(pg_total_relation_size(own.oid)) / 1e6 as mb, sum(pg_indexes_size(own.oid)) / 1e6 as index_mb,
coalesce(sum(seen.n_live_tup), 0) as rows, coalesce(sum(seen.n_dead_tup), 0) as dead_rows
from pg_class as own
left join pg_inherits as link on link.inhrelid = own.oid
left join pg_class as parent on parent.oid = link.inhparent
left join pg_stat_user_tables as seen on seen.relid = own.oid
where own.relkind = 'r' and own.relnamespace = 'public'::regnamespace
group by 1 having sum(pg_total_relation_size(own.oid)) > 1e5
"""
_WAL = "select wal_bytes::float8, wal_fpi::float8 from pg_stat_wal"
SETTINGS = {
    "ANGARIUM_MESSAGE_RETENTION_DAYS": "1",
    "ANGARIUM_ATTEMPT_RETENTION_DAYS": "1",
    "ANGARIUM_AUDIT_RETENTION_DAYS": "1",
}
"""The shortest there are: a partition has a day, and is dropped a day after its end."""


async def run(given: argparse.Namespace, folder: Path, console: Console) -> list[Slice]:
    """Slices, until there are `--messages` or this run has made `--slices`."""
    file = SliceFile(folder / "slices.jsonl")
    clock = MovedClock(folder)
    moved = Path(__file__).with_name("moved_clock.py")
    setting = PolicySetting(
        angarium=shlex.join([sys.executable, str(moved)]),
        database="postgres",
        folder=folder,
        connections=given.connections,
        body_bytes=given.body_bytes,
        drain_timeout_s=given.drain_timeout,
    )
    slices = file.read()
    async with running_bench(setting, receivers=1, settings=SETTINGS | clock.environment) as bench:
        urls = [[bench.receivers[0].url(number)] for number in range(_APPLICATIONS)]
        paths = await bench.platform.new_applications(urls)
        for _ in range(given.slices):
            done = slices[-1].messages if slices else 0
            count = min(given.slice_messages, given.messages - done)
            if count <= 0:
                break
            made = await _slice(bench, paths, given, count)
            made.messages, made.ahead_h = done + count, clock.ahead_s / 3_600
            file.add(made)
            slices.append(made)
            console.print(slices_table([made]))
            clock.move(int(given.hours * 3_600))
    return slices


async def _slice(bench: Bench, paths: list[str], given: argparse.Namespace, count: int) -> Slice:
    wal_before = await _wal(bench.platform)
    lost = duplicates = posted = 0
    accept_p99_ms, lags_s, posting_s = [], [], 0.0
    async with bench.measured() as cost:
        while posted < count:
            part = min(_PART, count - posted)
            began_s = time.monotonic()
            accepted = await bench.post(paths, _POST_S_MAX, count=part)
            last_ns = max((each.answered_ns for each in accepted), default=0)
            posting_s += time.monotonic() - began_s
            found = await _delivered(bench, accepted)
            lost, duplicates = lost + found.lost, duplicates + found.duplicates
            latest_ns = max(found.delivered_at_ns.values(), default=last_ns)
            lags_s.append(max(0.0, (latest_ns - last_ns) / 1e9))
            answered = quantiles_ms([each.answered_ns - each.sent_ns for each in accepted])
            accept_p99_ms.append(answered["p99"])
            posted += part
    cpu_ms = cost.own_cpu_s * 1_000 / count
    steady = await bench.post(paths, given.latency_seconds, rate=given.rate)
    found = await _delivered(bench, steady)
    due_ns = {each.id: each.due_ns for each in steady}
    latencies = quantiles_ms([at - due_ns[id_] for (id_, _), at in found.delivered_at_ns.items()])
    wal_bytes, images = await _wal(bench.platform)
    return Slice(
        messages=count,
        ahead_h=0.0,
        accepted_per_s=count / posting_s,
        lost=lost + found.lost,
        duplicates=duplicates + found.duplicates,
        lag_s=max(lags_s),
        accept_p99_ms=max(accept_p99_ms),
        p50_ms=latencies["p50"],
        p99_ms=latencies["p99"],
        cpu_ms=cpu_ms,
        memory_mb={name: held / 1e6 for name, held in memory_now(bench.platform.pids).items()},
        redis_mb=await _redis_mb(bench.platform),
        wal_bytes=(wal_bytes - wal_before[0]) / (count + len(steady)),
        page_images=(images - wal_before[1]) / (count + len(steady)),
        tables=await _tables(bench.platform),
    )


async def _delivered(bench: Bench, accepted: list[Accepted]) -> Account:
    """Await them at their endpoints. The load generator posts to the paths in turn."""
    (receiver,) = bench.receivers
    await receiver.wait_for(len(accepted), bench.setting.drain_timeout_s)
    arrivals = await receiver.hand_over(bench.setting.folder)
    return account(arrivals, {each.id: (each.number % _APPLICATIONS,) for each in accepted})


async def _wal(platform: Platform) -> tuple[float, float]:
    async with _database(platform, "gateway") as connection:
        row = await connection.fetchrow(_WAL)
        return float(row[0]), float(row[1])


async def _tables(platform: Platform) -> dict[str, TableSize]:
    found = {}
    for service in ("gateway", "worker"):
        async with _database(platform, service) as connection:
            for row in await connection.fetch(_TABLES):
                found[row["name"]] = TableSize(
                    mb=round(float(row["mb"]), 1),
                    index_mb=round(float(row["index_mb"]), 1),
                    rows=int(row["rows"]),
                    dead_rows=int(row["dead_rows"]),
                    partitions=int(row["partitions"]),
                )
    return found


@asynccontextmanager
async def _database(platform: Platform, service: str) -> AsyncIterator[asyncpg.Connection]:
    url = platform.database_urls[service].replace("+asyncpg", "")
    connection = await asyncpg.connect(url, timeout=_TIMEOUT_S, ssl=False)
    try:
        yield connection
    finally:
        await connection.close(timeout=_TIMEOUT_S)


async def _redis_mb(platform: Platform) -> float:
    client = redis.from_url(platform.redis_url)
    try:
        return float((await client.info("memory"))["used_memory"]) / 1e6
    finally:
        await client.aclose()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--folder", type=Path, default=Path(".cache/soak"), help="all data (.cache/soak)")
    add("--messages", type=int, default=50_000_000, help="in all, over all runs (50000000)")
    add("--slice-messages", type=int, default=1_000_000, help="of a slice (1000000)")
    add("--slices", type=int, default=sys.maxsize, help="that this run makes at most")
    add("--hours", type=float, default=12.0, help="that the clock jumps after a slice (12)")
    add("--rate", type=float, default=300.0, help="for the latency, per s (300)")
    add("--latency-seconds", type=float, default=20.0, help="of latency (20)")
    add("--connections", type=int, default=64)
    add("--body-bytes", type=int, default=1_024)
    add("--drain-timeout", type=float, default=300.0, help="s to wait for the last webhook (300)")
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    console = Console(width=200)
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # As root, Postgres runs as another user, who must be able to enter.
    folder.chmod(0o711)
    try:
        slices = asyncio.run(run(given, folder, console))
    except (BenchmarkFailed, httpx.HTTPError) as error:
        print(f"soak_long: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"soak_long: interrupted; start it again to go on in {given.folder}", file=sys.stderr)
        return 130
    if not slices:
        return 0
    console.print(slices_table(slices))
    console.print(growth_table(slices))
    return 1 if any(each.lost or each.duplicates for each in slices) else 0


if __name__ == "__main__":
    sys.exit(main())
