"""Finds the browser of the tests, or installs one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from filelock import FileLock
from playwright.sync_api import Playwright

VARIABLE: Final = "ANGARIUM_TEST_BROWSER"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MACOS: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_DOWNLOAD_TIMEOUT_S: Final = 300
_APT_TIMEOUT_S: Final = 600


def chromium_path(playwright: Playwright, lock_folder: Path) -> str:
    """The path of a Chromium or Chrome: an installed one, else Playwright's, else Debian's.

    Test processes that run at once install it once. Fails with the command that helps.
    """
    with FileLock(lock_folder / "chromium.lock"):
        found = _installed() or _downloaded(playwright) or _from_debian()
    if found is None:
        raise RuntimeError(
            "The browser tests need Chromium or Chrome, and none could be installed. Install one:"
            " `sudo apt-get install chromium` on Debian and Ubuntu, `brew install --cask chromium`"
            f" on macOS; or set {VARIABLE} to the path of one."
        )
    return found


def _installed() -> str | None:
    named = os.environ.get(VARIABLE)
    if named:
        return named
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return found or next((path for path in _MACOS if Path(path).exists()), None)


def _downloaded(playwright: Playwright) -> str | None:
    own = Path(playwright.chromium.executable_path)
    if not own.exists():
        _succeeds(
            [sys.executable, "-m", "playwright", "install", "chromium"], within=_DOWNLOAD_TIMEOUT_S
        )
    return str(own) if own.exists() else None


def _from_debian() -> str | None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    install = [apt, "install", "-y", "--no-install-recommends", "chromium"]
    if not _succeeds(install, within=_APT_TIMEOUT_S):
        _succeeds([apt, "update"], within=_APT_TIMEOUT_S)
        _succeeds(install, within=_APT_TIMEOUT_S)
    return shutil.which("chromium")


def _succeeds(command: list[str], *, within: float) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        ran = subprocess.run(
            command, env=environment, timeout=within, check=False, capture_output=True
        )
    except subprocess.TimeoutExpired:
        return False
    return ran.returncode == 0
