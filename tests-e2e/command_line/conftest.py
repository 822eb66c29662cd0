"""The commands for users, with a configuration folder of their own."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from angarium_cli.main import main

from ..child_process import bare_environment  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252


@dataclass(frozen=True, slots=True)
class Ended:
    """The result of a command."""

    status: int
    out: str
    err: str


type Run = Callable[..., Ended]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration folder; no variable of this environment counts."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for variable in ("ANGARIUM_URL", "ANGARIUM_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "angarium"


@pytest.fixture
def run(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `angarium …` in this process, not on a terminal."""

    def run_command(*arguments: str, given: bytes = b"") -> Ended:
        monkeypatch.setattr(sys, "argv", ["angarium", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return run_command


@pytest.fixture
def logged_in(run: Run, platform: DevPlatform) -> Run:
    """As `run`, with the profile `default` for the platform."""
    done = run("login", "--url", platform.url, given=platform.key.encode())
    assert done.status == 0, done.err
    return run


@pytest.fixture
def terminal_environment(config: Path) -> dict[str, str]:
    """The environment of a program that uses the same configuration folder."""
    return bare_environment(XDG_CONFIG_HOME=str(config.parent))


@pytest.fixture
def acme(logged_in: Run) -> str:
    """The uid of a new application."""
    uid = f"acme-{uuid4().hex}"
    done = logged_in("apps", "create", "Acme", "--uid", uid)
    assert done.status == 0, done.err
    return uid
