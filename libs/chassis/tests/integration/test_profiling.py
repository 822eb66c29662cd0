"""/profile of the internal port: a sampled profile of everything that the event loop runs."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from angarium_chassis.cpu_samples import CpuSamples
from angarium_chassis.health import Readiness
from angarium_chassis.internal_http import Profile, bind, internal_app, profiling_is_off, serve_http
from angarium_chassis.profiling import Profiling


@asynccontextmanager
async def internal_port(profile: Profile) -> AsyncIterator[httpx.AsyncClient]:
    listener = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    task = asyncio.create_task(serve_http(internal_app(Readiness(), profile=profile), listener))
    try:
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
            yield client
    finally:
        task.cancel()
        await asyncio.wait([task])


def sum_of_squares() -> int:
    return sum(number * number for number in range(20_000))


async def busy() -> None:
    while True:
        sum_of_squares()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("?seconds=1", "text/html", "text/html; charset=utf-8"),
        ("?seconds=1", "application/json", "application/json"),
        ("?seconds=1&format=speedscope", "*/*", "application/json"),
    ],
)
async def test_a_profile_shows_what_another_task_does(
    query: str, accept: str, media_type: str
) -> None:
    work = asyncio.create_task(busy())
    try:
        async with internal_port(Profiling("gateway").answer) as client:
            answer = await client.get(f"/profile{query}", headers={"accept": accept})
    finally:
        work.cancel()

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert "sum_of_squares" in answer.text
    if media_type == "application/json":
        shared = json.loads(answer.text)["shared"]
        assert "sum_of_squares" in {frame["name"] for frame in shared["frames"]}


async def test_one_profile_is_taken_at_a_time() -> None:
    profiling = Profiling("gateway")
    first = asyncio.create_task(profiling.answer("seconds=60", ""))
    await asyncio.sleep(0)

    status, _, body = await profiling.answer("seconds=1", "")

    assert status == 409
    assert b"Try again" in body
    first.cancel()
    await asyncio.wait([first])
    status, _, body = await profiling.answer("seconds=1&format=speedscope", "")
    assert status == 200


async def test_a_signal_that_comes_after_the_last_sample_does_no_harm() -> None:
    with CpuSamples().taking():
        pass

    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    os.kill(os.getpid(), signal.SIGPROF)


async def test_short_steps_of_a_process_that_mostly_waits_are_seen() -> None:
    """A step takes less than the time between two samples, and waits longer than that."""
    taken, began_s = CpuSamples(), time.process_time()
    with taken.taking():
        while not any("sum_of_squares" in name for stack, _ in taken.samples for name in stack):
            sum_of_squares()
            await asyncio.sleep(0.01)

    assert sum(cpu_s for _, cpu_s in taken.samples) <= time.process_time() - began_s


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("seconds=0", "`seconds`"),
        ("seconds=61", "`seconds`"),
        ("seconds=999999999999", "`seconds`"),
        ("seconds=1.5", "`seconds`"),
        ("seconds=-1", "`seconds`"),
        ("seconds=²", "`seconds`"),
        ("seconds=1&format=svg", "`format`"),
    ],
)
async def test_a_wrong_query_is_refused_with_the_bounds(query: str, named: str) -> None:
    status, media_type, body = await Profiling("gateway").answer(query, "")

    assert (status, media_type) == (400, "application/json")
    assert named in json.loads(body)["detail"]


async def test_profiling_that_is_off_says_how_to_turn_it_on() -> None:
    async with internal_port(profiling_is_off) as client:
        answer = await client.get("/profile")

    assert answer.status_code == 404
    assert "ANGARIUM_PROFILING=true" in answer.json()["detail"]


def test_the_profiler_is_not_loaded_while_profiling_is_off() -> None:
    program = "import sys, angarium_chassis.service; sys.exit('pyinstrument' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
