"""A whole process: its exit status and what stands on standard error."""

import json
import signal
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio
import structlog
from angarium_chassis.logs import set_up_logs
from angarium_chassis.process import StartRefused, run_process
from angarium_chassis.settings import SettingsRefused

async def work():
{work}

set_up_logs("courier")
run_process(work)
print("closed")
"""


def start(work: str) -> subprocess.Popen[str]:
    body = "\n".join("    " + line for line in work.splitlines())
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(work=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "work",
    [
        'raise StartRefused("port 80 is taken; set ANGARIUM_PORT")',
        'raise SettingsRefused("port 80 is taken; set ANGARIUM_PORT")',
        """
async def refuse():
    raise StartRefused("port 80 is taken; set ANGARIUM_PORT")
async with asyncio.TaskGroup() as outer:
    outer.create_task(asyncio.sleep(60))
    async with asyncio.TaskGroup() as inner:
        inner.create_task(refuse())
""",
    ],
)
def test_a_refused_start_is_one_line_and_exit_2(work: str) -> None:
    process = start(work)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 2
    assert err == "angarium: port 80 is taken; set ANGARIUM_PORT\n"
    assert out == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_told_process_closes_in_order_and_exits_with_0(number: signal.Signals) -> None:
    process = start("""
structlog.contextvars.bind_contextvars(replica="a1b2")
print("started", flush=True)
try:
    await asyncio.Event().wait()
finally:
    await asyncio.sleep(0)
    print("finished", flush=True)
""")
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"

    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert out == "finished\nclosed\n"
    stopping, stopped = [json.loads(line) for line in err.splitlines()]
    assert (stopping["event"], stopping["signal"]) == ("process.stopping", number.name)
    assert stopped["event"] == "process.stopped"
    assert [stopping["replica"], stopped["replica"]] == ["a1b2", "a1b2"]


@pytest.mark.parametrize(
    "work",
    [
        'structlog.contextvars.bind_contextvars(replica="a1b2"); raise OSError("disk full")',
        """
structlog.contextvars.bind_contextvars(replica="a1b2")
async def fail():
    raise OSError("disk full")
async with asyncio.TaskGroup() as tasks:
    tasks.create_task(fail())
""",
    ],
)
def test_an_error_at_work_is_logged_and_exits_with_1(work: str) -> None:
    process = start(work)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 1
    (line,) = err.splitlines()
    assert '"process.failed"' in line
    assert "disk full" in line
    assert json.loads(line)["replica"] == "a1b2"


def test_work_that_ends_ends_the_process() -> None:
    process = start("pass")
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out) == (0, "closed\n")
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["process.stopped"]
