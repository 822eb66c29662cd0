"""The programs of Outpost and Svix: built from their published source, or given.

Outpost is a Go module: `go install` gets its source from the module registry and builds it. The
Svix server is in no registry that its language builds from, so its program has to be given.
"""

import os
import shutil
import subprocess
from pathlib import Path

from server_program import PeerMissing, find_program

OUTPOST_VERSION = "v1.11.1"
_OUTPOST_MODULE = "github.com/hookdeck/outpost"
_OUTPOST_PROGRAMS = ("outpost", "outpost-server")
_GO_FOLDERS = ("/usr/local/go/bin",)
_BUILD_TIMEOUT_S = 1_800.0


def find_outpost(given: Path | None, cache: Path, version: str, *, build: bool) -> Path:
    """The folder with Outpost's programs: `given`, or in `cache`, where they are built once.
    Raises `PeerMissing`."""
    if given is not None:
        return _with_programs(given)
    folder = cache / f"outpost-{version}"
    if not all((folder / name).exists() for name in _OUTPOST_PROGRAMS):
        if not build:
            raise PeerMissing("it is not built yet: leave --without-build out, or give --outpost")
        _build_outpost(folder, version)
    return folder


def find_svix(given: Path | None) -> Path:
    """The program of the Svix server. Raises `PeerMissing`."""
    if given is None:
        raise PeerMissing("no registry has the server's source: build it, and give --svix PROGRAM")
    if not given.is_file():
        raise PeerMissing(f"--svix {given} is no file")
    return given.absolute()


def _with_programs(folder: Path) -> Path:
    for name in _OUTPOST_PROGRAMS:
        if not (folder / name).is_file():
            raise PeerMissing(f"--outpost {folder} has no {name}: give the folder of its programs")
    return folder.absolute()


def _build_outpost(folder: Path, version: str) -> None:
    go = find_program("go", after=_GO_FOLDERS, remedy="install Go, or give --outpost")
    building = folder.with_name(f"{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    packages = [f"{_OUTPOST_MODULE}/cmd/{name}@{version}" for name in _OUTPOST_PROGRAMS]
    try:
        done = subprocess.run(
            [go, "install", *packages],
            cwd=building,
            env=os.environ | {"GOBIN": str(building.absolute())},
            capture_output=True,
            text=True,
            timeout=_BUILD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PeerMissing(f"go install did not end within {_BUILD_TIMEOUT_S:g} s") from None
    if done.returncode != 0:
        shutil.rmtree(building, ignore_errors=True)
        raise PeerMissing(f"go install {packages[0]} failed: {build_error(done.stderr)}")
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)


def build_error(stderr: str) -> str:
    """The last lines of what go says, on one line, without the packages that it downloads."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("go: downloading ")]
    return " ".join(told[-2:]) or "it says nothing"
