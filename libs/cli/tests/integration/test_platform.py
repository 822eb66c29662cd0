"""The whole of `angarium dev` but for the services: tiny programs stand in for them."""

import asyncio
import io
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from angarium_cli.dev.environment import DevOptions
from angarium_cli.dev.platform import until_stopped
from angarium_cli.dev.programs import Programs
from angarium_cli.dev.supervisor import GaveUp
from angarium_cli.dev.terminal import Terminal
from angarium_cli.failure import CommandFailed

SERVICE = """
import http.server, os, signal, socket, sys
name, journal = sys.argv[1:]
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
def end(*_):
    open(journal, "a").write(name + "\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
sys.stdin.readline()
if os.environ.get("ANGARIUM_STAND_IN_FAILS") == name:
    sys.exit("angarium: it was told to fail")
if name == "gateway":
    api = socket.create_server((os.environ["ANGARIUM_HOST"], int(os.environ["ANGARIUM_PORT"])))
print("serving", flush=True)
internal = ("127.0.0.1", int(os.environ["ANGARIUM_INTERNAL_PORT"]))
http.server.HTTPServer(internal, Ready).serve_forever()
"""
PREPARATION = """
import json, sys
task = json.load(sys.stdin)
key = task["chosen_key"] or task["kept_key"] or "ang_generated-" + str(len(task["database_urls"]))
print(json.dumps({"api_key": key}))
"""


class Log(io.StringIO):
    """The output; `until` waits for a text."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def write(self, text: str, /) -> int:
        self._news.set()
        return super().write(text)

    async def until(self, text: str, times: int = 1) -> None:
        async with asyncio.timeout(60):
            while self.getvalue().count(text) < times:
                self._news.clear()
                await self._news.wait()


class Run:
    """One run of the platform in this process."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        self.journal = folder.parent / "journal"
        self.out, self.logs = Log(), Log()
        options = DevOptions("127.0.0.1", 0, folder, "sqlite", None, demo=False, log_format="json")
        self.options = replace(options, **changes)
        programs = Programs(
            service=lambda name: [sys.executable, "-c", SERVICE, name, str(self.journal)],
            preparation=[sys.executable, "-c", PREPARATION],
        )
        terminal = Terminal("json", out=self.out, logs=self.logs)
        self.task = asyncio.create_task(until_stopped(self.options, programs, terminal))

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / "dev.json").read_text())
        return state

    async def ready(self) -> dict[str, Any]:
        await self.out.until("is ready")
        return self.state()

    async def stop(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await self.task


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Any]:
    runs: list[Run] = []

    def new(**changes: Any) -> Run:
        runs.append(Run(tmp_path / "data", **changes))
        return runs[-1]

    yield new
    for run in runs:
        run.task.cancel()
        with suppress(asyncio.CancelledError, CommandFailed):
            await run.task


async def test_it_tells_where_everything_is_while_it_runs(start: Any, tmp_path: Path) -> None:
    run = start()
    state = await run.ready()

    assert set(state["pids"]) == {"gateway", "dispatcher", "worker", "valkey", "dev"}
    assert state["pids"]["dev"] == os.getpid()
    assert all(psutil.pid_exists(pid) for pid in state["pids"].values())
    assert set(state["database_urls"]) == {"gateway", "dispatcher", "worker"}
    assert state["api_key"] == "ang_generated-3"
    assert (tmp_path / "data" / "dev.json").stat().st_mode & 0o777 == 0o600
    assert state["api_url"] in run.out.getvalue()

    await run.stop()

    assert not (tmp_path / "data" / "dev.json").exists()
    del state["pids"]["dev"]
    assert not [pid for pid in state["pids"].values() if psutil.pid_exists(pid)]
    assert run.journal.read_text().split() == ["gateway", "dispatcher", "worker"]


async def test_further_signals_do_not_disturb_the_stop(start: Any) -> None:
    run = start()
    await run.ready()

    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
    await run.stop()

    assert run.journal.read_text().split() == ["gateway", "dispatcher", "worker"]


async def test_the_next_start_has_the_same_key(start: Any) -> None:
    first = start()
    key = (await first.ready())["api_key"]
    await first.stop()

    second = start(api_key="a-key-of-my-own-choice")
    assert (await second.ready())["api_key"] == "a-key-of-my-own-choice"
    await second.stop()

    third = start()
    assert (await third.ready())["api_key"] == key
    await third.stop()


@pytest.mark.parametrize("name", ["worker", "gateway", "valkey"])
async def test_a_killed_process_comes_back_where_it_was(start: Any, name: str) -> None:
    run = start()
    before = await run.ready()

    os.kill(before["pids"][name], signal.SIGKILL)
    await run.logs.until('"process.restarted"')

    after = run.state()
    assert after["pids"][name] != before["pids"][name]
    assert {**after, "pids": 0} == {**before, "pids": 0}
    ended = next(
        json.loads(line) for line in run.logs.getvalue().splitlines() if "process.ended" in line
    )
    assert (ended["process"], ended["how"]) == (name, "killed by SIGKILL")
    await run.stop()


async def test_one_that_will_not_stay_up_ends_everything(start: Any) -> None:
    run = start()
    state = await run.ready()

    for restarts in range(5):
        await run.logs.until('"process.restarted"', restarts)
        os.kill(run.state()["pids"]["worker"], signal.SIGKILL)

    with pytest.raises(GaveUp, match="worker ended 5 times"):
        await run.task
    assert not psutil.pid_exists(state["pids"]["gateway"])
    assert not psutil.pid_exists(state["pids"]["valkey"])


async def test_a_service_that_refuses_to_start_ends_everything_and_says_why(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANGARIUM_STAND_IN_FAILS", "dispatcher")
    run = start()

    with pytest.raises(CommandFailed, match=r"dispatcher ended .* exit status 1: it was told") as e:
        await run.task

    assert "angarium: it was told to fail" in run.logs.getvalue()
    assert e.value.exit_status == 1
    assert not (run.folder / "dev.json").exists()


async def test_a_second_platform_on_the_same_folder_is_refused(start: Any) -> None:
    first = start()
    await first.ready()

    second = start()
    with pytest.raises(CommandFailed, match=f"in use by process {os.getpid()}"):
        await second.task

    assert not first.task.done()
