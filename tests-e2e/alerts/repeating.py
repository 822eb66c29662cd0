"""Something that is done again and again in a thread while a break lasts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx

_JOIN_TIMEOUT_S = 60.0


@contextmanager
def repeating(action: Callable[[], object], every_s: float, *, threads: int = 1) -> Iterator[None]:
    """Call `action` every `every_s` in each of the threads. Requests that fail are what a break is
    for: httpx's errors are ignored."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(every_s):
            with suppress(httpx.HTTPError):
                action()

    started = [threading.Thread(target=run, daemon=True) for _ in range(threads)]
    for thread in started:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in started:
            thread.join(_JOIN_TIMEOUT_S)
