"""The terminal's output about processes, for people and for machines."""

import io
import json

from angarium_cli.dev.environment import LogFormat
from angarium_cli.dev.terminal import Terminal


def terminal(log_format: LogFormat) -> tuple[Terminal, io.StringIO, io.StringIO]:
    out, logs = io.StringIO(), io.StringIO()
    return Terminal(log_format, out=out, logs=logs), out, logs


def test_service_lines_carry_the_services_name() -> None:
    shown, out, logs = terminal("console")

    shown.log_line("worker", "[bold]not markup[/bold] " + "x" * 200)

    assert logs.getvalue() == f"worker     │ [bold]not markup[/bold] {'x' * 200}\n"
    assert out.getvalue() == ""


def test_json_lines_pass_unchanged() -> None:
    shown, _, logs = terminal("json")

    shown.log_line("worker", '{"event": "x", "service": "worker"}')

    assert logs.getvalue() == '{"event": "x", "service": "worker"}\n'


def test_a_death_tells_how_what_it_last_wrote_and_what_follows() -> None:
    shown, _, logs = terminal("console")

    shown.ended("worker", "killed by SIGKILL", ["first", "last"], 0.5)
    shown.ended("worker", "exit status 1", [], None)

    text = logs.getvalue()
    assert "worker ended: killed by SIGKILL; restarting in 0.5 s" in text
    assert text.index("    first") < text.index("    last")
    assert "worker ended: exit status 1; giving up" in text


def test_a_death_is_json_for_machines() -> None:
    shown, _, logs = terminal("json")

    shown.ended("worker", "exit status 1", ["last"], 0.5)
    shown.restarted("worker", 7)

    ended, restarted = (json.loads(line) for line in logs.getvalue().splitlines())
    assert (ended["event"], ended["process"], ended["how"], ended["last_lines"]) == (
        "process.ended",
        "worker",
        "exit status 1",
        ["last"],
    )
    assert (restarted["event"], restarted["pid"]) == ("process.restarted", 7)


class Gone(io.StringIO):
    def write(self, _: str, /) -> int:
        raise OSError("the terminal is gone")


def test_a_terminal_that_is_gone_is_no_error() -> None:
    shown = Terminal("json", out=Gone(), logs=Gone())

    shown.log_line("worker", "{}")
    shown.say("hello")
    shown.ended("worker", "exit status 1", [], None)
