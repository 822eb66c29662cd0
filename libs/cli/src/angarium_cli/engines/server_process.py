"""A server as a child process: launched, awaited, stopped."""

import atexit
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import psutil

from angarium_cli.failure import EngineFailed
from angarium_cli.process_end import await_end

LOG_BYTES_MAX = 8 * 1024 * 1024
_POLL_S = 0.004
_KILL_TIMEOUT_S = 5.0
_LOG_TAIL_BYTES = 16 * 1024


class ServerProcess:
    """One launched server and its log file.

    It runs in a session of its own, so that Ctrl-C in the terminal reaches only its owner, who
    decides the order of stops. It gets a bare environment, so that no variable of ours changes what
    it does. It is killed if its owner's interpreter exits without having stopped it.
    """

    def __init__(self, engine: str, log_path: Path) -> None:
        self._engine = engine
        self._log_path = log_path
        self._log_offset = 0
        self._popen: subprocess.Popen[bytes] | None = None
        self._owner_pid = os.getpid()

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen is not None else None

    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def launch(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        user_id: int | None = None,
        group_id: int | None = None,
        input_text: str | None = None,
    ) -> None:
        """Start `command` in `folder`, as another user when one is given.

        It reads `input_text` from its standard input: configuration that must not be in the process
        list.
        """
        self._owner_pid = os.getpid()
        try:
            with self._open_log() as log:
                self._log_offset = log.tell()
                self._popen = subprocess.Popen(  # noqa: S603 - a program of a wheel
                    command,
                    cwd=folder,
                    stdin=subprocess.PIPE if input_text is not None else subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=bare_environment(),
                    start_new_session=True,
                    user=user_id,
                    group=group_id,
                    extra_groups=None if user_id is None else [],
                    umask=0o077,
                )
        except OSError as error:
            raise EngineFailed(
                self._engine,
                f"it could not be started: {error}",
                f"Check that {folder} may be written and {command[0]} may be run.",
            ) from error
        atexit.register(self._end_at_exit)
        if input_text is not None and self._popen.stdin is not None:
            with suppress(BrokenPipeError), self._popen.stdin as pipe:
                pipe.write(input_text.encode())

    def await_ready(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `ready()`; False if the process ends. Raises EngineFailed at the time-out."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if not self.alive():
                return False
            if ready():
                return True
            time.sleep(_POLL_S)
        raise EngineFailed(
            self._engine,
            f"it was not ready after {timeout_s:g} s",
            f"See {self._log_path}",
        )

    def stop(self, ladder: Sequence[tuple[signal.Signals, float]]) -> None:
        """Send each signal in turn and wait its seconds until the process has ended; then kill."""
        if self._popen is not None:
            for number, timeout_s in ladder:
                self._popen.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    self._popen.wait(timeout_s)
                    break
        self.kill()

    def kill(self) -> None:
        """Kill the process and all its children, as a crash would; a no-op if ended."""
        popen = self._popen
        if popen is None:
            return
        atexit.unregister(self._end_at_exit)
        children: list[psutil.Process] = []
        if popen.poll() is None:
            with suppress(psutil.NoSuchProcess):
                children = psutil.Process(popen.pid).children(recursive=True)
            popen.kill()
            popen.wait(_KILL_TIMEOUT_S)
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        await_end(children, _KILL_TIMEOUT_S)

    def log_since_launch(self) -> str:
        """The log since the launch, at most its last 16 KiB."""
        try:
            with self._log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_offset, size - _LOG_TAIL_BYTES))
                return log.read(_LOG_TAIL_BYTES).decode(errors="replace")
        except OSError:
            return ""

    def _open_log(self) -> BinaryIO:
        with suppress(FileNotFoundError):
            if self._log_path.stat().st_size > LOG_BYTES_MAX:
                self._log_path.replace(self._log_path.with_suffix(".log.1"))
        fd = os.open(self._log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return os.fdopen(fd, "ab")

    def _end_at_exit(self) -> None:
        # A forked child inherits the registration, but not the server.
        if os.getpid() == self._owner_pid:
            self.kill()


def bare_environment() -> dict[str, str]:
    """The environment of an engine's program."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def free_port(host: str) -> int:
    """A TCP port that is free now; the caller handles losing it to another process."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
