"""Waiting for what gives no event: other processes' files, databases and answers."""

import time
from collections.abc import Callable

_POLL_S = 0.02


def until[T](question: Callable[[], T | None], timeout_s: float, what: str) -> T:
    """The first answer that is neither None, False nor empty. For what gives no event."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline_s:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(_POLL_S)
