"""Engines under supervision: their end is noticed and explained, also the supervisor's own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from angarium_cli.dev.engines import EngineMember
from angarium_cli.dev.supervisor import StartFailed
from angarium_cli.engines import ValkeyProcess
from angarium_cli.process_end import await_end
from redis.asyncio import Redis


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[ValkeyProcess]:
    server = ValkeyProcess(tmp_path / "valkey")
    yield server
    server.kill()


async def test_a_killed_engine_is_noticed_and_comes_back_at_its_place(
    valkey: ValkeyProcess,
) -> None:
    pids: list[int | None] = []
    member = EngineMember("valkey", valkey, pid_changed=lambda: pids.append(valkey.pid))
    await member.start()
    url, first = valkey.url, member.pid
    ending = asyncio.create_task(member.ended())
    await asyncio.sleep(0)
    assert first is not None

    os.kill(first, signal.SIGKILL)

    assert await ending == "killed by SIGKILL"
    assert member.last_lines()
    assert member.running_pid is None
    await member.start()
    async with Redis.from_url(url) as client:
        assert await client.ping()
    assert await member.stop()
    assert pids == [first, member.pid, member.pid]


async def test_an_engines_own_end_is_told_by_its_exit_status(valkey: ValkeyProcess) -> None:
    member = EngineMember("valkey", valkey, pid_changed=lambda: None)
    await member.start()
    async with Redis.from_url(valkey.url) as client:
        await client.shutdown(nosave=True)

    assert await member.ended() == "exit status 0"


async def test_an_engine_that_cannot_start_fails_the_start(tmp_path: Path) -> None:
    server = ValkeyProcess(tmp_path, config={"no-such-setting": "1"})
    member = EngineMember("valkey", server, pid_changed=lambda: None)

    with pytest.raises(StartFailed, match=r"^Valkey: it ended while starting"):
        await member.start()


async def test_a_stop_comes_after_a_start_that_was_cancelled_on_its_way(
    valkey: ValkeyProcess,
) -> None:
    member = EngineMember("valkey", valkey, pid_changed=lambda: None)
    starting = asyncio.create_task(member.start())
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)

    await member.stop()

    assert not valkey.alive()


OWNER = """
import asyncio, signal, sys
from pathlib import Path
from angarium_cli.dev.engines import EngineMember, EngineWatch
from angarium_cli.engines import ValkeyProcess

async def main():
    watch = EngineWatch()
    valkey = ValkeyProcess(Path(sys.argv[1]))
    member = EngineMember("valkey", valkey, pid_changed=lambda: watch.watch([valkey.pid]))
    await member.start()
    print(valkey.pid, flush=True)
    signal.pause()

asyncio.run(main())
"""


async def test_the_engine_of_a_killed_supervisor_ends_with_it(tmp_path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    engine = psutil.Process(int(await owner.stdout.readline()))
    assert engine.is_running()

    owner.kill()
    await owner.wait()

    assert not await_end([engine], 20)
