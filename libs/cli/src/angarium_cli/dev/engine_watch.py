"""Ends the engines when the supervisor is killed and can no longer do so itself."""

import subprocess
from collections.abc import Iterable
from contextlib import suppress

# It knows of the supervisor's end by the end of its standard input. Each line holds the processes
# to end then: the last one counts.
_SCRIPT = 'pids=; while read -r line; do pids=$line; done; [ -z "$pids" ] || kill -INT $pids'
_END_TIMEOUT_S = 2.0


class EngineWatch:
    """A small shell that outlives the supervisor by a moment. (The services end by the kernel's
    hand; the engines' programs cannot ask for that.)"""

    def __init__(self) -> None:
        self._shell: subprocess.Popen[str] | None = None

    def watch(self, pids: Iterable[int]) -> None:
        """End exactly these processes, should this one be killed. Starts the shell if need be."""
        if self._shell is None:
            # Without a shell the next start on the data folder ends what was left.
            with suppress(OSError):
                self._shell = subprocess.Popen(  # noqa: S603 - a constant
                    ["/bin/sh", "-c", _SCRIPT],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    text=True,
                )
        if self._shell is not None and self._shell.stdin is not None:
            with suppress(BrokenPipeError):
                self._shell.stdin.write(" ".join(str(pid) for pid in pids) + "\n")
                self._shell.stdin.flush()

    def close(self) -> None:
        """End the watch: nothing is to be ended any more."""
        shell, self._shell = self._shell, None
        if shell is not None:
            shell.kill()
            shell.wait(_END_TIMEOUT_S)
            if shell.stdin is not None:
                with suppress(BrokenPipeError):
                    shell.stdin.close()
