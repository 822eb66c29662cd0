"""What `angarium dev` shows: progress, the services' log lines, and what happens to processes."""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console
from rich.text import Text

from angarium_cli.dev.options import LogFormat

_NAME_WIDTH = 10
_COLOURS = {"gateway": "cyan", "dispatcher": "magenta", "worker": "blue"}
_SHOWN_LINES_MAX = 5


class Terminal:
    """Progress and results go to standard output, log lines to standard error.

    With `json` every log line stays as the services wrote it, and what the supervisor tells is
    JSON too. A terminal that is gone is no error.
    """

    def __init__(
        self, log_format: LogFormat, *, out: TextIO | None = None, logs: TextIO | None = None
    ) -> None:
        self._json = log_format == "json"
        self._logs = logs or sys.stderr
        self.out = Console(file=out or sys.stdout, highlight=False, soft_wrap=True)
        self._log_console = Console(file=self._logs, highlight=False, soft_wrap=True)

    def say(self, text: Text | str = "") -> None:
        """Print a line that is not a log line."""
        with suppress(OSError):
            self.out.print(text, markup=False)

    def step(self, what: str, seconds: float) -> None:
        """A step of the start is done."""
        self.say(Text("  ✓ ", "green").append(f"{what:<36}", "").append(f"{seconds:5.1f} s", "dim"))

    def log_line(self, name: str, line: str) -> None:
        """Pass on what a service wrote."""
        with suppress(OSError):
            if self._json:
                self._logs.write(f"{line}\n")
                self._logs.flush()
            else:
                prefix = Text(f"{name:<{_NAME_WIDTH}} │ ", _COLOURS.get(name, "yellow"))
                self._log_console.print(prefix + Text.from_ansi(line))

    def ended(self, name: str, how: str, last_lines: Sequence[str], delay_s: float | None) -> None:
        """A process ended; it is started again after `delay_s`, or given up when None."""
        lines = list(last_lines)[-_SHOWN_LINES_MAX:]
        if self._json:
            self._event("process.ended", "error", process=name, how=how, last_lines=lines)
            return
        then = "giving up" if delay_s is None else f"starting it again in {delay_s:g} s"
        self.log_line("angarium", f"{name} ended: {how}; {then}")
        if lines:
            self.log_line("angarium", f"{name}'s last lines:")
        for line in lines:
            self.log_line("angarium", f"    {line}")

    def restarted(self, name: str, pid: int | None) -> None:
        """A process is ready again."""
        if self._json:
            self._event("process.restarted", "info", process=name, pid=pid)
        else:
            self.log_line("angarium", f"{name} is ready again (process {pid})")

    def killed(self, name: str) -> None:
        """A process did not end in time when it was told to."""
        if self._json:
            self._event("process.killed", "warning", process=name)
        else:
            self.log_line("angarium", f"{name} did not stop in time and was killed")

    def _event(self, event: str, level: str, **fields: object) -> None:
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        line = {"service": "dev", **fields, "event": event, "level": level, "timestamp": now}
        self.log_line("dev", json.dumps(line))
