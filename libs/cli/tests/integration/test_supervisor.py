"""The supervisor: what ends is started again, until it ends too often."""

import asyncio
from collections.abc import Sequence

import pytest
from angarium_cli.dev.supervisor import GaveUp, StartFailed, Supervisor


class FakeMember:
    """Ends whenever a test says how; starts unless it was told to fail."""

    def __init__(self, name: str, *, failing_starts: int = 0) -> None:
        self.name = name
        self.pid: int | None = 1
        self.ends: asyncio.Queue[str] = asyncio.Queue()
        self.started = asyncio.Event()
        self._failing_starts = failing_starts

    async def start(self) -> None:
        if self._failing_starts > 0:
            self._failing_starts -= 1
            raise StartFailed(f"{self.name} did not start")
        self.pid = (self.pid or 0) + 1
        self.started.set()

    async def ended(self) -> str:
        return await self.ends.get()

    async def stop(self) -> bool:
        return True

    def last_lines(self) -> list[str]:
        return ["its last line"]


class Told:
    """Keeps what the supervisor reports."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, str, float | None]] = []
        self.restarts: list[tuple[str, int | None]] = []
        self.pids_written = 0

    def ended(self, name: str, how: str, last_lines: Sequence[str], delay_s: float | None) -> None:
        assert list(last_lines) == ["its last line"]
        self.ends.append((name, how, delay_s))

    def restarted(self, name: str, pid: int | None) -> None:
        assert self.pids_written == len(self.restarts) + 1, "dev.json comes before the telling"
        self.restarts.append((name, pid))

    def pids_changed(self) -> None:
        self.pids_written += 1


@pytest.fixture
def told() -> Told:
    return Told()


def supervisor(told: Told) -> Supervisor:
    return Supervisor(told, lambda: 0.0, pids_changed=told.pids_changed)


async def test_what_ended_is_started_again_and_its_new_pid_written(told: Told) -> None:
    worker, gateway = FakeMember("worker"), FakeMember("gateway")
    keeping = asyncio.create_task(supervisor(told).keep([worker, gateway]))

    worker.ends.put_nowait("killed by SIGKILL")
    await worker.started.wait()
    await asyncio.sleep(0)

    assert told.ends == [("worker", "killed by SIGKILL", 0.25)]
    assert told.restarts == [("worker", 2)]
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert keeping.cancelled()


async def test_one_that_ends_again_and_again_is_given_up(told: Told) -> None:
    worker = FakeMember("worker")
    for _ in range(5):
        worker.ends.put_nowait("exit status 1")

    async with asyncio.timeout(30):
        with pytest.raises(
            GaveUp, match=r"worker ended 5 times within 60 s.*exit status 1"
        ) as gave:
            await supervisor(told).keep([worker, FakeMember("gateway")])

    assert gave.value.exit_status == 1
    assert [delay for _, _, delay in told.ends] == [0.25, 0.5, 1.0, 2.0, None]


async def test_a_start_that_fails_counts_as_an_end(told: Told) -> None:
    worker = FakeMember("worker", failing_starts=1)
    keeping = asyncio.create_task(supervisor(told).keep([worker]))

    worker.ends.put_nowait("exit status 1")
    await worker.started.wait()
    await asyncio.sleep(0)

    assert told.ends == [
        ("worker", "exit status 1", 0.25),
        ("worker", "worker did not start", 0.5),
    ]
    assert told.restarts == [("worker", 2)]
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
