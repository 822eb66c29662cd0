"""Keys that are pressed while a command runs."""

import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Keys(Protocol):
    """Waits, and gives the key that is pressed meanwhile."""

    def wait(self, timeout_s: float) -> str:
        """A key at once or within the time; empty if none is pressed."""


class NoKeys:
    """Without a terminal."""

    def wait(self, timeout_s: float) -> str:
        time.sleep(timeout_s)
        return ""


class TerminalKeys:
    """Keys of a terminal that gives each at once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def wait(self, timeout_s: float) -> str:
        if not select.select([self._descriptor], [], [], timeout_s)[0]:
            return ""
        found = os.read(self._descriptor, 1).decode(errors="replace")
        # The terminal was closed.
        return found or "q"


@contextmanager
def terminal_keys() -> Iterator[Keys]:
    """Keys of standard input, whose terminal is as before in the end; none if it is no terminal."""
    try:
        import termios
        import tty
    except ImportError:  # Windows has other terminals.
        yield NoKeys()
        return
    if not sys.stdin.isatty():
        yield NoKeys()
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield TerminalKeys(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
