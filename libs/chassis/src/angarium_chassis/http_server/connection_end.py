"""How a connection ends: refused, overdue, or closed by its client."""

import asyncio
from typing import Any, Final, override

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from angarium_chassis.coalesced_writes import CoalescedWritesProtocol
from angarium_chassis.metrics.catalog import Catalog

from .connections import OpenConnections
from .deadlines import ANSWER, BODY, CLOSE, HEAD, IDLE, LINGER_S, REST_OF_BODY, due_s
from .refusals import TOO_MANY_CONNECTIONS, Refusal, timed_out

DISCARDED_BYTES_MAX = 128 * 1024
"""How much is read after the answer to a request that was not read to its end."""

HTTP_SERVER: Final = Catalog("Every process: its ports")
REFUSED = HTTP_SERVER.counter(
    "angarium_http_refused",
    "Requests and connections that were refused before they reached the application.",
    "code",
)


class EndingConnection(CoalescedWritesProtocol):
    """One connection of a port: its phase, its deadlines, and its end."""

    def __init__(self, *, connections: OpenConnections, **options: Any) -> None:
        super().__init__(**options)
        self._open = connections
        self._limits = connections.limits
        self._phase = IDLE
        self._since_s = 0.0
        self._write_paused_at_s: float | None = None
        self._body_bytes = 0
        self._requests = 0
        self._discarded_bytes = 0
        self._takes_no_more = False

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since_s = self.loop.time()
        if not self._open.admit(self, self.client[0] if self.client else ""):
            REFUSED.labels(TOO_MANY_CONNECTIONS.code).inc()
            self.connections.discard(self)
            self._takes_no_more = True
            self.transport.write(TOO_MANY_CONNECTIONS.answer)
            self.transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._open.remove(self)
        super().connection_lost(exc)
        self.pipeline.clear()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_paused_at_s = self.loop.time()

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._write_paused_at_s = None

    def _refuse(self, refusal: Refusal) -> None:
        REFUSED.labels(refusal.code).inc()
        self._takes_no_more = True
        # What was gathered of the request would stay for as long as the connection lingers.
        self.parser = self.url = self.headers = None  # type: ignore[assignment]
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            if self._phase == HEAD:
                # The answers to earlier requests come first; the connection ends with them.
                cycle.keep_alive = False
                self._phase = ANSWER
                return
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started or self.pipeline:
                self.transport.close()
                return
        if self._phase != REST_OF_BODY:
            self.transport.write(refusal.answer)
            self.transport.write_eof()
        self._phase = CLOSE
        self._since_s = self.loop.time()

    def _discard(self, size_bytes: int) -> None:
        self._discarded_bytes += size_bytes
        if self._discarded_bytes > DISCARDED_BYTES_MAX:
            self.flow.pause_reading()

    def close_if_overdue(self, now_s: float) -> None:
        """Close the connection if its client was too slow."""
        if self.transport.is_closing():
            self._abort_if_stuck(now_s)
            return
        written_at_s = self._write_paused_at_s
        if written_at_s is not None and now_s - written_at_s > self._limits.answer_timeout_s:
            self.transport.abort()
            return
        if self._phase in (HEAD, BODY) and self.flow.read_paused:
            self._since_s = now_s
            return
        if now_s > due_s(
            self._phase,
            self._since_s,
            self._limits,
            requests=self._requests,
            body_bytes=self._body_bytes,
        ):
            self._close_overdue()

    def _abort_if_stuck(self, now_s: float) -> None:
        """A closed transport waits for its client to take what was written."""
        if self._phase != CLOSE:
            self._phase = CLOSE
            self._since_s = now_s
        elif now_s - self._since_s > LINGER_S:
            self.transport.abort()

    def _close_overdue(self) -> None:
        if self._phase == HEAD:
            self._refuse(timed_out("head"))
        elif self._phase == BODY:
            self._refuse(timed_out("body"))
        else:
            self.transport.close()
