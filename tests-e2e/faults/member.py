"""One process of a service on the suite's stage, and what starts it again when it dies."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx

from ..child_process import (  # noqa: TID252 - tests are no installed package
    bare_environment,
    start_process,
)
from ..waiting import until  # noqa: TID252

_PROGRAM = Path(__file__).with_name("faulty_service.py")
_READY_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 40.0
RESTART_AFTER_S = 1.0
_LOOK_EVERY_S = 0.05


class Member:
    """A process of `service` with ports of its own, the same at every start.

    What it dies of is not asked: it is started again after RESTART_AFTER_S, as a container's
    runtime would, unless it `rests`.
    """

    def __init__(self, service: str, number: int, settings: dict[str, str], folder: Path) -> None:
        self.service = service
        self.name = f"{service}-{number}"
        self.port, self._internal_port = _free_ports(2)
        self.log_path = folder / f"{self.name}.log"
        self.rests = True
        self.starts = 0
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._died_at_s: float | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Of the API, for a gateway."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def internal_address(self) -> str:
        """Host and port of its metrics."""
        return f"127.0.0.1:{self._internal_port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, **extra: str) -> None:
        """Start it, this once with `extra` in its environment, and keep it running from now on."""
        with self._lock:
            self.rests = False
            self._launch(extra)

    def _launch(self, extra: dict[str, str]) -> None:
        ports = {
            "ANGARIUM_DRAIN_S": "0",
            "ANGARIUM_PORT": str(self.port),
            "ANGARIUM_INTERNAL_PORT": str(self._internal_port),
        }
        environment = bare_environment(**self._settings | ports | extra)
        with self.log_path.open("ab") as log:
            self._process = start_process(
                [sys.executable, str(_PROGRAM), self.service], environment, out=log, errors=log
            )
        self.starts += 1
        self._died_at_s = None

    def look_after(self) -> None:
        """Start it again if it died long enough ago."""
        with self._lock:
            if self.rests or self._process is None or self._process.poll() is None:
                return
            if self._died_at_s is None:
                self._died_at_s = time.monotonic()
            elif time.monotonic() - self._died_at_s > RESTART_AFTER_S:
                self._launch({})

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """End it in order, and leave it so."""
        with self._lock:
            self.rests = True
            process = self._process
        if process is None or process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def readiness(self, client: httpx.Client) -> bool:
        """Whether it says that it can work."""
        try:
            answer = client.get(f"http://127.0.0.1:{self._internal_port}/ready")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def await_ready(self, client: httpx.Client, patience: float = 1.0) -> None:
        """Wait until it says that it can work."""
        timeout_s = _READY_TIMEOUT_S * patience
        until(lambda: self.readiness(client), timeout_s, f"{self.name} is ready")


class Keeper:
    """Starts dead members again; `with` ends all."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Keeper":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        stopping = [threading.Thread(target=member.stop) for member in self.members]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()

    def of(self, service: str) -> list[Member]:
        """The members of a service."""
        return [member for member in self.members if member.service == service]

    def _run(self) -> None:
        while not self._ended.wait(_LOOK_EVERY_S):
            for member in tuple(self.members):
                member.look_after()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]
