"""`angarium listen --like` gives a program what an endpoint of the platform gets."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from ..child_process import ANGARIUM  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S  # noqa: TID252
from .conftest import Run
from .terminal import Terminal

VARYING = ("host", "user-agent", "content-length", "accept", "accept-encoding", "connection")
SIGNED = ("timestamp", "signature")


@dataclass
class Heard:
    """A server that remembers every request: its path, headers and body."""

    url: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def at(self, path: str) -> list[tuple[dict[str, str], bytes]]:
        """Headers and bodies of the requests to a path, but for what differs between senders."""
        return [
            (
                {
                    name: value
                    for name, value in headers.items()
                    if name not in VARYING and not name.endswith(SIGNED)
                },
                body,
            )
            for to, headers, body in self.requests
            if to == path
        ]


@pytest.fixture
def heard() -> Iterator[Heard]:
    result = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            result.requests.append((self.path, headers, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    result.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield result
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_listener_sends_what_the_endpoint_gets(
    platform: DevPlatform,
    logged_in: Run,
    acme: str,
    heard: Heard,
    terminal_environment: dict[str, str],
) -> None:
    with platform.client() as api:
        endpoint = {
            "url": f"{heard.url}/endpoint",
            "uid": "orders",
            "channels": ["vip"],
            "payloadFormat": "envelope",
            "signatureHeaders": "both",
            "headers": {"x-team": "billing", "x-api-key": "hidden"},
        }
        api.post(f"/app/{acme}/endpoint", json=endpoint).raise_for_status()
    command = [ANGARIUM, "listen", heard.url, "--app", acme, "--path", "/local", "--like", "orders"]
    with Terminal(command, terminal_environment) as terminal:
        terminal.until("q quits.")
        assert "Not sent, as the API does not return their values: x-api-key" in terminal.text
        for channel in ("vip", "others"):
            sent = logged_in("send", "a.b", "n=1", "--app", acme, "--channel", channel)
            assert sent.status == 0, sent.err
        until(lambda: len(heard.requests) == 2, WAIT_S, "both are sent what is for the endpoint")
        terminal.type("q")
        assert terminal.ended() == 0

    ((wanted, wanted_body),) = heard.at("/endpoint")
    ((given, body),) = heard.at("/local")
    assert wanted.pop("x-api-key") == "hidden"
    assert given == wanted
    assert body == wanted_body
    assert {"x-team", "webhook-id", "svix-id"} <= given.keys()
    assert json.loads(body)["data"] == {"n": 1}


def test_two_listeners_of_a_machine_have_positions_of_their_own(
    logged_in: Run, acme: str, heard: Heard, terminal_environment: dict[str, str]
) -> None:
    command = [ANGARIUM, "listen", heard.url, "--app", acme, "--path"]
    first = [*command, "/first"]
    second = [*command, "/second", "--name", "second"]
    with (
        Terminal(first, terminal_environment) as one,
        Terminal(second, terminal_environment) as other,
    ):
        one.until("q quits.")
        other.until("q quits.")
        with Terminal(first, terminal_environment) as refused:
            assert refused.ended() == 2
            assert "give this one a position of its own with --name" in refused.text
        assert logged_in("send", "a.b", "--app", acme).status == 0
        for terminal in (one, other):
            terminal.until("  204")
            terminal.type("q")
            assert terminal.ended() == 0

    assert len(heard.at("/first")) == len(heard.at("/second")) == 1
