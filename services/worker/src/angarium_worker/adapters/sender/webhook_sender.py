"""The sender: fills the port application/sending.py."""

import asyncio
import ssl
from collections.abc import Callable

from angarium_worker.adapters.sender.attempt import Attempt, AttemptContext
from angarium_worker.adapters.sender.dialing import Dialler
from angarium_worker.adapters.sender.egress_rules import EgressRules
from angarium_worker.adapters.sender.failures import SendFailed
from angarium_worker.adapters.sender.limits import SenderLimits
from angarium_worker.adapters.sender.name_resolution import LookUp, NameResolution, look_up
from angarium_worker.adapters.sender.pool import ConnectionPool
from angarium_worker.adapters.sender.request_head import RequestHeads
from angarium_worker.adapters.sender.url_rules import Destinations
from angarium_worker.application.sending import (
    FailureReason,
    NoAnswer,
    Outcome,
    SubmittedAttempt,
    WebhookRequest,
)


class WebhookSender:
    """Sends webhooks from one event loop. Construct it inside that loop; `aclose` it there.

    `tls` comes from `client_tls_context`. `user_agent` is `Angarium/<version>`.
    """

    def __init__(
        self,
        rules: EgressRules,
        tls: ssl.SSLContext,
        *,
        user_agent: str,
        allow_http: bool = False,
        limits: SenderLimits | None = None,
        lookup: LookUp = look_up,
    ) -> None:
        limits = limits or SenderLimits()
        self._loop = asyncio.get_running_loop()
        self._pool = ConnectionPool(limits)
        self._names = NameResolution(limits, lookup)
        self._context = AttemptContext(
            self._loop, self._pool, Dialler(rules, self._names, tls, limits), limits
        )
        self._destinations = Destinations(
            allow_http=allow_http,
            user_agent=user_agent,
            cached_max=limits.destinations_cached_max,
        )
        self._heads = RequestHeads(limits.request_head_bytes_max)
        self._closed = False

    @property
    def connections_open(self) -> int:
        """In use, idle or being dialled."""
        return self._pool.places_taken

    @property
    def connections_idle(self) -> int:
        return self._pool.idle_count

    @property
    def attempts_under_way(self) -> int:
        return len(self._context.attempts)

    async def send(self, request: WebhookRequest) -> Outcome:
        """As the port has it."""
        future: asyncio.Future[Outcome] = self._loop.create_future()

        def settle(outcome: Outcome) -> None:
            if not future.done():
                future.set_result(outcome)

        attempt = self.submit(request, settle)
        try:
            return await future
        except asyncio.CancelledError:
            attempt.cancel()
            raise

    def submit(
        self, request: WebhookRequest, on_outcome: Callable[[Outcome], None]
    ) -> SubmittedAttempt:
        """As the port has it."""
        try:
            if self._closed:
                raise SendFailed(FailureReason.SENDER_CLOSED, "the sender is closed")
            destination = self._destinations.find(request.url)
            payload = self._heads.join(destination.head_start, request.headers, request.body)
        except SendFailed as failed:
            return self._loop.call_soon(on_outcome, NoAnswer(failed.reason, failed.detail, 0.0))
        attempt = Attempt(self._context, destination.origin, payload, request.timeout_s, on_outcome)
        attempt.start()
        return attempt

    async def aclose(self) -> None:
        """Close every connection. Attempts under way end with SENDER_CLOSED; later ones too."""
        self._closed = True
        for attempt in list(self._context.attempts):
            attempt.stop(FailureReason.SENDER_CLOSED, "the sender was closed")
        await asyncio.gather(*self._context.dials, return_exceptions=True)
        await self._names.aclose()
        self._pool.close()
        await asyncio.sleep(0)
