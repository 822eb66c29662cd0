"""The end of a process: awaited, and described."""

import signal
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

_POLL_S = 0.004


def await_end(processes: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait until all have ended, at most `timeout_s` for all; gives those that have not.

    A zombie counts as ended: an orphan stays one until init reaps it.
    """
    deadline_s = time.monotonic() + timeout_s
    left = [process for process in processes if _runs(process)]
    while left and time.monotonic() < deadline_s:
        time.sleep(_POLL_S)
        left = [process for process in left if _runs(process)]
    return left


def describe_end(return_code: int) -> str:
    """Describe a return code of `subprocess`; a negative one is the number of a signal."""
    if return_code >= 0:
        return f"exit status {return_code}"
    try:
        return f"killed by {signal.Signals(-return_code).name}"
    except ValueError:
        return f"killed by signal {-return_code}"


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
