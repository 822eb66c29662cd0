"""A server on loopback with its data in a folder: what the engines have in common."""

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from angarium_cli.engines.folder_claim import FolderClaim
from angarium_cli.engines.server_process import ServerProcess, free_port
from angarium_cli.failure import EngineFailed

HOST = "127.0.0.1"
_START_TRIES = 5
_START_PAUSE_S = 0.2


class LocalServer(ABC):
    """Owns a folder, and starts and stops a server on it. Its calls block.

    `port` 0 picks a free port, which later starts of the same object reuse, so that clients find a
    restarted server again.
    """

    _engine: ClassVar[str]
    _stop_ladder: ClassVar[Sequence[tuple[signal.Signals, float]]]
    """Signals of an orderly stop, with the seconds to wait after each."""
    _port_taken_in_log: ClassVar[str]
    _transient_in_log: ClassVar[str | None] = None
    """Failure of a start that may succeed a moment later."""

    def __init__(
        self, folder: Path, port: int, start_timeout_s: float, *, folder_mode: int = 0o700
    ) -> None:
        self._folder = folder.absolute()
        self._port = port
        self._port_is_free_choice = port == 0
        self._start_timeout_s = start_timeout_s
        self._claim = FolderClaim(self._engine, self._folder, folder_mode)
        self.log_path = self._folder / f"{self._engine.lower()}.log"
        self._server = ServerProcess(self._engine, self.log_path)

    def __repr__(self) -> str:
        folder, port, pid = str(self._folder), self._port, self.pid
        return f"{type(self).__name__}({folder=}, {port=}, {pid=})"

    @property
    def pid(self) -> int | None:
        """The server's process id, also after its end; None before the first start."""
        return self._server.pid

    @property
    def port(self) -> int:
        """The TCP port; 0 before the first start."""
        return self._port

    def alive(self) -> bool:
        """True while the server runs."""
        return self._server.alive()

    def start(self) -> None:
        """Start the server and wait until clients may connect; a no-op while alive.

        Ends a server that a killed owner left on this folder. Raises EngineFailed.
        """
        if self.alive():
            return
        self._claim.acquire()
        try:
            self._claim.end_orphan(self._stop_ladder[0][0])
            self._prepare()
            for _ in range(_START_TRIES):
                port = self._port or free_port(HOST)
                if self._start_on(port):
                    self._port = port
                    return
                if not self._may_try_again():
                    break
                time.sleep(_START_PAUSE_S)
            raise self._failure()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop the server in order, with its data on disk; a no-op if ended."""
        self._server.stop(self._stop_ladder)
        self._claim.forget()
        self._claim.release()

    def kill(self) -> None:
        """Kill the server and its children, as a crash would."""
        self._server.kill()
        self._claim.forget()
        self._claim.release()

    @abstractmethod
    def _prepare(self) -> None:
        """Find the programs, and create missing data."""

    @abstractmethod
    def _launch(self, port: int) -> None:
        """Launch the process that is to listen on `port`."""

    @abstractmethod
    def _is_ready(self, port: int, pid: int) -> bool:
        """True if this very process accepts clients."""

    @abstractmethod
    def _reason(self, log: str) -> str:
        """The reason for a failed start, from the server's log."""

    def _start_on(self, port: int) -> bool:
        self._launch(port)
        pid = self._server.pid
        if pid is None:
            return False
        if self._server.alive():
            self._claim.record(pid)
        return self._server.await_ready(lambda: self._is_ready(port, pid), self._start_timeout_s)

    def _may_try_again(self) -> bool:
        log = self._server.log_since_launch()
        if self._port_is_free_choice and self._port_taken_in_log in log:
            self._port = 0
            return True
        return self._transient_in_log is not None and self._transient_in_log in log

    def _failure(self) -> EngineFailed:
        log = self._server.log_since_launch()
        if self._port_taken_in_log in log:
            return EngineFailed(
                self._engine,
                f"port {self._port} on {HOST} is taken by another process",
                "Choose another port, or 0 for a free one.",
            )
        return EngineFailed(
            self._engine, f"it ended while starting: {self._reason(log)}", f"See {self.log_path}"
        )
