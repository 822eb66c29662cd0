"""The sender: posts requests from one event loop, each with one deadline."""

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence

from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.egress.host_addresses import LookUp, look_up
from angarium_webhooks.egress.own_addresses import OwnAddresses
from angarium_webhooks.egress.proxy_url import Proxy
from angarium_webhooks.failures.rewritten_bodies import Sign

from angarium_worker.adapters.destinations.dialing.client_certificates import TlsContexts
from angarium_worker.adapters.destinations.dialing.dialler import Dialler
from angarium_worker.adapters.destinations.dialing.failures import SendFailed
from angarium_worker.adapters.destinations.dialing.name_resolution import NameResolution
from angarium_worker.adapters.destinations.dialing.origin import Origins
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.application.destinations.destination import SubmittedAttempt
from angarium_worker.domain.attempt_result import AttemptResult, FailureReason, without_answer

from .attempt import Attempt, AttemptContext
from .limits import SenderLimits
from .pool import ConnectionPool
from .request_head import RequestHeads
from .url_rules import NoRoute, Route, Routes
from .webhook_request import WebhookRequest


class WebhookSender:
    """Sends webhooks from one event loop. Construct it inside that loop; `aclose` it there.

    `tls` comes from `client_tls_context`; `make_tls` gives another such context for each client
    certificate. `user_agent` is `Angarium/<version>`. `proxy` is the operator's way out for all
    requests that name none themselves. `clock_s` is Unix time, for dates in Retry-After.
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
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        """Raises OSError if the machine does not tell its own addresses."""
        limits = limits or SenderLimits()
        self._loop = asyncio.get_running_loop()
        self._pool = ConnectionPool(limits)
        self._names = NameResolution(limits, lookup)
        self._tls = TlsContexts(tls, make_tls, limits)
        own_addresses = own_addresses or OwnAddresses(limits.own_addresses_lifetime_s)
        dialler = Dialler(rules, own_addresses, self._names, self._tls, limits)
        self.dialler = dialler
        self._context = AttemptContext(self._loop, self._pool, dialler, limits, clock_s)
        self._routes = Routes(Origins(rules, proxy), allow_http=allow_http, user_agent=user_agent)
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

    async def send(self, request: WebhookRequest) -> AttemptResult:
        """Make one attempt; it ends by `timeout_s`. Raises nothing for what an endpoint or a
        network does. Cancelling the caller closes its connection."""
        future: asyncio.Future[AttemptResult] = self._loop.create_future()

        def settle(result: AttemptResult) -> None:
            if not future.done():
                future.set_result(result)

        route = self.route(
            request.url, request.proxy, request.client_certificate, request.ca_certificates
        )
        attempt = self.post(route, request.headers, request.body, request.timeout_s, settle)
        try:
            return await future
        except asyncio.CancelledError:
            attempt.cancel()
            raise

    def route(
        self,
        url: str,
        proxy: str | None = None,
        certificate: bytes | None = None,
        ca_certificates: bytes | None = None,
        method: str = "POST",
    ) -> Route | NoRoute:
        """The way to a URL; as a value, why there is none."""
        try:
            return self._routes.find(url, proxy, certificate, ca_certificates, method)
        except SendFailed as failed:
            return NoRoute(failed.reason, failed.detail)

    def post(
        self,
        route: Route | NoRoute,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        timeout_s: float,
        on_result: Callable[[AttemptResult], None],
        secret_headers: Sequence[tuple[str, str]] = (),
        sign: Sign | None = None,
    ) -> SubmittedAttempt:
        """Make one attempt without a task, as `Destination.submit`. The values of `secret_headers`
        are not in the result's exchange. `sign` recognises a receiver that checks another body."""
        if self._closed:
            return self._refuse(FailureReason.SENDER_CLOSED, "the sender is closed", on_result)
        if isinstance(route, NoRoute):
            return self._refuse(route.reason, route.detail, on_result)
        try:
            request = self._heads.join(route.head_start, headers, body, secret_headers)
        except SendFailed as failed:
            return self._refuse(failed.reason, failed.detail, on_result)
        attempt = Attempt(self._context, route.origin, request, timeout_s, on_result, sign)
        attempt.start()
        return attempt

    def _refuse(
        self, reason: FailureReason, detail: str, on_result: Callable[[AttemptResult], None]
    ) -> SubmittedAttempt:
        return self._loop.call_soon(on_result, without_answer(reason, detail))

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
