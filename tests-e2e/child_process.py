"""Child processes that cannot outlive the test run."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ANGARIUM = str(Path(sys.executable).with_name("angarium"))

_PR_SET_PDEATHSIG = 1
_RUN_TIMEOUT_S = 120.0
_libc = ctypes.CDLL(None)


def bare_environment(**settings: str) -> dict[str, str]:
    """This process's environment without Angarium's own settings, and with `settings`."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("ANGARIUM_")}
    return inherited | settings


def start_process(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    out: IO[bytes] | int,
    errors: IO[bytes] | int,
    at_our_end: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own; it gets `at_our_end` should this one be killed."""

    def tie() -> None:
        if sys.platform == "linux":
            _libc.prctl(_PR_SET_PDEATHSIG, int(at_our_end), 0, 0, 0)

    return subprocess.Popen(
        list(command),
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=errors,
        start_new_session=True,
        preexec_fn=tie,
    )


def run_angarium(arguments: Sequence[str], **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `angarium …` to its end, with these settings only."""
    return subprocess.run(
        [ANGARIUM, *arguments],
        env=bare_environment(**settings),
        capture_output=True,
        text=True,
        timeout=_RUN_TIMEOUT_S,
        check=False,
    )
