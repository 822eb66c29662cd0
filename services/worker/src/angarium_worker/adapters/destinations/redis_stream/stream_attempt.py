"""One attempt to append a delivery to a stream, as a task with one deadline."""

import asyncio
import time
from collections.abc import Callable

from msgspec import Struct

from angarium_worker.adapters.destinations.dialing.dialler import Dialler, DialProgress, Phase
from angarium_worker.adapters.destinations.dialing.failures import SendFailed, exchange_failure
from angarium_worker.adapters.destinations.dialing.origin import Origin
from angarium_worker.adapters.destinations.signatures import Signatures
from angarium_worker.application.destinations.destination import OutgoingDelivery
from angarium_worker.domain.attempt_result import (
    Accepted,
    AttemptResult,
    FailureReason,
    PhasesS,
    without_answer,
)

from .replies import read_error
from .resp_connection import ReplyRefused, RespConnection, ServerError
from .stream_connections import StreamConnections

_OK = b"OK"


class PreparedStream(Struct, frozen=True, gc=False):
    """A stream, ready. `refusal` says why nothing may be sent to it. Connections are shared by
    `key`, in which credentials stand as a digest only. `handshake` are the commands that open a
    connection, `append` the beginning of each XADD, `headers` the endpoint's own as fields."""

    refusal: tuple[FailureReason, str] | None
    origin: Origin
    key: str
    handshake: tuple[tuple[bytes, ...], ...]
    append: tuple[bytes, ...]
    headers: tuple[bytes, ...]
    signatures: Signatures

    def __repr__(self) -> str:
        """Without what may hold a secret."""
        return f"PreparedStream({self.origin.key})"


class StreamAttempt:
    """Waits for a place, dials unless a connection was kept, appends, and tells the result once.

    A kept connection may turn out stale, as those of webhooks do: if it breaks before the reply,
    the entry is sent once more on a fresh one. `webhook-id` lets consumers drop the second.
    """

    __slots__ = (
        "_connections",
        "_delivery",
        "_dialler",
        "_on_result",
        "_prepared",
        "_progress",
        "_reused",
        "_stopping",
        "task",
    )

    def __init__(
        self,
        connections: StreamConnections,
        dialler: Dialler,
        prepared: PreparedStream,
        delivery: OutgoingDelivery,
        on_result: Callable[[AttemptResult], None],
    ) -> None:
        self._connections = connections
        self._dialler = dialler
        self._prepared = prepared
        self._delivery = delivery
        self._on_result: Callable[[AttemptResult], None] | None = on_result
        self._progress = DialProgress()
        self._reused = False
        self._stopping = False
        self.task = asyncio.get_running_loop().create_task(self._run())

    def cancel(self) -> None:
        """End without a result."""
        self._on_result = None
        self.task.cancel()

    def close(self) -> None:
        """End now, for a reason that is not the endpoint's."""
        self._stopping = True
        self.task.cancel()

    async def _run(self) -> None:
        started_s = time.monotonic()
        try:
            result = await self._outcome(started_s)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            result = self._failed(FailureReason.SENDER_CLOSED, "closed", started_s)
        if self._on_result is not None:
            self._on_result(result)

    async def _outcome(self, started_s: float) -> AttemptResult:
        try:
            async with asyncio.timeout(self._delivery.timeout_s):
                return await self._append(started_s)
        except TimeoutError:
            detail = f"after {time.monotonic() - started_s:.3f} s"
            return self._failed(self._progress.phase.value, detail, started_s)
        except SendFailed as failed:
            return self._failed(failed.reason, failed.detail, started_s)
        except ReplyRefused as refused:
            return self._failed(FailureReason.INVALID_RESPONSE, str(refused), started_s)
        except OSError as error:
            return self._failed(*exchange_failure(error), started_s)
        except Exception as error:  # noqa: BLE001 - the delivery must have a result
            return self._failed(FailureReason.INTERNAL_ERROR, type(error).__name__, started_s)

    async def _append(self, started_s: float) -> AttemptResult:
        prepared = self._prepared
        async with self._connections.place(prepared.key):
            connection = self._connections.take(prepared.key)
            self._reused = connection is not None
            if connection is not None:
                try:
                    return await self._exchange(connection, started_s)
                except ConnectionError:  # stale: closed by the server while it was idle
                    self._reused = False
            return await self._exchange(await self._dial(), started_s)

    async def _dial(self) -> RespConnection:
        deadline = asyncio.get_running_loop().time() + self._delivery.timeout_s
        return await self._dialler.dial(
            self._prepared.origin, self._progress, deadline, RespConnection
        )

    async def _exchange(self, connection: RespConnection, started_s: float) -> AttemptResult:
        """Open the connection if it is new, and append. It is kept unless anything failed."""
        prepared = self._prepared
        kept = False
        try:
            self._progress.enter(Phase.EXCHANGE)
            if not connection.served and prepared.handshake:
                for reply in await connection.call(*prepared.handshake):
                    if isinstance(reply, ServerError):
                        return read_error(reply.code, self._phases_s(started_s))
                    if reply != _OK:
                        raise ReplyRefused("not OK")
            (reply,) = await connection.call((*prepared.append, *self._fields()))
            kept = True
            if isinstance(reply, ServerError):
                return read_error(reply.code, self._phases_s(started_s))
            return Accepted(0, reply, *self._phases_s(started_s), self._reused)
        finally:
            if kept and not connection.is_closed:
                self._connections.keep(prepared.key, connection)
            else:
                connection.abort()

    def _fields(self) -> tuple[bytes, ...]:
        """The entry: what a webhook's request has, under the same names."""
        delivery = self._delivery
        fields = [
            b"type",
            delivery.event_type.encode(),
            b"payload",
            delivery.payload,
            b"attempt",
            str(delivery.number).encode(),
        ]
        for name, value in self._prepared.signatures.headers(delivery):
            fields += (name.encode(), value.encode())
        if delivery.trace is not None:
            fields += (b"traceparent", delivery.trace.encode())
        fields += self._prepared.headers
        if delivery.content_type is not None:
            fields += (b"content-type", delivery.content_type.encode())
        return tuple(fields)

    def _phases_s(self, started_s: float) -> PhasesS:
        duration_s = time.monotonic() - started_s
        progress = self._progress
        return duration_s, duration_s, progress.dns_s, progress.connect_s, progress.tls_s

    def _failed(self, reason: FailureReason, detail: str, started_s: float) -> AttemptResult:
        self._progress.enter(self._progress.phase)
        duration_s, _, *phases_s = self._phases_s(started_s)
        return without_answer(reason, detail, duration_s, 0.0, *phases_s)
