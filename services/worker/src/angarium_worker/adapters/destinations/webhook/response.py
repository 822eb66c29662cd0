"""Parsing of responses on one connection, bounded in every direction.

Read raw (`identity` was asked for, nothing is decompressed). RFC 9112 as llhttp has it in its
strict mode; beyond that the heads, the interim responses, and what is read and kept of the body
are bounded here.
"""

import httptools

from angarium_worker.adapters.destinations.dialing.failures import SPEAKS_TLS, TLS_ALERT
from angarium_worker.domain.exchange import HEAD_BYTES_MAX, cut

from .limits import SenderLimits

_HEAD_END = b"\r\n\r\n"
_STATUS_FINAL_MIN = 200
_STATUS_INTERIM_MIN = 100
_STATUS_SWITCHING_PROTOCOLS = 101
_RETRY_AFTER_CHARS_MAX = 128
_REQUEST_CHARS_MAX = 32
_ALLOWED_ORIGIN_CHARS_MAX = 256
# Looked at before a name is lowered and compared: most headers are not ours to read.
_NAME_LENGTHS = frozenset(
    {
        len("Retry-After"),
        len("Content-Length"),
        len("Transfer-Encoding"),
        len("webhook-delivery"),
        len("WebHook-Allowed-Origin"),
    }
)


class ResponseRefused(Exception):
    """The bytes are no response that we accept; the text says why."""


class Response:
    """The response being read. One object and one parser serve a whole connection.

    After `feed` has returned True the fields are those of the complete response, until `reset`.
    Before, and when it has raised, they are what came of it: `status` is 0 until a status line of
    a final response (RFC 9110, section 15) was read.
    """

    __slots__ = (
        "_body",
        "_complete",
        "_dropped_bytes",
        "_fault",
        "_head",
        "_head_complete",
        "_header_bytes",
        "_interim_count",
        "_length",
        "_limits",
        "_parser",
        "_read_bytes",
        "_self_delimiting",
        "allowed_origin",
        "body_truncated",
        "keeps_alive",
        "request",
        "retry_after",
        "status",
    )

    def __init__(self, limits: SenderLimits) -> None:
        self._limits = limits
        self._fault = ""
        self._parser = httptools.HttpResponseParser(self)
        self.reset()

    def reset(self) -> None:
        """Make ready for the next response on the connection."""
        self.status = 0
        self.retry_after: str | None = None
        self.request: str | None = None
        self.allowed_origin: str | None = None
        self.keeps_alive = False
        self.body_truncated = False
        self._body: bytes | bytearray = b""
        self._complete = False
        self._dropped_bytes = 0
        self._length = b""
        self._head: bytes | bytearray = b""
        self._head_complete = False
        self._header_bytes = 0
        self._interim_count = 0
        self._read_bytes = 0
        self._self_delimiting = False

    @property
    def body(self) -> bytes:
        """The kept beginning of the body."""
        return bytes(self._body)

    @property
    def where_it_broke_off(self) -> str:
        """How much came of a response that is not complete, such as `after 17 of 100 bytes`."""
        if not self._head_complete:
            return "within its headers"
        came_bytes = len(self._body) + self._dropped_bytes
        if self._complete or not self._length:
            return f"after {came_bytes} bytes"
        return f"after {came_bytes} of {int(self._length)} bytes"

    @property
    def head(self) -> bytes:
        """The head of the final response as it came, or what came instead; at most what is
        recorded of one."""
        head = self._head
        end = head.find(_HEAD_END)
        return bytes(head if end < 0 else head[:end])

    def drop_body(self) -> None:
        """Once it was taken: an idle connection holds on to nothing."""
        self._body = self._head = b""

    def feed(self, data: bytes) -> bool:
        """Take in what came; True once the answer is there. Raises ResponseRefused.

        A body longer than what is read ends the answer too, with `body_truncated`.
        """
        if not self._head_complete:
            self._keep_head(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._complete:
                raise ResponseRefused(self._fault_of(data) or str(error) or "no HTTP") from error
            # Bytes after the response. It counts, its connection is not to be trusted again.
            self.keeps_alive = False
        if self._complete:
            return True
        self._read_bytes += len(data)
        if not self._head_complete:
            if self._read_bytes > self._limits.response_head_bytes_max:
                raise ResponseRefused(self._head_too_long())
            return False
        if self._read_bytes > self._limits.response_body_read_bytes_max:
            self.body_truncated = True
            return True
        return False

    def keep_unasked(self, data: bytes) -> None:
        """Keep the beginning of what came before a request, for the record."""
        self._keep_head(data)

    def end_of_connection_completes(self) -> bool:
        """True if the end of the connection ends a body without a length (RFC 9112, 6.3)."""
        return self._head_complete and not self._complete and not self._self_delimiting

    def on_message_begin(self) -> None:
        if self._complete:
            self._refuse("bytes after the response")

    def on_status(self, _phrase: bytes) -> None:
        status = self._parser.get_status_code()
        if status >= _STATUS_FINAL_MIN:
            self.status = status

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > self._limits.response_head_bytes_max:
            self._refuse(self._head_too_long())
        if self._head_complete or len(name) not in _NAME_LENGTHS:
            return  # Trailers are counted, but say nothing about the response.
        lowered = name.lower()
        if lowered == b"retry-after":
            self.retry_after = value[:_RETRY_AFTER_CHARS_MAX].decode("latin-1")
        elif lowered == b"webhook-delivery":
            self.request = value[:_REQUEST_CHARS_MAX].decode("latin-1")
        elif lowered == b"webhook-allowed-origin":
            self.allowed_origin = value[:_ALLOWED_ORIGIN_CHARS_MAX].decode("latin-1")
        elif lowered == b"content-length":
            self._length = value
            self._self_delimiting = True
        elif lowered == b"transfer-encoding" and b"chunked" in value.lower():
            self._self_delimiting = True

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < _STATUS_FINAL_MIN:
            self._check_interim(status)
        else:
            self._head_complete = True
            self.status = status

    def on_body(self, part: bytes) -> None:
        kept = self._body
        room = self._limits.response_body_kept_bytes_max - len(kept)
        if len(part) > room:
            self.body_truncated = True
            self._dropped_bytes += len(part) - room
            part = part[:room]
        if not kept:
            self._body = part
        elif part:
            if isinstance(kept, bytes):
                self._body = kept = bytearray(kept)
            kept += part

    def on_message_complete(self) -> None:
        if self._head_complete:
            self._complete = True
            self.keeps_alive = self._parser.should_keep_alive()

    def _keep_head(self, data: bytes) -> None:
        kept = self._head
        if not kept:
            self._head = cut(data)
            return
        room = HEAD_BYTES_MAX + 1 - len(kept)
        if room > 0:
            if isinstance(kept, bytes):
                # A head that comes in drops is not copied for each of them.
                self._head = kept = bytearray(kept)
            kept += data[:room]

    def _check_interim(self, status: int) -> None:
        self._interim_count += 1
        if status == _STATUS_SWITCHING_PROTOCOLS:
            self.status = status
            self._refuse("no other protocol was asked for")
        if status < _STATUS_INTERIM_MIN:
            self._refuse(f"status {status}")
        if self._self_delimiting:
            self._refuse(f"status {status} with a body")
        if self._interim_count > self._limits.interim_responses_max:
            self._refuse(f"more than {self._limits.interim_responses_max} interim responses")
        self.retry_after = self.request = None
        self._head = self._head.partition(_HEAD_END)[2]

    def _fault_of(self, data: bytes) -> str:
        """Why the parser did not take `data`; empty if it alone can say."""
        if not self._read_bytes and data.startswith(TLS_ALERT):
            return SPEAKS_TLS
        return self._fault

    def _head_too_long(self) -> str:
        return f"headers longer than {self._limits.response_head_bytes_max} bytes"

    def _refuse(self, fault: str) -> None:
        """Stop the parser; it swallows the exception's text, which is therefore kept."""
        self._fault = fault
        raise ResponseRefused(fault)
