"""Logging is a matter of the whole process, so each test asks a process of its own."""

import json
import subprocess
import sys

import pytest
from angarium_chassis.log_levels import parse_levels

PROGRAM = """
import logging
import structlog
from angarium_chassis.logs import set_up_logs

set_up_logs("courier", form="{form}", level="info")
log = structlog.get_logger()
{lines}
"""


def logged(lines: str, form: str = "json") -> str:
    program = PROGRAM.format(form=form, lines=lines)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr


def test_an_event_is_one_json_line_with_service_level_and_time() -> None:
    (line,) = logged('log.info("delivered", ms=3)').splitlines()

    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "delivered", "level": "info", "service": "courier", "ms": 3}


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "name", ["secret", "signing_secret", "Authorization", "access_token", "api_key", "redis_url"]
)
def test_secrets_are_redacted_by_the_name_of_their_member(form: str, name: str) -> None:
    text = logged(f'log.info("seen", **{{"{name}": "hunter2"}})', form)

    assert "[redacted]" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("logger", ["log", 'logging.getLogger("elsewhere")'])
def test_an_exception_is_logged_without_local_variables(form: str, logger: str) -> None:
    text = logged(
        f"""
def fail():
    key_of_the_operator = "hunter" + "2"
    raise OSError("disk full")
try:
    fail()
except OSError:
    {logger}.exception("commit.failed")
""",
        form,
    )

    assert "OSError: disk full" in text
    assert "hunter2" not in text


def test_a_level_below_the_chosen_one_is_silent() -> None:
    assert logged('log.debug("detail")') == ""


def test_other_libraries_are_heard_from_warnings_on() -> None:
    text = logged('logging.getLogger("x").info("a"); logging.getLogger("x").warning("b")')

    assert [json.loads(line)["event"] for line in text.splitlines()] == ["b"]


def with_levels(lines: str, levels: str) -> list[str]:
    program = f"""
import structlog
from angarium_chassis.log_levels import debugs, parse_levels
from angarium_chassis.logs import set_up_logs

set_up_logs("courier", level="info", levels=parse_levels("{levels}"))
log = structlog.get_logger()
{lines}
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return [json.loads(line)["event"] for line in done.stderr.splitlines()]


def test_a_logger_has_a_level_of_its_own() -> None:
    lines = """
log.debug("attempt.failed")
log.debug("relay.sent")
log.info("relay.waits")
log.warning("scheduler.waits")
log.error("scheduler.failed")
"""

    assert with_levels(lines, "attempt=debug, scheduler=error") == [
        "attempt.failed",
        "relay.waits",
        "scheduler.failed",
    ]


def test_what_is_only_for_debugging_is_not_collected_in_vain() -> None:
    lines = "log.info(f\"{debugs('attempt')} {debugs('relay')}\")"

    assert with_levels(lines, "attempt=debug") == ["True False"]
    assert with_levels(lines, "") == ["False False"]


@pytest.mark.parametrize("text", ["attempt", "=debug", "attempt=loud", "attempt=debug;relay=info"])
def test_levels_that_cannot_be_read_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="attempt=debug"):
        parse_levels(text)
