"""The image: clean, and built from wheels on both architectures."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

from .compose_file import REPOSITORY

DOCKERFILE = REPOSITORY / "deploy/docker/Dockerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")
LOCKED: list[dict[str, Any]] = tomllib.loads((REPOSITORY / "uv.lock").read_text())["package"]
ARCHITECTURES = ("x86_64", "aarch64")


def python_version() -> str:
    (version,) = set(re.findall(r"^FROM python:(\d+\.\d+)\.", DOCKERFILE.read_text(), re.MULTILINE))
    return str(version)


def shipped(architecture: str) -> list[dict[str, Any]]:
    """The packages of others that the image gets, with the groups that the Dockerfile names."""
    environment = {
        "python_version": python_version(),
        "python_full_version": f"{python_version()}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": architecture,
        "platform_system": "Linux",
        "sys_platform": "linux",
        "os_name": "posix",
        "extra": "",
    }
    by_name = {each["name"]: each for each in LOCKED}
    left_out = set(re.findall(r"--no-install-package (\S+?)\"?\s", DOCKERFILE.read_text()))
    groups = re.findall(r"--group (\S+)", DOCKERFILE.read_text())
    found: dict[str, dict[str, Any]] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [("angarium", ())]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen or name in left_out:
            continue
        seen.add((name, extras))
        package = by_name[name]
        found[name] = package
        needed = list(package.get("dependencies", []))
        for group in groups:
            needed += package.get("dev-dependencies", {}).get(group, [])
        for extra in extras:
            needed += package.get("optional-dependencies", {}).get(extra, [])
        waiting += [
            (each["name"], tuple(each.get("extra", ())))
            for each in needed
            if "marker" not in each or Marker(each["marker"]).evaluate(environment)
        ]
    return [each for each in found.values() if "registry" in each["source"]]


def fits(filename: str, architecture: str) -> bool:
    """True if the image's Python installs this wheel."""
    interpreter = f"cp{python_version().replace('.', '')}"
    *_, tags = parse_wheel_filename(filename)
    for tag in tags:
        is_python = tag.interpreter in (interpreter, "py3") or tag.abi == "abi3"
        is_platform = tag.platform == "any" or (
            tag.platform.startswith(("manylinux", "linux")) and tag.platform.endswith(architecture)
        )
        if is_python and is_platform:
            return True
    return False


def test_the_dockerfile_is_clean() -> None:
    done = subprocess.run(
        [HADOLINT, "--failure-threshold", "style", DOCKERFILE],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_bases_are_pinned_by_digest() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE)

    assert len(bases) == 3
    assert [base for base in bases if not re.search(r":[^@]+@sha256:[0-9a-f]{64}$", base)] == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_package_has_a_wheel(architecture: str) -> None:
    """A package without one would need a compiler, which the slim base lacks."""
    packages = shipped(architecture)
    without = [
        each["name"]
        for each in packages
        if not any(
            fits(wheel["url"].rpartition("/")[2], architecture) for wheel in each.get("wheels", [])
        )
    ]

    assert len(packages) > 30
    assert "mcp" in {each["name"] for each in packages}
    assert without == []
