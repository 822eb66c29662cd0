"""A request's bytes. Nothing that a caller puts into a header can become another header."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from angarium_webhooks.header_rules import RESERVED_NAMES

from angarium_worker.adapters.destinations.dialing.failures import SendFailed
from angarium_worker.domain.attempt_result import FailureReason

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")  # RFC 9110, section 5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_NAMES_REMEMBERED_MAX = 4096
_HEAD_END: Final = b"\r\n\r\n"


class JoinedRequest(NamedTuple):
    """A request, ready. `shown` is its head without the headers of secret values, which are
    `withheld`."""

    request: bytes
    shown: bytes
    withheld: tuple[str, ...]


class RequestHeads:
    """Joins head and body, and remembers which names it has found good."""

    def __init__(self, head_bytes_max: int) -> None:
        self._head_bytes_max = head_bytes_max
        self._good_names: set[str] = set()

    def join(
        self,
        head_start: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        secret_headers: Sequence[tuple[str, str]] = (),
    ) -> JoinedRequest:
        """The whole request. Raises SendFailed(REQUEST_REFUSED) and names the header."""
        lines = [f"{head_start}{len(body)}"]
        self._append(lines, headers)
        shown = "\r\n".join(lines)
        if not secret_headers:
            self._check_length(len(shown) + len(_HEAD_END))
            head = shown.encode("ascii")
            return JoinedRequest(b"".join((head, _HEAD_END, body)), head, ())
        secret_lines = [""]
        self._append(secret_lines, secret_headers)
        secret = "\r\n".join(secret_lines)
        self._check_length(len(shown) + len(secret) + len(_HEAD_END))
        head = shown.encode("ascii")
        return JoinedRequest(
            b"".join((head, secret.encode("ascii"), _HEAD_END, body)),
            head,
            tuple([name for name, _ in secret_headers]),
        )

    def _append(self, lines: list[str], headers: Sequence[tuple[str, str]]) -> None:
        good_names = self._good_names
        for name, value in headers:
            if name not in good_names:
                self._admit(name)
            if not (value.isascii() and value.isprintable()):
                _check_value(name, value)
            lines.append(f"{name}: {value}")

    def _check_length(self, head_bytes: int) -> None:
        if head_bytes > self._head_bytes_max:
            raise SendFailed(
                FailureReason.REQUEST_REFUSED,
                f"the headers have {head_bytes} bytes, more than {self._head_bytes_max}",
            )

    def _admit(self, name: str) -> None:
        if _TOKEN.fullmatch(name) is None:
            raise SendFailed(
                FailureReason.REQUEST_REFUSED, f"{name[:64]!r} is not a valid header name"
            )
        if name.lower() in RESERVED_NAMES:
            raise SendFailed(FailureReason.REQUEST_REFUSED, f"header {name} is set by Angarium")
        if len(self._good_names) >= _NAMES_REMEMBERED_MAX:
            self._good_names.clear()
        self._good_names.add(name)


def _check_value(name: str, value: str) -> None:
    if _VALUE.fullmatch(value) is None:
        raise SendFailed(
            FailureReason.REQUEST_REFUSED,
            f"the value of header {name} has a line break or a character that is not printable "
            "ASCII",
        )
