"""The command `angarium-outbox` as a child process."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from .fake_platform import KEY, FakePlatform

COMMAND = str(Path(sys.executable).with_name("angarium-outbox"))


def environment(engine: AsyncEngine, **settings: str) -> dict[str, str]:
    """The environment of the command, with short times."""
    inherited = {name: value for name, value in os.environ.items() if "ANGARIUM" not in name}
    given = {
        "database_url": engine.url.render_as_string(hide_password=False),
        "poll_s": "0.05",
        "lease_s": "1",
        "backoff_max_s": "0.25",
        **settings,
    }
    return inherited | {f"ANGARIUM_OUTBOX_{name.upper()}": value for name, value in given.items()}


def relay_environment(
    engine: AsyncEngine, platform: FakePlatform, **settings: str
) -> dict[str, str]:
    """The environment of a relay that posts to the platform."""
    return environment(engine, api_url=platform.url, api_key=KEY, **settings)


async def run_command(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Run the command to its end; gives its exit status and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        COMMAND, *arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, errors = await process.communicate()
    return process.returncode or 0, out.decode(), errors.decode()


@asynccontextmanager
async def running_relay(environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A relay that runs until the end of the block, or until it is killed."""
    process = await asyncio.create_subprocess_exec(
        COMMAND, "relay", env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            await process.wait()
