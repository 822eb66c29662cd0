"""A service's process: loaded, run, passed on, restarted and stopped; with tiny programs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest
from angarium_cli.dev.service_process import ServiceProcess
from angarium_cli.dev.supervisor import StartFailed
from angarium_cli.process_end import await_end

BEGIN = "import signal, sys, time, pathlib\n"
WAIT = "sys.stdin.readline()\n"
STAY = "signal.pause()\n"


type Make = Callable[..., ServiceProcess]


class Lines(list[str]):
    """The lines that a process wrote; `until` waits for one."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def take(self, _: str, line: str) -> None:
        self.append(line)
        self._news.set()

    async def until(self, line: str) -> None:
        while line not in self:
            self._news.clear()
            await self._news.wait()


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
async def make(lines: Lines) -> AsyncIterator[Make]:
    async with AsyncExitStack() as stopped_at_the_end:

        def new(program: str, *, ready_line: str = "ready", **bounds: float) -> ServiceProcess:
            async def ready() -> str | None:
                return None if ready_line in lines else "it has not said so"

            process = ServiceProcess(
                "worker",
                [sys.executable, "-c", BEGIN + program],
                {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
                ready=ready,
                write_line=lines.take,
                stop_timeout_s=bounds.get("stop_timeout_s", 10),
                start_timeout_s=bounds.get("start_timeout_s", 20),
            )
            stopped_at_the_end.push_async_callback(process.stop)
            return process

        yield new


async def test_it_runs_only_once_it_is_told(make: Make, lines: Lines) -> None:
    process = make("print('loaded')\n" + WAIT + "print('ready')\n" + STAY)
    await process.load()
    await lines.until("loaded")
    assert "ready" not in lines

    await process.run()

    assert lines == ["loaded", "ready"]


async def test_a_stop_is_asked_for_and_waited_for(make: Make, lines: Lines) -> None:
    process = make(
        "def end(*_):\n  print('recording'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n" + WAIT + "print('ready')\n" + STAY
    )
    await process.start()

    assert await process.stop()

    assert lines[-1] == "recording"
    assert await process.ended() == "exit status 0"
    assert await process.stop()


async def test_one_that_will_not_stop_is_killed_with_its_children(
    make: Make, tmp_path: Path
) -> None:
    process = make(
        "import subprocess\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(child.pid))\n"
        "print('ready')\n" + STAY,
        stop_timeout_s=0.1,
    )
    await process.start()
    child = psutil.Process(int((tmp_path / "pid").read_text()))

    assert not await process.stop()

    assert await process.ended() == "killed by SIGKILL"
    assert not await_end([child], 10)


async def test_an_end_is_told_with_its_last_lines(make: Make) -> None:
    process = make(
        "def end(*_):\n  print('one\\n\\ntwo'); sys.exit(3)\n"
        "signal.signal(signal.SIGUSR1, end)\n" + WAIT + "print('ready')\n" + STAY
    )
    await process.start()
    assert process.pid is not None

    os.kill(process.pid, signal.SIGUSR1)

    assert await process.ended() == "exit status 3"

    assert process.last_lines() == ["ready", "one", "two"]


async def test_one_that_ends_while_starting_fails_the_start(make: Make) -> None:
    process = make("sys.exit('angarium: the database has no schema')")

    with pytest.raises(StartFailed, match="exit status 1: the database has no schema"):
        await process.start()

    assert process.last_lines() == ["angarium: the database has no schema"]


async def test_one_that_never_gets_ready_is_stopped_and_says_what_was_missing(make: Make) -> None:
    process = make(STAY, start_timeout_s=0.3)

    with pytest.raises(StartFailed, match=r"not ready after 0.3 s: it has not said so"):
        await process.start()

    assert await process.ended() == "killed by SIGTERM"


async def test_a_missing_program_is_a_failed_start() -> None:
    async def ready() -> str | None:
        return None

    process = ServiceProcess(
        "worker", ["/no/such/program"], {}, ready=ready, write_line=print, stop_timeout_s=1
    )

    with pytest.raises(StartFailed, match="could not be started"):
        await process.start()

    assert await process.stop()


async def test_it_can_be_started_again(make: Make, lines: Lines) -> None:
    process = make(WAIT + "print('ready')\n" + STAY)
    await process.start()
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert await process.ended() == "killed by SIGKILL"
    lines.clear()

    await process.start()

    assert process.pid not in {first, None}


async def test_ctrl_c_in_the_terminal_does_not_reach_it(make: Make) -> None:
    process = make(WAIT + "print('ready')\n" + STAY)
    await process.start()

    assert process.pid is not None
    assert os.getsid(process.pid) == process.pid != os.getsid(0)


async def test_files_that_it_makes_are_its_owners_alone(make: Make, tmp_path: Path) -> None:
    made = tmp_path / "made"
    process = make(f"pathlib.Path({str(made)!r}).touch()\nprint('ready')\n" + STAY)
    await process.start()

    assert made.stat().st_mode & 0o777 == 0o600
