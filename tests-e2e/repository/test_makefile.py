"""What a newcomer types first: the Makefile's targets and the way uv is found."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
EXPECTED = {"run", "test", "lint", "types", "bench", "docs", "clean", "help"}
TOOLS_OF_THE_SCRIPT = ("sh", "dirname", "paste", "rm")


def executable(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A clone at `clone/`, and at `bin/` the only programs that this machine has."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS_OF_THE_SCRIPT:
        found = shutil.which(tool)
        assert found, f"{tool} is missing on this machine"
        (programs / tool).symlink_to(found)
    script = tmp_path / "clone/.ci/uv"
    script.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / ".ci/uv", script)
    return tmp_path


def run_uv(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [machine / "clone/.ci/uv", *arguments],
        env={"PATH": str(machine / "bin"), "HOME": str(machine)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def fake_uv(version: str, name: str) -> str:
    return (
        f'if [ "$1" = --version ]; then echo "uv {version}"; '
        f'else echo "{name}: $* ${{PYENV_VERSION-}}"; fi'
    )


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=REPOSITORY,
        env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )


def targets() -> set[str]:
    phony = re.search(r"^\.PHONY: (.+)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert phony
    return set(phony[1].split())


def test_help_lists_every_target_with_a_line() -> None:
    listed = dict(re.findall(r"^  make (\S+) +(\S.+)$", make("help").stdout, re.MULTILINE))

    assert set(listed) == targets()
    assert targets() >= EXPECTED


def test_make_alone_shows_the_help() -> None:
    assert make().stdout == make("help").stdout


def test_run_starts_the_demo_and_passes_further_arguments() -> None:
    commands = make("--dry-run", "run", "RUN_ARGS=--port 0").stdout

    assert "sync --locked" in commands
    assert "angarium dev --demo --port 0" in commands


def test_an_installed_uv_is_used(machine: Path) -> None:
    executable(machine / "bin/uv", fake_uv("0.13.9", "installed"))

    assert run_uv(machine, "sync", "--locked").stdout.split() == ["installed:", "sync", "--locked"]


@pytest.mark.parametrize("version", ["0.4.30", "garbage"])
def test_a_uv_too_old_for_the_lock_gives_way_to_the_repositorys_own(
    machine: Path, version: str
) -> None:
    executable(machine / "bin/uv", fake_uv(version, "installed"))
    executable(machine / "clone/.uv/bin/uv", fake_uv("0.13.9", "own"))

    assert run_uv(machine, "sync").stdout.split() == ["own:", "sync"]


def test_without_uv_the_first_python_that_can_installs_one(machine: Path) -> None:
    executable(machine / "bin/python3.13", "exit 127")
    prepared = machine / "prepared"
    executable(prepared, fake_uv("0.13.9", "own"))
    cp = shutil.which("cp")
    mkdir = shutil.which("mkdir")
    # A Python without venv, whose `-m pip install … --target FOLDER` brings a uv.
    executable(
        machine / "bin/python3.12",
        f'case "$2" in venv) exit 1;; pip) {mkdir} -p "$7/bin"; {cp} {prepared} "$7/bin/uv";; esac',
    )

    done = run_uv(machine, "sync")

    assert done.stdout.split() == ["own:", "sync"]
    assert "installing it into .uv/" in done.stderr


def test_without_uv_and_python_the_remedy_is_named(machine: Path) -> None:
    done = run_uv(machine, "sync")

    assert done.returncode != 0
    assert "Install uv" in done.stderr


def test_every_interpreter_of_pyenv_is_offered_to_uv(machine: Path) -> None:
    executable(machine / "bin/pyenv", "printf '3.11.7\\n3.12.1\\n3.13.0\\n'")
    executable(machine / "bin/uv", fake_uv("0.13.9", "installed"))

    assert run_uv(machine, "sync").stdout.split()[-1] == "3.11.7:3.12.1:3.13.0"
