"""`angarium dev` as a child process of a test."""

import json
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from .child_process import ANGARIUM, bare_environment, start_process
from .waiting import until

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0
_TAIL_CHARS = 6_000


class DevPlatform:
    """A platform on a data folder; `with` ends it, whatever happened.

    `settings` are environment variables, passed through to the services. What it wrote is in
    `output()` and `logs()`, over all starts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database: str = "sqlite",
        arguments: tuple[str, ...] = ("--no-demo", "--log-format", "json"),
        **settings: str,
    ) -> None:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.data_dir = folder / "data"
        self._out_path, self._log_path = folder / "out.txt", folder / "log.txt"
        self._command = [ANGARIUM, "dev", "--port", "0", "--data-dir", str(self.data_dir)]
        self._command += ["--database", database, *arguments]
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._family: dict[int, psutil.Process] = {}

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.end()
            raise

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The supervisor last started."""
        assert self._process is not None
        return self._process

    @property
    def state_path(self) -> Path:
        return self.data_dir / "dev.json"

    @property
    def state(self) -> dict[str, Any]:
        """dev.json as it is now; empty while there is none."""
        try:
            found: dict[str, Any] = json.loads(self.state_path.read_bytes())
        except FileNotFoundError:
            return {}
        return found

    @property
    def url(self) -> str:
        return str(self.state["api_url"])

    @property
    def key(self) -> str:
        return str(self.state["api_key"])

    def pid(self, name: str) -> int:
        """The process that dev.json has under this name."""
        return int(self.state["pids"][name])

    def database_path(self, service: str) -> Path:
        """The SQLite file of a service."""
        return Path(str(self.state["database_urls"][service]).partition(":///")[2])

    def start(self) -> Self:
        """Start and wait until dev.json says that it is ready."""
        with self._out_path.open("ab") as out, self._log_path.open("ab") as log:
            self._process = start_process(
                self._command, bare_environment(**self._settings), out=out, errors=log
            )
        until(self._ready_or_ended, START_TIMEOUT_S, f"the platform is ready: {self.tail()}")
        assert self.state, f"it ended with {self.process.poll()}: {self.tail()}"
        self.family()
        return self

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop, as Ctrl-C does; gives the exit status."""
        self.family()
        self.process.send_signal(number)
        return self.process.wait(STOP_TIMEOUT_S)

    def end(self) -> None:
        """Stop it if it runs, and kill what it leaves."""
        if self._process is None:
            return
        try:
            if self._process.poll() is None:
                self.stop()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            for left in self.left_behind():
                with suppress(psutil.NoSuchProcess):
                    left.kill()

    def family(self) -> list[psutil.Process]:
        """All processes of the platform that ever were seen."""
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                self._family.setdefault(child.pid, child)
        return list(self._family.values())

    def left_behind(self) -> list[psutil.Process]:
        """Those of the family that still run."""
        return [process for process in self._family.values() if process.is_running()]

    def output(self) -> str:
        return self._out_path.read_text()

    def logs(self) -> str:
        return self._log_path.read_text()

    def tail(self) -> str:
        """The end of what it wrote, for messages of failed tests."""
        return (self.output() + self.logs())[-_TAIL_CHARS:]

    def client(self) -> httpx.Client:
        """A client of its API, with its key."""
        return api_client(self.url, self.key)

    def _ready_or_ended(self) -> bool:
        return bool(self.state) or self.process.poll() is not None


def api_client(url: str, key: str) -> httpx.Client:
    """A client of the API under /api/v1, without proxies."""
    return httpx.Client(
        base_url=f"{url}/api/v1",
        headers={"authorization": f"Bearer {key}"},
        timeout=20,
        trust_env=False,
    )
