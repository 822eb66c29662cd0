"""The examples in the banner are run as printed, against a server that records what it gets."""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from angarium_cli.dev.terminal import (
    Facts,
    Terminal,
    banner,
    console_link,
    curl_example,
    python_example,
)

APPLICATION = {
    "id": "app_1",
    "uid": "demo",
    "name": "Demo",
    "metadata": {},
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-01T00:00:00Z",
}
MESSAGE = {
    "id": "msg_1",
    "eventType": "invoice.paid",
    "payload": {},
    "timestamp": "2026-01-01T00:00:00Z",
}


@dataclass
class RecordingApi:
    """Answers as the API does to the two calls of the examples."""

    url: str = ""
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


@pytest.fixture
def api() -> Iterator[RecordingApi]:
    recorded = RecordingApi()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            recorded.calls.append((self.path, self.headers["authorization"], body))
            is_message = self.path.partition("?")[0].endswith("/msg")
            answer = json.dumps(MESSAGE if is_message else APPLICATION).encode()
            self.send_response(202 if is_message else 201)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_request(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorded.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield recorded
    server.shutdown()
    thread.join()
    server.server_close()


def facts(api_url: str, api_key: str = "ang_example") -> Facts:
    return Facts(
        version="0.1.0",
        api_url=api_url,
        api_key=api_key,
        data_dir=Path("/somewhere/rather/deep/in/the/tree/so/that/lines/get/long/.angarium"),
        seconds=2.5,
    )


def as_printed(example: str, whole: str) -> str:
    """The example as it stands in the banner on a narrow terminal."""
    start = whole.index(example.splitlines()[0])
    return whole[start : start + len(example)]


def printed(of: Facts) -> str:
    out = io.StringIO()
    Terminal("console", out=out).say(banner(of))
    return out.getvalue()


# A chosen key may hold what shells and Python read in their own way.
@pytest.mark.parametrize("api_key", ["ang_example", """it's-"quoted"-$HOME-\\n-key"""])
def test_the_curl_example_posts_an_event(api: RecordingApi, api_key: str) -> None:
    example = as_printed(curl_example(facts(api.url, api_key)), printed(facts(api.url, api_key)))

    done = subprocess.run(
        ["sh", "-ec", example], capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 0, done.stderr
    created, posted = api.calls
    assert created[0] == "/api/v1/app?get_if_exists=true"
    assert posted[0] == "/api/v1/app/demo/msg"
    assert created[1] == posted[1] == f"Bearer {api_key}"
    assert posted[2]["eventType"] == "invoice.paid"


@pytest.mark.parametrize("api_key", ["ang_example", """it's-"quoted"-$HOME-\\n-key"""])
def test_the_python_example_posts_an_event(api: RecordingApi, api_key: str) -> None:
    example = as_printed(python_example(facts(api.url, api_key)), printed(facts(api.url, api_key)))

    done = subprocess.run(
        [sys.executable, "-"],
        input=example,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "msg_1\n"
    created, posted = api.calls
    assert created[0] == "/api/v1/app?get_if_exists=true"
    assert posted[0].partition("?")[0] == "/api/v1/app/app_1/msg"
    assert {call[1] for call in api.calls} == {f"Bearer {api_key}"}


def test_the_banner_tells_where_everything_is_and_how_to_stop() -> None:
    text = printed(facts("http://127.0.0.1:8080"))

    for told in ("http://127.0.0.1:8080", "ang_example", "/.angarium (kept", "Ctrl-C", "/docs"):
        assert told in text
    assert "http://127.0.0.1:8080/console#key=ang_example\n" in text
    assert "ang_example" not in repr(facts("http://127.0.0.1:8080"))


def test_the_link_to_the_console_carries_any_key() -> None:
    link = console_link("http://127.0.0.1:8080", "it's-&key=#+%")
    assert parse_qs(urlsplit(link).fragment) == {"key": ["it's-&key=#+%"]}
