"""Uvicorn's HTTP protocol, with bounds on all that a client can send before it is known.

Uvicorn gathers a URL and headers of any size, waits for the end of a request without end, and
adds trailers to the headers. This protocol counts bytes before they are gathered, checks the
deadlines of all connections once a second, and drops trailers.
"""

import asyncio
from typing import Any, override
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from .answering_cycle import AnsweringCycle
from .connection_end import DISCARDED_BYTES_MAX, EndingConnection
from .connections import OpenConnections
from .deadlines import ANSWER, BODY, HEAD, IDLE, REST_OF_BODY
from .refusals import (
    NOT_HTTP,
    TOO_MANY_CHUNKS,
    RequestRefused,
    headers_too_large,
    target_too_long,
)
from .request_head import UNUSUAL_FIELDS, header_bytes, judge, origin_form

PIPELINED_MAX = 2
"""Requests that wait for the answers to earlier ones; the last one of them ends the connection."""
NEW_FOR_REQUESTS = 8
"""How many requests a connection takes in turns; afterwards its client is known to converse."""
SMALL_CHUNKS_MAX = 256
"""Chunks of one body, in addition to one for each 32 bytes."""


class _NoMoreRequests(Exception):
    """The connection ends with the requests that were read."""


class BoundedHttpProtocol(EndingConnection):
    """One connection of a port: what its client sends, as requests."""

    def __init__(self, *, connections: OpenConnections, **options: Any) -> None:
        super().__init__(connections=connections, **options)
        self._is_new = True
        self._waits_for_turn = b""
        self._read_bytes = 0
        # Since the request began, or since its head ended; at most one read too many.
        self._fed_bytes = 0
        self._chunks = 0
        self._last_request = False
        self._upgrading = False
        self._valid_host: bytes | None = None

    @override
    def data_received(self, data: bytes) -> None:
        if self._waits_for_turn:
            # Others resume reading too: an answer, or the application that waits for a body.
            self._waits_for_turn += data
            self.flow.pause_reading()
        elif not self._is_new:
            self._read(data)
        else:
            self._waits_for_turn = data
            if not self._open.turns.take(self._read_in_turn, len(data)):
                self.flow.pause_reading()

    def _read_in_turn(self) -> None:
        data, self._waits_for_turn = self._waits_for_turn, b""
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._read(data)

    def _read(self, data: bytes) -> None:
        if self._takes_no_more:
            self._discard(len(data))
            return
        self._read_bytes = len(data)
        self._fed_bytes += len(data)
        try:
            self._parse(data)
            if self._fed_bytes > self._limits.header_bytes_max:
                self._check_unfinished()
        except RequestRefused as refused:
            self._refuse(refused.refusal)
        except _NoMoreRequests:
            self._takes_no_more = True

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._parse_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, RequestRefused | _NoMoreRequests):
                raise error.__context__ from None
            raise RequestRefused(NOT_HTTP) from error

    def _parse_without_upgrade(self, rest: bytes) -> None:
        """Read a request that offers another protocol as one that does not: of the former, the
        parser skips the body."""
        version = self.parser.get_http_version().encode()
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/", version, b"\r\n"]
        for name, value in self.scope["headers"]:
            if name != b"upgrade":
                head += [name, b": ", value, b"\r\n"]
        self._upgrading = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._parse(b"".join((*head, b"\r\n")))
        if rest:
            self._parse(rest)

    def _check_unfinished(self) -> None:
        """Bound what gathers without a callback: a header or the line of a chunk without end."""
        limits = self._limits
        if self._phase == HEAD:
            too_large = self._fed_bytes > limits.header_bytes_max + limits.target_bytes_max
        elif self._phase in (BODY, REST_OF_BODY):
            framing_bytes = self._fed_bytes - self._body_bytes
            too_large = framing_bytes > limits.header_bytes_max + self._body_bytes // 4
        else:
            return
        if too_large:
            raise RequestRefused(headers_too_large(limits))

    # The parser's callbacks

    @override
    def on_message_begin(self) -> None:
        if self._last_request:
            raise _NoMoreRequests
        super().on_message_begin()
        self._fed_bytes = self._read_bytes if self._phase == IDLE else 0
        self._phase = HEAD
        self._since_s = self.loop.time()

    @override
    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > self._limits.target_bytes_max:
            raise RequestRefused(target_too_long(self._limits))

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        headers = self.headers
        headers.append((name.lower(), value))
        if len(headers) > self._limits.header_fields_max:
            raise RequestRefused(headers_too_large(self._limits))

    @override
    def on_headers_complete(self) -> None:
        parser, scope = self.parser, self.scope
        version = parser.get_http_version()
        method = parser.get_method()
        target = self._judge_head(version, method)
        if parser.should_upgrade():
            self._upgrading = True
            return
        self._begin_body()
        raw_path, _, query = target.partition(b"?")
        path = raw_path.decode("ascii")
        scope["method"] = method.decode("ascii")
        if version != "1.1":
            scope["http_version"] = version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = raw_path
        scope["query_string"] = query
        self._last_request = (
            version == "1.0"
            or not parser.should_keep_alive()
            or self._requests >= self._limits.requests_per_connection_max
            or len(self.pipeline) + 1 >= PIPELINED_MAX
        )
        self._start_cycle(keep_alive=not self._last_request)

    def _judge_head(self, version: str, method: bytes) -> bytes:
        """The request's path and query. Raises `RequestRefused`."""
        headers, limits = self.headers, self._limits
        fields = dict(headers)
        host = fields.get(b"host")
        if (
            host is None
            or host != self._valid_host
            or len(fields) != len(headers)
            or version != "1.1"
            or not fields.keys().isdisjoint(UNUSUAL_FIELDS)
            or method == b"CONNECT"
        ):
            judge(version, method, fields, headers)
            self._valid_host = host
            self.expect_100_continue = b"expect" in fields
        if self._fed_bytes + self._read_bytes > limits.header_bytes_max and (
            header_bytes(headers) > limits.header_bytes_max
        ):
            raise RequestRefused(headers_too_large(limits))
        target = self.url
        if target.startswith(b"/") and b"#" not in target:
            return target
        return origin_form(target, host or b"")

    def _begin_body(self) -> None:
        self._phase = BODY
        self._requests += 1
        self._fed_bytes = self._body_bytes = self._chunks = 0
        # Trailers come by the same callback: they are counted, and not merged into the headers.
        self.headers = []

    def _start_cycle(self, *, keep_alive: bool) -> None:
        before: RequestResponseCycle | None = self.cycle
        self.cycle = AnsweringCycle(
            self.scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            self.server_state.default_headers,
            asyncio.Event(),
            self.expect_100_continue,
            keep_alive,
            self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_chunk_header(self) -> None:
        """Called by the parser for each chunk of a body."""
        self._chunks += 1
        if self._chunks > SMALL_CHUNKS_MAX + self._body_bytes // 32:
            raise RequestRefused(TOO_MANY_CHUNKS)

    @override
    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        cycle = self.cycle
        if cycle.response_complete:
            if self._body_bytes > DISCARDED_BYTES_MAX:
                raise _NoMoreRequests
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    @override
    def on_message_complete(self) -> None:
        if self._upgrading:
            return
        if self._phase == REST_OF_BODY:
            self._phase = IDLE
            self._since_s = self.loop.time()
            return
        self._phase = ANSWER
        self.cycle.more_body = False
        self.cycle.message_event.set()

    @override
    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        self._is_new = self._requests < NEW_FOR_REQUESTS
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._open.turns.take(self._start_next)
        elif self._phase == ANSWER:
            self._phase = IDLE
            self._since_s = self.loop.time()
        elif self._phase == BODY:
            self._phase = REST_OF_BODY
            self._since_s = self.loop.time()
            self._body_bytes = 0

    def _start_next(self) -> None:
        if self.pipeline and not self.transport.is_closing():
            self._start_asgi_task(*self.pipeline.pop())
