"""The output of `angarium dev`: progress, the banner, log lines, and events of processes."""

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from angarium_cli.dev.environment import LogFormat

APPLICATION_UID = "demo"
EVENT_TYPE = "invoice.paid"
DOCS_PATH = "/docs"
CONSOLE_PATH = "/console"
_NAME_WIDTH = 10
_COLOURS = {"gateway": "cyan", "dispatcher": "magenta", "worker": "blue"}
_SHOWN_LINES_MAX = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts in the banner."""

    version: str
    api_url: str
    api_key: str = field(repr=False)
    data_dir: Path
    seconds: float


def banner(facts: Facts) -> Text:
    """Addresses, a link to the console, the API key, and two examples that work as printed."""
    text = Text("\n")
    text.append(f"Angarium {facts.version} is ready", "bold green")
    text.append(f" after {facts.seconds:.1f} s\n\n", "dim")
    rows = {
        "Console": console_link(facts.api_url, facts.api_key),
        "API": facts.api_url,
        "API key": facts.api_key,
        "API docs": facts.api_url + DOCS_PATH,
        "Data": f"{facts.data_dir} (kept for the next start)",
        "Stop": "Ctrl-C",
    }
    for name, value in rows.items():
        text.append(f"  {name:<9} ", "bold").append(f"{value}\n")
    text.append("\nPost an event with curl:\n\n", "dim").append(curl_example(facts))
    text.append("\n\nor in Python with the official SDK (pip install svix):\n\n", "dim")
    text.append(python_example(facts))
    return text


def console_link(api_url: str, api_key: str) -> str:
    """A link to the console that signs in with the API key, which its fragment carries: browsers
    send that to no server."""
    return f"{api_url}{CONSOLE_PATH}#key={quote(api_key, safe='')}"


def curl_example(facts: Facts) -> str:
    """Shell commands that create an application unless it exists, and post an event to it."""
    headers = " ".join(
        f"-H {shlex.quote(header)}"
        for header in (f"Authorization: Bearer {facts.api_key}", "Content-Type: application/json")
    )
    application = f'{{"name": "Demo", "uid": "{APPLICATION_UID}"}}'
    message = f'{{"eventType": "{EVENT_TYPE}", "payload": {{"invoice": "in_1", "cents": 4200}}}}'
    return (
        f"curl -sS '{facts.api_url}/api/v1/app?get_if_exists=true' \\\n"
        f"  {headers} \\\n"
        f"  -d '{application}'\n"
        f"curl -sS '{facts.api_url}/api/v1/app/{APPLICATION_UID}/msg' \\\n"
        f"  {headers} \\\n"
        f"  -d '{message}'"
    )


def python_example(facts: Facts) -> str:
    """The same with the `svix` package."""
    return (
        "from svix.api import ApplicationIn, MessageIn, Svix, SvixOptions\n"
        "\n"
        f"svix = Svix({facts.api_key!r}, SvixOptions(server_url={facts.api_url!r}))\n"
        "application = svix.application.get_or_create("
        f"ApplicationIn(name='Demo', uid='{APPLICATION_UID}'))\n"
        "message = svix.message.create(\n"
        "    application.id,\n"
        f"    MessageIn(event_type='{EVENT_TYPE}', payload={{'invoice': 'in_1', 'cents': 4200}}),\n"
        ")\n"
        "print(message.id)\n"
    )


class Terminal:
    """Prints progress and results to standard output, log lines to standard error.

    With `json`, log lines stay as the services wrote them, and the supervisor's events are JSON as
    well. A closed terminal is ignored.
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
        """Print that a step of the start is done."""
        self.say(Text("  ✓ ", "green").append(f"{what:<36}", "").append(f"{seconds:5.1f} s", "dim"))

    def log_line(self, name: str, line: str) -> None:
        """Print a line that a service wrote."""
        with suppress(OSError):
            if self._json:
                self._logs.write(f"{line}\n")
                self._logs.flush()
            else:
                prefix = Text(f"{name:<{_NAME_WIDTH}} │ ", _COLOURS.get(name, "yellow"))
                self._log_console.print(prefix + Text.from_ansi(line))

    def ended(self, name: str, how: str, last_lines: Sequence[str], delay_s: float | None) -> None:
        """Print that a process ended and is restarted after `delay_s`, or given up if None."""
        lines = list(last_lines)[-_SHOWN_LINES_MAX:]
        if self._json:
            self._event("process.ended", "error", process=name, how=how, last_lines=lines)
            return
        then = "giving up" if delay_s is None else f"restarting in {delay_s:g} s"
        self.log_line("angarium", f"{name} ended: {how}; {then}")
        if lines:
            self.log_line("angarium", f"{name}'s last lines:")
        for line in lines:
            self.log_line("angarium", f"    {line}")

    def restarted(self, name: str, pid: int | None) -> None:
        """Print that a process is ready again."""
        if self._json:
            self._event("process.restarted", "info", process=name, pid=pid)
        else:
            self.log_line("angarium", f"{name} is ready again (process {pid})")

    def killed(self, name: str) -> None:
        """Print that a process did not stop in time and was killed."""
        if self._json:
            self._event("process.killed", "warning", process=name)
        else:
            self.log_line("angarium", f"{name} did not stop in time and was killed")

    def _event(self, event: str, level: str, **fields: object) -> None:
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        line = {"service": "dev", **fields, "event": event, "level": level, "timestamp": now}
        self.log_line("dev", json.dumps(line))
