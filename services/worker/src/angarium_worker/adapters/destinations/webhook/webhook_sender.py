"""The sender: fills the port application/sending.py."""

import asyncio
import ssl
from collections.abc import Callable

from angarium_worker.application.destinations.destination import (
    FailureReason,
    NoAnswer,
    Outcome,
    SubmittedAttempt,
    WebhookRequest,
)

from .attempt import Attempt, AttemptContext
from .client_certificates import TlsContexts
from .dialing import Dialler
from .egress_rules import EgressRules
from .failures import SendFailed
from .limits import SenderLimits
from .name_resolution import LookUp, NameResolution, look_up
from .own_addresses import OwnAddresses
from .pool import ConnectionPool
from .proxy_url import Proxy
from .request_head import RequestHeads
from .tls_context import client_tls_context
from .url_rules import Destinations


class WebhookSender:
    """Sends webhooks from one event loop. Construct it inside that loop; `aclose` it there.

    `tls` comes from `client_tls_context`; `make_tls` gives another such context for each client
    certificate. `user_agent` is `Angarium/<version>`. `proxy` is the operator's way out for all
    requests that name none themselves.
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
        make_tls: Callable[[], ssl.SSLContext] = client_tls_context,
        proxy: Proxy | None = None,
        own_addresses: OwnAddresses | None = None,
    ) -> None:
        """Raises OSError if the machine does not tell its own addresses."""
        limits = limits or SenderLimits()
        self._loop = asyncio.get_running_loop()
        self._pool = ConnectionPool(limits)
        self._names = NameResolution(limits, lookup)
        self._tls = TlsContexts(tls, make_tls, limits)
        own_addresses = own_addresses or OwnAddresses(limits.own_addresses_lifetime_s)
        dialler = Dialler(rules, own_addresses, self._names, self._tls, limits)
        self._context = AttemptContext(self._loop, self._pool, dialler, limits)
        self._destinations = Destinations(
            rules, limits, allow_http=allow_http, user_agent=user_agent, proxy=proxy
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
            if request.proxy is None and request.client_certificate is None:
                destination = self._destinations.find(request.url)
            else:
                destination = self._destinations.find_routed(
                    request.url, request.proxy, request.client_certificate
                )
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
        await self._tls.aclose()
        self._pool.close()
        await asyncio.sleep(0)
