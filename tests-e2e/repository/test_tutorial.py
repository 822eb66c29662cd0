"""The tutorial's scripts, taken from the page and run in its order."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..child_process import start_process  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252

PAGE = Path(__file__).parents[2] / "docs/tutorial/first-webhook.md"
SCRIPT = re.compile(r'```python title="(?P<name>[\w.]+)"\n(?P<text>.*?)```', re.DOTALL)


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A folder with the page's scripts."""
    for script in SCRIPT.finditer(PAGE.read_text()):
        (tmp_path / script["name"]).write_text(script["text"])
    return tmp_path


def run(scripts: Path, name: str, *arguments: str, **environment: str) -> str:
    ended = subprocess.run(
        [sys.executable, scripts / name, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@contextmanager
def receiver(scripts: Path, secret: str, port: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, str(scripts / "receiver.py"), port]
    running = start_process(
        command,
        {"WEBHOOK_SECRET": secret},
        out=subprocess.PIPE,
        errors=subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        running.terminate()
        running.wait(10)
        if running.stdout is not None:
            running.stdout.close()


def next_line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


def test_the_tutorial_works_as_written(platform: DevPlatform, scripts: Path) -> None:
    sdk = {"ANGARIUM_URL": platform.url, "ANGARIUM_KEY": platform.key}
    with receiver(scripts, "whsec_" + "A" * 32, "0") as probe:
        port = next_line(probe).removeprefix("listening on ")
    secret = run(scripts, "register.py", port, **sdk)

    with receiver(scripts, secret, port) as running:
        assert next_line(running) == f"listening on {port}"
        message_id = run(scripts, "post.py", **sdk)
        arrived = next_line(running)

    assert arrived == f"verified: {message_id} {{'invoice': 'in_1', 'cents': 4200}}"
    recorded = f"success 204 http://127.0.0.1:{port}/webhooks"
    until(lambda: run(scripts, "attempts.py", message_id, **sdk) == recorded, 10, "it is on record")
