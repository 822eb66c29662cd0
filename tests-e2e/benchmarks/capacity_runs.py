"""The runs that the capacity model is made of and checked against."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from capacity_costs import Run, Workload
from capacity_readings import PlatformReader, difference
from failure import BenchmarkFailed
from platform_process import Platform, running_platform
from tools import _HERE, _output, end

WORKLOADS = (
    *(Workload(kib, fan_out) for kib in (1, 10, 64) for fan_out in (1, 10, 100)),
    *(Workload(kib, failing=failing) for kib in (1, 10, 64) for failing in (0.1, 0.5)),
    Workload(10, fan_out=10, failing=0.1),
    Workload(1, fan_out=100, failing=0.5),
    Workload(48),
    Workload(1, fan_out=60),
    Workload(24, fan_out=60),
    Workload(1, failing=0.4),
    Workload(48, failing=0.4),
)
MESSAGES_MAX = 6_000
MESSAGES_MIN = 40
ATTEMPTS_MAX = 8_000
MIB_MAX = 150
ENDPOINTS = 20
"""Of a message with one endpoint, the messages go to so many in turn."""
SETTINGS = {
    "ANGARIUM_RETRY_SCHEDULE": ",".join(["1s"] * 5),
    # No endpoint is switched off within a run.
    "ANGARIUM_ENDPOINT_DISABLE_AFTER": "0",
}
_LONGEST_S = 300.0
_COUNTED_S = 15.0
IDLE_S = 20.0


def messages_of(workload: Workload) -> int:
    """How many messages a run of the workload has: as many as are soon delivered."""
    by_attempts = ATTEMPTS_MAX / workload.attempts
    by_bytes = MIB_MAX * 1024 / (workload.attempts * workload.payload_kib)
    return int(max(MESSAGES_MIN, min(MESSAGES_MAX, by_attempts, by_bytes)))


class Endpoints:
    """The running receiver, counting_endpoints.py."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}"

    async def fail(self, share: float) -> None:
        await self._command({"do": "fail", "share": share})

    async def wait_for(self, delivered: int) -> dict[str, int]:
        """Counts of requests, once so many were answered with 200, or after some minutes."""
        return await self._command(
            {"do": "wait", "delivered": delivered, "timeout_s": _LONGEST_S}, _LONGEST_S
        )

    async def _command(self, command: dict[str, object], longer_s: float = 0.0) -> dict[str, int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(command) + b"\n")
        async with asyncio.timeout(30 + longer_s):
            answer = await self._process.stdout.readline()
        counts: dict[str, int] = msgspec.json.decode(answer)
        return counts


@asynccontextmanager
async def counting_endpoints() -> AsyncIterator[Endpoints]:
    """A receiver of its own, ended at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_HERE / "counting_endpoints.py"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            started = msgspec.json.decode(await process.stdout.readline())
        yield Endpoints(process, started["port"])
    finally:
        await end(process, signal.SIGTERM, 20)


class Measuring:
    """A platform with its receiver; every fan-out has applications of its own."""

    def __init__(
        self, platform: Platform, endpoints: Endpoints, reader: PlatformReader, folder: Path
    ) -> None:
        self._platform = platform
        self._endpoints = endpoints
        self._reader = reader
        self._folder = folder
        self._paths: dict[int, list[str]] = {}
        self._idle_per_s: dict[str, float] = {}

    async def idle(self) -> dict[str, float]:
        """What the platform costs in a second in which nothing is posted. It is left out of the
        costs of the runs from now on."""
        began_s, before = time.monotonic(), await self._reader.read()
        await asyncio.sleep(IDLE_S)
        grown = difference(before, await self._reader.read())
        took_s = time.monotonic() - began_s
        self._idle_per_s = {name: value / took_s for name, value in grown.items()}
        return self._idle_per_s

    async def connections(self) -> dict[str, int]:
        """Open connections to each service's database and to Redis."""
        return dict((await self._reader.read()).connections)

    async def run(self, workload: Workload) -> Run:
        """Post, deliver and settle a workload. Raises `BenchmarkFailed`."""
        paths = await self._paths_of(workload.fan_out)
        await self._endpoints.fail(workload.failing)
        began_s, before = time.monotonic(), await self._reader.read()
        rows = await self._reader.inserted()
        summary = await self._post(paths, workload, messages_of(workload))
        accepted = int(summary["accepted"])
        wanted = accepted * workload.fan_out
        got = await self._endpoints.wait_for(wanted)
        if not accepted or got["delivered"] != wanted:
            raise BenchmarkFailed(f"{workload}: {wanted} deliveries were due: {summary}, {got}")
        if not await self._reader.all_settled(_LONGEST_S):
            raise BenchmarkFailed(f"{workload}: not settled after {_LONGEST_S:g} s")
        await self._reader.rows_counted(
            rows["gateway"] + accepted, rows["worker"] + got["requests"], _COUNTED_S
        )
        grown = difference(before, await self._reader.read())
        took_s = time.monotonic() - began_s
        costs = {
            name: max(0.0, value - self._idle_per_s.get(name, 0.0) * took_s) / accepted
            for name, value in grown.items()
        }
        costs["attempts"] = got["requests"] / accepted
        return Run(workload, accepted, costs)

    async def _paths_of(self, fan_out: int) -> list[str]:
        if fan_out not in self._paths:
            urls = [
                [f"{self._endpoints.url}/{fan_out}/{app}/{number}" for number in range(fan_out)]
                for app in range(max(1, ENDPOINTS // fan_out))
            ]
            self._paths[fan_out] = await self._platform.new_applications(urls)
            # Configuration and connections are in place before something is counted.
            await self._endpoints.fail(0.0)
            warm = await self._post(self._paths[fan_out], Workload(1, fan_out), ENDPOINTS * 2)
            await self._endpoints.wait_for(int(warm["accepted"]) * fan_out)
            await self._reader.all_settled(_LONGEST_S)
        return self._paths[fan_out]

    async def _post(self, paths: list[str], workload: Workload, count: int) -> dict[str, Any]:
        paths_file = self._folder / "paths"
        paths_file.write_text("\n".join(paths))
        return await _output(
            "capacity_load.py",
            [
                str(_HERE / "capacity_load.py"),
                *("--url", self._platform.url, "--paths-file", str(paths_file)),
                *("--count", str(count), "--seconds", str(_LONGEST_S)),
                *("--body-bytes", str(int(workload.payload_kib * 1024))),
            ],
            _LONGEST_S + 90,
            {"ANGARIUM_TOKEN": self._platform.key},
        )


@asynccontextmanager
async def measuring(angarium: str, folder: Path) -> AsyncIterator[Measuring]:
    """`angarium dev` on Postgres, with a receiver and a reader of its counters."""
    async with (
        counting_endpoints() as endpoints,
        running_platform(angarium, "postgres", folder, SETTINGS) as platform,
    ):
        reader = await PlatformReader.open(platform)
        try:
            await reader.without_page_images()
            yield Measuring(platform, endpoints, reader, folder)
        finally:
            await reader.close()


def in_alternation(workloads: tuple[Workload, ...], times: int) -> Iterator[Workload]:
    """Each so many times, in turn: what slows the machine down for a while does not hit one."""
    for _ in range(times):
        yield from workloads
