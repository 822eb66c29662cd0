"""The build hook: which Node it wants, when it compiles, and what a wheel has in it."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from libs.console import build_assets
from libs.console.build_assets import NODE_WHEEL, AssetsHook

_ROOT = Path(__file__).parents[4]
_PACKAGE = _ROOT / "libs/console"


def _hook(root: Path) -> AssetsHook:
    nothing: Any = None
    return AssetsHook(str(root), {}, nothing, nothing, str(root), "wheel")


def _node(folder: Path, version: str) -> None:
    for name in ("node", "npm"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho v{version}\n")
        program.chmod(0o755)


@pytest.mark.parametrize(
    ("installed", "wanted"),
    [("20.19.0", []), ("24.1.0", []), ("20.18.9", [NODE_WHEEL]), ("18.0.0", [NODE_WHEEL])],
)
def test_a_node_that_is_new_enough_is_used(
    installed: str, wanted: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _node(tmp_path, installed)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    assert _hook(tmp_path).dependencies() == wanted


def test_a_machine_without_node_gets_one_from_its_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _hook(tmp_path).dependencies() == [NODE_WHEEL]


def test_assets_are_compiled_again_when_a_source_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []

    def compile_one(web: Path, assets: Path) -> None:
        assets.mkdir(parents=True, exist_ok=True)
        compiled.append((web / "src/main.ts").read_text())

    monkeypatch.setattr(build_assets, "_compile", compile_one)
    source = tmp_path / "web/src/main.ts"
    source.parent.mkdir(parents=True)
    for text in ("1", "1", "2"):
        source.write_text(text)
        _hook(tmp_path).initialize("standard", {})
    assert compiled == ["1", "2"]


def test_a_wheel_has_the_pages_and_no_sources(tmp_path: Path) -> None:
    copy = tmp_path / "console"
    shutil.copytree(
        _PACKAGE, copy, ignore=shutil.ignore_patterns("node_modules", "__pycache__", "tests")
    )
    built = subprocess.run(
        [_ROOT / ".ci/uv", "build", "--wheel", "--quiet", "--out-dir", tmp_path, copy],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {"angarium_console/assets/console.html", "angarium_console/assets/portal.html"} <= {
        *names
    }
    assert any(name.endswith(".js.br") for name in names)
    assert not [name for name in names if name.endswith((".tsx", ".ts")) or "node" in name]
