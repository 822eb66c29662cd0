"""`angarium listen` and `tail` over a link that is cut: they go on, and miss nothing."""

import json
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from ..child_process import ANGARIUM, bare_environment, start_process  # noqa: TID252
from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..faults.link import Link, State  # noqa: TID252
from ..faults.loop_thread import LoopThread  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .conftest import Run
from .terminal import Terminal


class CuttableLink:
    """A link to the platform, in a loop of its own."""

    def __init__(self, loop: LoopThread, link: Link) -> None:
        self._loop = loop
        self._link = link
        self.url = f"http://127.0.0.1:{link.port}"

    def cut(self) -> None:
        """Reset every connection, and refuse new ones."""
        self._loop.run(self._link.become(State.CUT))

    def restore(self) -> None:
        """Let everything pass again."""
        self._loop.run(self._link.become(State.OPEN))


@pytest.fixture
def link(platform: DevPlatform) -> Iterator[CuttableLink]:
    parts = urlsplit(platform.url)
    assert parts.hostname is not None
    assert parts.port is not None
    passing = Link("gateway", (parts.hostname, parts.port))
    with LoopThread() as loop:
        loop.run(passing.start())
        yield CuttableLink(loop, passing)
        loop.run(passing.stop())


@pytest.fixture
def over_the_link(
    link: CuttableLink, platform: DevPlatform, terminal_environment: dict[str, str]
) -> dict[str, str]:
    """The environment of a program that reaches the platform over the link alone."""
    access = {"ANGARIUM_URL": link.url, "ANGARIUM_TOKEN": platform.key}
    return bare_environment(**terminal_environment, **access)


def sent(run: Run, acme: str) -> str:
    done = run("send", "a.b", "--app", acme, "--output", "json")
    assert done.status == 0, done.err
    return str(json.loads(done.out)["id"])


def test_a_listener_forwards_once_what_came_while_the_link_was_cut(
    link: CuttableLink,
    over_the_link: dict[str, str],
    logged_in: Run,
    acme: str,
    receiver: WebhookReceiver,
) -> None:
    command = [ANGARIUM, "listen", receiver.url, "--app", acme, "--path", "/ok"]
    with Terminal(command, over_the_link) as terminal:
        terminal.until("q quits.")
        messages = [sent(logged_in, acme)]
        terminal.until(f"{messages[0]}  200")
        link.cut()
        messages += [sent(logged_in, acme), sent(logged_in, acme)]
        terminal.until("trying again")
        link.restore()
        terminal.until("listening again")
        messages.append(sent(logged_in, acme))
        terminal.until(f"{messages[-1]}  200")
        terminal.type("q")
        assert terminal.ended() == 0

    received = {each["id"]: each["times"] for each in receiver.entries("/ok")}
    assert received == dict.fromkeys(messages, 1)


def test_a_tail_shows_once_what_happened_while_the_link_was_cut(
    link: CuttableLink, over_the_link: dict[str, str], logged_in: Run, acme: str
) -> None:
    options = ["--since", "1h", "--types", "message.accepted", "--output", "json", "--limit", "4"]
    tail = start_process(
        [ANGARIUM, "tail", "--app", acme, *options],
        over_the_link,
        out=subprocess.PIPE,
        errors=subprocess.PIPE,
    )
    assert tail.stdout is not None
    assert tail.stderr is not None
    with tail:
        try:
            messages = [sent(logged_in, acme)]
            shown = [tail.stdout.readline()]
            link.cut()
            messages += [sent(logged_in, acme), sent(logged_in, acme)]
            assert b"trying again" in tail.stderr.readline()
            link.restore()
            messages.append(sent(logged_in, acme))
            shown += [tail.stdout.readline() for _ in messages[1:]]
            assert tail.wait(60) == 0
        finally:
            tail.kill()

    assert [json.loads(line)["data"]["id"] for line in shown] == messages
