"""One attempt from its request to its result, as callbacks under one deadline."""

import asyncio
import time
from collections.abc import Callable, Mapping

from angarium_webhooks.failures.records import PHASE, REQUEST_SENT
from angarium_webhooks.failures.rewritten_bodies import Sign, find_rewritten_body
from angarium_webhooks.failures.signatures import SIGNATURE_STATUSES
from angarium_webhooks.failures.time_outs import BODY, FIRST_BYTE, REQUEST_WRITE
from msgspec.structs import replace

from angarium_worker.adapters.destinations.dialing.dialler import Dialler, DialProgress, Phase
from angarium_worker.adapters.destinations.dialing.failures import SendFailed
from angarium_worker.adapters.destinations.dialing.origin import Origin
from angarium_worker.domain.attempt_result import (
    AttemptResult,
    FailureReason,
    without_answer,
)
from angarium_worker.domain.exchange import NO_FACTS, Exchange, cut

from .answers import read_answer, read_broken_answer
from .connection import Connection
from .limits import SenderLimits
from .pool import ConnectionPool
from .request_head import JoinedRequest
from .response import Response

_REQUEST_TIMED_OUT = 408
_STALE = frozenset({FailureReason.CONNECTION_CLOSED, FailureReason.CONNECTION_RESET})


class AttemptContext:
    """State that all attempts of a sender share; owns those in flight and their dials."""

    __slots__ = ("attempts", "clock_s", "dialler", "dials", "limits", "loop", "pool")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        pool: ConnectionPool,
        dialler: Dialler,
        limits: SenderLimits,
        clock_s: Callable[[], float],
    ) -> None:
        self.clock_s = clock_s
        self.loop = loop
        self.pool = pool
        self.dialler = dialler
        self.limits = limits
        self.attempts: set[Attempt] = set()
        self.dials: set[asyncio.Task[Connection]] = set()


class Attempt:
    """Seeks a connection, uses it, and tells its result exactly once.

    A kept connection may turn out stale: the peer closed it while the request was on its way. If
    it breaks before the first byte of a response, or closes with the 408 of a server that tired of
    waiting (RFC 9110, section 15.5.9), the request goes out once more, on a fresh connection and
    within the same deadline (RFC 9112, section 9.3.1, leaves this to who knows that repeating is
    safe; `webhook-id` makes it so).
    """

    __slots__ = (
        "_connection",
        "_context",
        "_deadline",
        "_dialling",
        "_on_result",
        "_phase",
        "_progress",
        "_request",
        "_retried",
        "_shown",
        "_sign",
        "_started_at",
        "_timer",
        "_withheld",
        "origin",
    )

    def __init__(
        self,
        context: AttemptContext,
        origin: Origin,
        request: JoinedRequest,
        timeout_s: float,
        on_result: Callable[[AttemptResult], None],
        sign: Sign | None = None,
    ) -> None:
        self._sign = sign
        self.origin = origin
        self._context = context
        self._request, self._shown, self._withheld = request
        self._on_result: Callable[[AttemptResult], None] | None = on_result
        self._connection: Connection | None = None
        self._dialling: asyncio.Task[Connection] | None = None
        self._progress: DialProgress | None = None
        self._retried = False
        self._phase = Phase.WAITING
        self._started_at = time.monotonic()
        self._deadline = context.loop.time() + timeout_s
        self._timer = context.loop.call_later(timeout_s, self._expire)
        context.attempts.add(self)

    def start(self, *, fresh: bool = False) -> None:
        """Seek a connection; `fresh` for one that was never used."""
        if not self._context.pool.seek(self, fresh=fresh):
            self._context.loop.call_soon(
                self.stop, FailureReason.NO_FREE_CONNECTION, "too many requests are waiting"
            )

    def cancel(self) -> None:
        """End without a result."""
        self._on_result = None
        self._timer.cancel()
        self._context.attempts.discard(self)
        self._let_go()

    def stop(self, reason: FailureReason, detail: str) -> None:
        """End now, for a reason that is not the endpoint's."""
        self._let_go()
        self._fail(reason, detail)

    def use(self, connection: Connection) -> None:
        self._phase = Phase.EXCHANGE
        self._connection = connection
        connection.begin(self._request, self)

    def dial(self) -> None:
        self._progress = progress = DialProgress()
        context = self._context
        task = context.loop.create_task(
            context.dialler.dial(self.origin, progress, self._deadline, self._new_connection)
        )
        self._dialling = task
        context.dials.add(task)
        task.add_done_callback(self._dialled)

    def answered(self, connection: Connection, response: Response, *, reusable: bool) -> None:
        self._connection = None
        if response.status == _REQUEST_TIMED_OUT and not reusable and self._may_repeat(connection):
            connection.abort()
            self._repeat()
            return
        started_at = self._started_at
        progress = self._progress
        duration_s = time.monotonic() - started_at
        first_byte_s = connection.first_byte_at - started_at
        clock_s = self._context.clock_s
        head = response.head
        facts = NO_FACTS
        if response.status in SIGNATURE_STATUSES:
            facts = find_rewritten_body(self._body, head, response.body, self._sign)
        exchange = Exchange(cut(self._shown), self._withheld, head, facts)
        if progress is None:
            result = read_answer(
                response.status,
                response.body,
                response.retry_after,
                clock_s,
                duration_s,
                first_byte_s,
                connection_reused=True,
                body_truncated=response.body_truncated,
                request=response.request,
                exchange=exchange,
            )
        else:
            result = read_answer(
                response.status,
                response.body,
                response.retry_after,
                clock_s,
                duration_s,
                first_byte_s,
                progress.dns_s,
                progress.connect_s,
                progress.tls_s,
                connection_reused=connection.served > 1,
                body_truncated=response.body_truncated,
                request=response.request,
                exchange=exchange,
            )
        if response.allowed_origin is not None:
            result = replace(result, allowed_origin=response.allowed_origin)
        if reusable:
            response.drop_body()
            self._context.pool.release(connection)
        else:
            connection.abort()
        self._finish(result)

    def broken(
        self, connection: Connection, reason: FailureReason, detail: str, *, untouched: bool
    ) -> None:
        self._connection = None
        if untouched and reason in _STALE and self._may_repeat(connection):
            self._repeat()
        else:
            self._fail(reason, detail, connection)

    def _may_repeat(self, connection: Connection) -> bool:
        return connection.served > 1 and not self._retried

    def _repeat(self) -> None:
        self._retried = True
        self._phase = Phase.WAITING
        self.start(fresh=True)

    def _new_connection(self) -> Connection:
        return Connection(self.origin, self._context.limits, self._context.pool.closed)

    def _dialled(self, task: asyncio.Task[Connection]) -> None:
        self._dialling = None
        context = self._context
        context.dials.discard(task)
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            context.pool.give_up_place(self.origin)
            self._dial_failed(error)
            return
        connection = task.result()
        context.pool.opened(connection)
        if self._on_result is None:
            if not connection.is_closed:
                context.pool.release(connection)
        elif connection.spoke_unasked:
            self._fail(
                FailureReason.INVALID_RESPONSE, "bytes before the request was sent", connection
            )
        elif connection.is_closed:
            self._fail(FailureReason.CONNECTION_CLOSED, "closed before the request was sent")
        else:
            self.use(connection)

    def _dial_failed(self, error: BaseException | None) -> None:
        if isinstance(error, SendFailed):
            self._fail(error.reason, error.detail, facts=error.facts)
        elif error is None:
            self._fail(FailureReason.SENDER_CLOSED, "the dial was cancelled")
        else:
            self._context.loop.call_exception_handler(
                {"message": "dialling an endpoint failed unexpectedly", "exception": error}
            )
            self._fail(FailureReason.INTERNAL_ERROR, type(error).__name__)

    def _expire(self) -> None:
        phase = self._phase
        if self._dialling is not None and self._progress is not None:
            phase = self._progress.phase
        detail = f"after {time.monotonic() - self._started_at:.3f} s"
        connection = self._connection
        if connection is not None and connection.response.status:
            detail = f"given up {detail}"
        elif connection is not None and connection.first_byte_at:
            detail += ", within the answer"
        facts = NO_FACTS if connection is None else {PHASE: _phase_of(connection)}
        self._let_go()
        self._fail(phase.value, detail, connection, facts)

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
        elif self._dialling is not None:
            self._dialling.cancel()
        else:
            self._context.pool.leave(self)

    def _fail(
        self,
        reason: FailureReason,
        detail: str,
        connection: Connection | None = None,
        facts: Mapping[str, str] = NO_FACTS,
    ) -> None:
        progress = self._progress
        if progress is not None:
            progress.enter(progress.phase)
        first_byte_at = 0.0 if connection is None else connection.first_byte_at
        phases_s = (
            time.monotonic() - self._started_at,
            first_byte_at - self._started_at if first_byte_at else 0.0,
            0.0 if progress is None else progress.dns_s,
            0.0 if progress is None else progress.connect_s,
            0.0 if progress is None else progress.tls_s,
        )
        exchange = self._exchange_with(connection, facts)
        if connection is not None and connection.response.status:
            clock_s = self._context.clock_s
            self._finish(
                read_broken_answer(connection.response, reason, detail, clock_s, phases_s, exchange)
            )
        else:
            self._finish(without_answer(reason, detail, *phases_s, exchange=exchange))

    def _exchange_with(self, connection: Connection | None, facts: Mapping[str, str]) -> Exchange:
        """What was sent and received of an exchange that failed."""
        received = b"" if connection is None else connection.response.head
        if self._phase is Phase.EXCHANGE or self._retried:
            facts = {**facts, REQUEST_SENT: "yes"}
            return Exchange(cut(self._shown), self._withheld, received, facts)
        return Exchange(response=received, facts=facts)

    @property
    def _body(self) -> bytes:
        return self._request.partition(b"\r\n\r\n")[2]

    def _finish(self, result: AttemptResult) -> None:
        on_result, self._on_result = self._on_result, None
        if on_result is None:
            return
        self._timer.cancel()
        self._context.attempts.discard(self)
        on_result(result)


def _phase_of(connection: Connection) -> str:
    """The phase that an exchange was in, by its name in an explanation."""
    if connection.first_byte_at:
        return BODY
    return REQUEST_WRITE if connection.unsent_bytes else FIRST_BYTE
