"""The load generator of benchmarks/ as a child process, and what it saw accepted."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from .child_process import bare_environment, start_process

_PROGRAM = Path(__file__).parent / "benchmarks" / "load.py"
_ANSWER_TIMEOUT_S = 60.0
"""A busy machine falls behind the schedule, and the end of the load waits for all answers."""
_MARGIN_S = 40.0


class LoadRun:
    """Posts messages to one application at a steady rate, from `with` on. See load.py."""

    def __init__(
        self,
        url: str,
        key: str,
        app: str,
        folder: Path,
        *,
        rate: float,
        seconds: float,
        connections: int = 8,
    ) -> None:
        self._seconds = seconds
        self.connections = connections
        self._out = folder / f"accepted-{app.rpartition('/')[2]}-{url.rpartition(':')[2]}.jsonl"
        self._out.parent.mkdir(parents=True, exist_ok=True)
        self._command = [sys.executable, str(_PROGRAM), "--url", url, "--path", f"/api/v1{app}/msg"]
        self._command += ["--rate", str(rate), "--seconds", str(seconds), "--out", str(self._out)]
        self._command += ["--connections", str(connections), "--body-bytes", "500"]
        self._command += ["--answer-timeout", str(_ANSWER_TIMEOUT_S)]
        self._environment = bare_environment(ANGARIUM_TOKEN=key)
        self._process: subprocess.Popen[bytes] | None = None
        self.summary: dict[str, Any] = {}
        self.accepted: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._process = start_process(
            self._command,
            self._environment,
            out=subprocess.PIPE,
            errors=subprocess.PIPE,
            at_our_end=signal.SIGKILL,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            self._process.communicate()

    @property
    def accepted_ids(self) -> set[str]:
        """The messages that were answered with 202."""
        return {str(message["id"]) for message in self.accepted}

    def finish(self) -> None:
        """Wait for its end, and read what it saw."""
        assert self._process is not None
        output, errors = self._process.communicate(
            timeout=self._seconds + _ANSWER_TIMEOUT_S + _MARGIN_S
        )
        assert self._process.returncode == 0, errors.decode()
        self.summary = json.loads(output.splitlines()[-1])
        self.accepted = [json.loads(line) for line in self._out.read_text().splitlines()]
