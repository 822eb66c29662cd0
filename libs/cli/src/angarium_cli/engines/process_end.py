"""Waiting for processes that are not our children."""

import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

_POLL_S = 0.004


def await_end(processes: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait until all have ended, at most `timeout_s` for all; gives those that have not.

    A zombie has ended: an orphan stays one until init gets round to it.
    """
    deadline_s = time.monotonic() + timeout_s
    left = [process for process in processes if _runs(process)]
    while left and time.monotonic() < deadline_s:
        time.sleep(_POLL_S)
        left = [process for process in left if _runs(process)]
    return left


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
