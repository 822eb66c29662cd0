"""CPU time and peak memory of processes, their children included."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil

# Looking for children reads the whole process table: not too often.
_SAMPLE_INTERVAL_S = 5.0
# Started by nobody else's command: each other process of the platform is listed by itself.
_WITHOUT_CHILDREN = frozenset({"dev"})


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """User and system time by name since each process began; ended ones are left out.

    Children count, those that have ended too: Postgres works in backends.
    """
    used: dict[str, float] = {}
    for name, pid in pids.items():
        with suppress(psutil.NoSuchProcess):
            used[name] = sum(_cpu_of(process, name) for process in _family(name, pid))
    return used


def cpu_between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """The seconds used between two readings."""
    return {name: max(0.0, after[name] - before[name]) for name in before if name in after}


def memory_now(pids: Mapping[str, int]) -> dict[str, int]:
    """The proportional set of each process and its children, in bytes, at this moment; ended ones
    are left out."""
    held: dict[str, int] = {}
    for name, pid in pids.items():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            held[name] = _proportional_bytes(_family(name, pid))
    return held


class PeakMemory:
    """The most memory that each process held, in bytes.

    A single process counts its resident set, from the kernel's own high-water mark where there is
    one. A family of processes that share memory (Postgres) counts the sum of its proportional
    sets, sampled every five seconds.
    """

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self.bytes_max: dict[str, int] = dict.fromkeys(pids, 0)

    def sample(self) -> None:
        for name, pid in self._pids.items():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                held = _memory_of(_family(name, pid))
                self.bytes_max[name] = max(self.bytes_max[name], held)

    async def _sample_for_ever(self) -> None:
        while True:
            self.sample()
            await asyncio.sleep(_SAMPLE_INTERVAL_S)


@asynccontextmanager
async def sampled_memory(pids: Mapping[str, int]) -> AsyncIterator[PeakMemory]:
    """Peak memory, sampled until the end of the block."""
    peak = PeakMemory(pids)
    sampler = asyncio.create_task(peak._sample_for_ever())
    try:
        yield peak
        peak.sample()
    finally:
        sampler.cancel()
        with suppress(asyncio.CancelledError):
            await sampler


def _family(name: str, pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    if name in _WITHOUT_CHILDREN:
        return [process]
    return [process, *process.children(recursive=True)]


def _cpu_of(process: psutil.Process, name: str) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    used = times.user + times.system
    if name not in _WITHOUT_CHILDREN:
        used += times.children_user + times.children_system
    return float(used)


def _memory_of(family: list[psutil.Process]) -> int:
    if len(family) == 1:
        return _high_water_bytes(family[0].pid) or int(family[0].memory_info().rss)
    return _proportional_bytes(family)


def _proportional_bytes(family: list[psutil.Process]) -> int:
    held = 0
    for process in family:
        with suppress(psutil.NoSuchProcess):
            memory = process.memory_full_info()
            held += int(getattr(memory, "pss", memory.rss))
    return held


def _high_water_bytes(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
