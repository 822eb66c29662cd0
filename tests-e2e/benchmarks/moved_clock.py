"""`angarium`, its services and engines with a wall clock that can be moved ahead while they run.

    python moved_clock.py dev …

with LD_PRELOAD and MOVED_CLOCK_FILE of `MovedClock.environment`, which the engines get too.
"""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from failure import BenchmarkFailed

_SOURCE = Path(__file__).with_name("moved_clock.c")
_PASSED_ON = ("LD_PRELOAD", "MOVED_CLOCK_FILE")
_BUILD_TIMEOUT_S = 60.0
_INT64_BYTES = 8


class MovedClock:
    """A clock for all processes that are started with `environment`, in a folder that the user
    of Postgres can read. A later run on the folder goes on with its time."""

    def __init__(self, folder: Path) -> None:
        self._library = folder / "moved_clock.so"
        self._file = folder / "clock"
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise BenchmarkFailed("a clock that moves needs a C compiler (cc), and Linux")
        built = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", self._library, _SOURCE, "-ldl"],
            capture_output=True,
            text=True,
            timeout=_BUILD_TIMEOUT_S,
            check=False,
        )
        if built.returncode != 0:
            raise BenchmarkFailed(f"moved_clock.c: {built.stderr}")
        if not self._file.exists():
            self._file.write_bytes(bytes(_INT64_BYTES))
        self._library.chmod(0o755)
        self._file.chmod(0o644)

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "MOVED_CLOCK_FILE": str(self._file)}

    @property
    def ahead_s(self) -> int:
        return int.from_bytes(self._file.read_bytes(), sys.byteorder)

    def move(self, seconds: int) -> None:
        """Let the processes' time jump ahead."""
        ahead = (self.ahead_s + seconds).to_bytes(_INT64_BYTES, sys.byteorder)
        # In place: the processes have mapped this file.
        with self._file.open("r+b") as file:
            file.write(ahead)


def main() -> None:
    """Run the command line; its engines, which get a bare environment, get the clock too."""
    from angarium_cli.engines import server_process
    from angarium_cli.main import main as angarium

    added = {name: os.environ[name] for name in _PASSED_ON}
    server_process.bare_environment = partial(_with, server_process.bare_environment(), added)
    angarium()


def _with(bare: dict[str, str], added: dict[str, str]) -> dict[str, str]:
    return bare | added


if __name__ == "__main__":
    main()
