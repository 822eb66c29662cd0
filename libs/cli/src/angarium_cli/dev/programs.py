"""The programs that `angarium dev` runs beside itself, and the one that runs a service.

    python -m angarium_cli.dev.programs SERVICE SUPERVISOR_PID

It imports the service, waits for a line on standard input (the databases are migrated in the
meantime), and runs the service. It ends when its supervisor does.
"""

import ctypes
import importlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from angarium_chassis.lean_imports import lean_imports

from angarium_cli.services import ServiceName

# -P: a module in the working folder must not shadow one of ours.
_PYTHON = [sys.executable, "-P", "-m"]
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Programs:
    """Command lines: a service's process, and the process that prepares the databases."""

    service: Callable[[ServiceName], list[str]]
    preparation: list[str]


def installed_programs() -> Programs:
    """The programs of this installation, tied to this process."""
    pid = str(os.getpid())
    return Programs(
        service=lambda name: [*_PYTHON, "angarium_cli.dev.programs", name, pid],
        preparation=[*_PYTHON, "angarium_cli.dev.preparation"],
    )


def main() -> None:
    """Run the service named on the command line."""
    service, supervisor_pid = sys.argv[1:]
    _end_with(int(supervisor_pid))
    with lean_imports():
        program = importlib.import_module(f"angarium_{service}.main")
    if sys.stdin.buffer.readline():
        program.main()


def _end_with(supervisor_pid: int) -> None:
    """Have the kernel kill this process when its supervisor ends, however it ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != supervisor_pid:
        sys.exit(1)  # The supervisor ended before.


if __name__ == "__main__":
    main()
