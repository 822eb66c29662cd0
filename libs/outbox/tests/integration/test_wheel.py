"""The distribution, installed alone into an empty environment, runs its example."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..fake_platform import KEY, FakePlatform

LIBRARY = Path(__file__).parents[2]
UV = str(LIBRARY.parents[1] / ".ci/uv")
EXAMPLE = LIBRARY / "examples/orders.py"
TIMEOUT_S = 150


async def run(*command: str, at: Path, **environment: str) -> str:
    """Run a program to its end; gives what it wrote."""
    # Not those of the tests' own environment, which uv would use instead.
    ours = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONPATH")
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=at,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    async with asyncio.timeout(TIMEOUT_S):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


@pytest.mark.timeout(300)
async def test_the_wheel_installed_alone_runs_its_example(
    tmp_path: Path, platform: FakePlatform
) -> None:
    await run(UV, "build", "--wheel", str(LIBRARY), "--out-dir", "dist", at=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    await run(UV, "venv", "--python", sys.executable, "alone", at=tmp_path)
    python = str(tmp_path / "alone/bin/python")
    await run(UV, "pip", "install", "--python", python, f"{wheel}[sqlite]", at=tmp_path)

    out = await run(python, str(EXAMPLE), at=tmp_path, ANGARIUM_URL=platform.url, ANGARIUM_KEY=KEY)

    assert out == ("ord_2 is rolled back, and its event with it\nAngarium accepted 1 event\n")
    assert [message["payload"] for message in platform.stored] == [{"id": "ord_1", "cents": 4200}]
    listed = await run(UV, "pip", "list", "--python", python, "--quiet", at=tmp_path)
    names = {line.split()[0] for line in listed.splitlines()[2:]}
    assert {name for name in names if name.startswith("angarium")} == {"angarium-outbox"}
    assert len(names) < 16
