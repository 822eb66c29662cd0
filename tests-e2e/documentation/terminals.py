"""Terminals in which the blocks of a guide are run, as a reader would."""

import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from ..child_process import bare_environment, start_process  # noqa: TID252 - no installed package
from .code_blocks import Block

_RUN_TIMEOUT_S = 120
_STOP_TIMEOUT_S = 60


class Terminals:
    """Terminals in a folder, which share the variables that are exported in one of them.

    Commands that begin with one of `servers` run until `stop`; others are run to their end. What
    stands for an address or a key in a guide is replaced by `real`.
    """

    def __init__(
        self, folder: Path, path: str, servers: tuple[str, ...], real: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._servers = servers
        self._real = real
        self._environment = bare_environment(PATH=path)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in list(self._running):
            self.stop(server)

    def run(self, block: Block) -> str:
        """Run the lines of a block; returns what they print to their end."""
        printed = ""
        for line in self._here(block.text).replace("\\\n", " ").splitlines():
            if line.startswith(self._servers):
                self._start(line)
            else:
                printed += self._to_its_end(line)
        return printed

    def started(self, server: str, line: str) -> Callable[[], bool]:
        """Has a server printed a line that contains this?"""
        return lambda: line in self._printed(server).read_text()

    def stop(self, server: str) -> None:
        """Press Ctrl-C, and wait."""
        running = self._running.pop(server)
        running.send_signal(signal.SIGINT)
        running.wait(_STOP_TIMEOUT_S)

    def _here(self, text: str) -> str:
        for written, here in self._real.items():
            text = text.replace(written, here)
        return text

    def _start(self, line: str) -> None:
        (server,) = (each for each in self._servers if line.startswith(each))
        command = ["env", "-C", str(self._folder), *shlex.split(line)]
        with self._printed(server).open("wb") as printed:
            self._running[server] = start_process(
                command, self._environment, out=printed, errors=subprocess.STDOUT
            )

    def _printed(self, server: str) -> Path:
        return self._folder / f"{server.replace(' ', '-')}.txt"

    def _to_its_end(self, line: str) -> str:
        exported = self._folder / "exported"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"set -a\n{line}\nenv -0 >{exported}"],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_RUN_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stdout}\n{done.stderr}"
        pairs = exported.read_text().rstrip("\0").split("\0")
        self._environment = dict(pair.split("=", 1) for pair in pairs)
        return done.stdout
