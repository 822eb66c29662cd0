"""A request's bytes. Nothing that a caller puts into a header can become another header."""

import re
from collections.abc import Sequence

from angarium_webhooks.header_rules import RESERVED_NAMES

from angarium_worker.adapters.destinations.dialing.failures import SendFailed
from angarium_worker.domain.attempt_result import FailureReason

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")  # RFC 9110, section 5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_NAMES_REMEMBERED_MAX = 4096


class RequestHeads:
    """Joins head and body, and remembers which names it has found good."""

    def __init__(self, head_bytes_max: int) -> None:
        self._head_bytes_max = head_bytes_max
        self._good_names: set[str] = set()

    def join(self, head_start: str, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
        """The whole request. Raises SendFailed(REQUEST_REFUSED) and names the header."""
        good_names = self._good_names
        lines = [f"{head_start}{len(body)}"]
        for name, value in headers:
            if name not in good_names:
                self._admit(name)
            if not (value.isascii() and value.isprintable()):
                _check_value(name, value)
            lines.append(f"{name}: {value}")
        lines.append("\r\n")
        head = "\r\n".join(lines)
        if len(head) > self._head_bytes_max:
            raise SendFailed(
                FailureReason.REQUEST_REFUSED,
                f"the headers have {len(head)} bytes, more than {self._head_bytes_max}",
            )
        return head.encode("ascii") + body

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
