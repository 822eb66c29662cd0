"""Ensures one owner per data folder, even after the owner was killed.

The claim is a lock that the kernel releases with its holder. Whoever acquires it knows that a
server recorded in the folder has lost its owner: it is an orphan, and may be ended.
"""

import fcntl
import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

from angarium_cli.failure import EngineFailed
from angarium_cli.process_end import await_end

_ORPHAN_STOP_TIMEOUT_S = 10.0
# The creation time that the kernel reports shifts when the clock is set.
_CREATION_TOLERANCE_S = 2.0


class FolderClaim:
    """The right to run one engine on one data folder; a missing folder is created with `mode`."""

    def __init__(self, engine: str, folder: Path, mode: int = 0o700) -> None:
        self._engine = engine
        self._folder = folder
        self._mode = mode
        self._lock_path = folder / "lock"
        self._record_path = folder / "server.json"
        self._fd: int | None = None

    def acquire(self) -> None:
        """Acquire the claim; a no-op if held. Raises EngineFailed if another process holds it."""
        if self._fd is not None:
            return
        try:
            self._folder.mkdir(mode=self._mode, parents=True, exist_ok=True)
            fd = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EngineFailed(
                self._engine,
                f"the data folder {self._folder} cannot be used: {error.strerror}",
                "Choose a writable folder.",
            ) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            raise EngineFailed(
                self._engine,
                f"the data folder {self._folder} is in use by process {holder}",
                "Stop that process, or choose another data folder.",
            ) from None
        os.truncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Release the claim; a no-op if not held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def record(self, pid: int) -> None:
        """Record the server's process, so that a later owner can identify it."""
        created_s = psutil.Process(pid).create_time()
        self._record_path.write_text(json.dumps({"pid": pid, "created_s": created_s}))

    def forget(self) -> None:
        """Delete the record: the server has ended."""
        self._record_path.unlink(missing_ok=True)

    def end_orphan(self, stop_signal: signal.Signals) -> None:
        """End the server that a killed owner left, if there is one.

        Sends `stop_signal`, then kills. Affects only a process with the recorded pid and creation
        time.
        """
        orphan = self._recorded_process()
        if orphan is not None:
            with suppress(psutil.NoSuchProcess):
                children = orphan.children(recursive=True)
                orphan.send_signal(stop_signal)
                left = await_end([orphan, *children], _ORPHAN_STOP_TIMEOUT_S)
                for process in left:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
                await_end(left, _ORPHAN_STOP_TIMEOUT_S)
        self.forget()

    def _recorded_process(self) -> psutil.Process | None:
        try:
            record = json.loads(self._record_path.read_bytes())
            process = psutil.Process(int(record["pid"]))
            drift_s = abs(process.create_time() - float(record["created_s"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
            return None
        return process if drift_s <= _CREATION_TOLERANCE_S else None
