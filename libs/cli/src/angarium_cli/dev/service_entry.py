"""What a service's process runs under `angarium dev`: the service, tied to its supervisor's life.

    python -m angarium_cli.dev.service_entry SERVICE SUPERVISOR_PID

It loads the service's program, waits for a line on standard input (the databases are migrated in
the meantime), and runs it.
"""

import ctypes
import importlib
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run the service named on the command line."""
    service, supervisor_pid = sys.argv[1:]
    _end_with(int(supervisor_pid))
    program = importlib.import_module(f"angarium_{service}.main")
    if sys.stdin.buffer.readline():
        program.main()


def _end_with(supervisor_pid: int) -> None:
    """Have the kernel kill this process when its supervisor ends, however that ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != supervisor_pid:
        sys.exit(1)  # It ended before.


if __name__ == "__main__":
    main()
