"""Forwards a message to a program, signed anew with its original bytes."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
from angarium_signing import SigningSecret, signature_headers_under

from angarium_cli.release import program_version

from .polled_messages import ReceivedMessage

TIMEOUT_S: Final = 30.0
_SHOWN_BYTES_MAX: Final = 64 * 1024
_SUCCESS: Final = range(200, 300)

type Headers = tuple[tuple[str, str], ...]
type Form = Callable[[ReceivedMessage], tuple[bytes, Headers]]
"""From a message to the body that is sent, and headers that say what it is."""


def as_it_is(message: ReceivedMessage) -> tuple[bytes, Headers]:
    """The payload byte for byte, with its content type."""
    return message.body or b"", (("content-type", message.content_type or "application/json"),)


class TargetDown(Exception):
    """Nothing listens at the URL. The text says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one forwarded message. `status` is None without a response; then `problem`
    says why. `body` is the beginning of the response's."""

    request_headers: tuple[tuple[str, str], ...]
    status: int | None
    duration_ms: int
    response_headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    problem: str = ""

    @property
    def succeeded(self) -> bool:
        """True for what a platform counts as delivered."""
        return self.status in _SUCCESS


class Forwarder:
    """Posts messages to a URL. No redirect is followed, and no proxy used."""

    def __init__(
        self,
        http: httpx.Client,
        url: httpx.URL,
        signer: SigningSecret,
        header_prefixes: Sequence[str],
        now_s: Callable[[], float] = time.time,
        *,
        form: Form = as_it_is,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._http = http
        self.url = url
        self._signer = signer
        self._prefixes = header_prefixes
        self._now_s = now_s
        self._form = form
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}

    def forward(self, message: ReceivedMessage) -> Outcome:
        """Post a message that has its bytes. Raises TargetDown."""
        body, described = self._form(message)
        agent = {"user-agent": f"Angarium/{program_version()} (listen)"}
        headers = (
            *(agent | self._headers | dict(described)).items(),
            *signature_headers_under(
                self._prefixes, [self._signer], message.id, int(self._now_s()), body
            ),
        )
        began_s = time.monotonic()
        try:
            with self._http.stream("POST", self.url, content=body, headers=list(headers)) as answer:
                shown = _beginning(answer)
                return Outcome(
                    headers,
                    answer.status_code,
                    _ms_since(began_s),
                    tuple(answer.headers.multi_items()),
                    shown,
                )
        except httpx.ConnectError as error:
            raise TargetDown(str(error) or type(error).__name__) from error
        except httpx.HTTPError as error:
            problem = str(error) or type(error).__name__
            return Outcome(headers, None, _ms_since(began_s), problem=problem)


def _beginning(answer: httpx.Response) -> bytes:
    """The beginning of a body; the rest is not read."""
    found = b""
    for part in answer.iter_bytes():
        found += part
        if len(found) >= _SHOWN_BYTES_MAX:
            break
    return found[:_SHOWN_BYTES_MAX]


def _ms_since(began_s: float) -> int:
    return round((time.monotonic() - began_s) * 1_000)
