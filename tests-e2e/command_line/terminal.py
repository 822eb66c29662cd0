"""A program on a real pseudo-terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from typing import Self

_WAIT_S = 60.0
_CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


def _as_from_a_shell() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # the terminal that /dev/tty and Ctrl-C are of
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background ignores it


class Terminal:
    """Runs a program on a terminal; `with` ends it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        try:
            self.process = subprocess.Popen(
                list(command),
                env=dict(environment) | {"TERM": "xterm", "COLUMNS": "200"},
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
                preexec_fn=_as_from_a_shell,
            )
        finally:
            os.close(theirs)
        self.raw = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)

    @property
    def text(self) -> str:
        """Everything that was shown, without colours."""
        return _CODES.sub("", self.raw)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def until(self, wanted: str, times: int = 1) -> str:
        """Wait until a text was shown so often; gives everything that was shown."""
        ends_at = time.monotonic() + _WAIT_S
        while self.text.count(wanted) < times:
            assert time.monotonic() < ends_at, f"{wanted!r} is not in: {self.text}"
            if not self._read(1.0):
                raise AssertionError(f"it ended without {wanted!r}: {self.text}")
        return self.text

    def ended(self) -> int:
        """Wait until the program ends by itself; gives its exit status."""
        ends_at = time.monotonic() + _WAIT_S
        while self._read(1.0):
            assert time.monotonic() < ends_at, f"it does not end: {self.text}"
        return self.process.wait(_WAIT_S)

    def _read(self, timeout_s: float) -> bool:
        """Read what there is; False once the program has ended."""
        if not select.select([self._ours], [], [], timeout_s)[0]:
            return self.process.poll() is None
        try:
            found = os.read(self._ours, 65_536)
        except OSError:  # Linux reports the end of the other side so.
            return False
        self.raw += found.decode(errors="replace")
        return bool(found)
