"""The faults that only the system's own calls can show, built from engine_faults.c."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from angarium_cli.engines import PostgresProcess, server_process

_SOURCE = Path(__file__).with_name("engine_faults.c")
_BUILD_TIMEOUT_S = 60.0


def build(folder: Path) -> Path:
    """Compile it with the system's C compiler. Raises AssertionError without one, or off Linux."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "the rows with injected system calls need a C compiler (cc), and Linux"
    library = folder / "engine_faults.so"
    built = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl"],
        capture_output=True,
        text=True,
        timeout=_BUILD_TIMEOUT_S,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    library.chmod(0o755)
    return library


class BreakablePostgres(PostgresProcess):
    """A Postgres whose disk can be made full, or fail to sync, while it runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._flags = folder.parent / "postgres-flags"

    def start(self) -> None:
        """As PostgresProcess, with the library preloaded."""
        self._flags.mkdir(parents=True, exist_ok=True)
        # Its user must be able to look for the flags.
        self._flags.chmod(0o755)
        library = build(self._flags)
        bare = server_process.bare_environment
        added = {"LD_PRELOAD": str(library), "FAULT_FLAGS": str(self._flags)}
        server_process.bare_environment = partial(_with, bare(), added)
        try:
            super().start()
        finally:
            server_process.bare_environment = bare

    @contextmanager
    def broken(self, flag: str) -> Iterator[None]:
        """`fsync-fails` or `disk-is-full`, for as long as the block lasts."""
        path = self._flags / flag
        path.touch()
        try:
            yield
        finally:
            path.unlink()


def _with(bare: dict[str, str], added: dict[str, str]) -> dict[str, str]:
    return bare | added


def shifted_clock(folder: Path, shift_s: int) -> dict[str, str]:
    """The environment of a process whose wall clock is `shift_s` off."""
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "engine_faults.so"
    if not library.exists():
        build(folder)
    return {"LD_PRELOAD": os.fspath(library), "FAULT_CLOCK_SHIFT_S": str(shift_s)}
