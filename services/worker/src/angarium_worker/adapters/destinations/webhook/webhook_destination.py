"""Endpoints that take webhooks: signs each delivery and posts it."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from angarium_webhooks.endpoint_authentication import decode_authentication
from angarium_webhooks.failures.rewritten_bodies import Sign
from msgspec import Struct
from msgspec.structs import replace

from angarium_worker.adapters.destinations.signatures import Signatures
from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OptionsUnusable,
    OutgoingDelivery,
    SubmittedAttempt,
)
from angarium_worker.domain.attempt_result import AttemptResult

from .access_tokens import AccessTokens, TokenSource
from .authorized_attempt import AuthorizedAttempt
from .handshake import Handshake
from .payload_formats import NO_LINKS, FetchLinks, FormatPayload, Headers, format_of

CONTENT_TYPE = "content-type"
DEFAULT_HEADERS = ((CONTENT_TYPE, "application/json"),)
AUTHORIZATION = "authorization"


class Poster[R](Protocol):
    """Port of the HTTP sender. `R` is a URL's prepared route."""

    def route(
        self,
        url: str,
        proxy: str | None,
        certificate: bytes | None,
        ca_certificates: bytes | None = None,
        method: str = "POST",
    ) -> R:
        """The way to a URL; one that may not be sent to fails when it is posted to."""
        ...

    def post(
        self,
        route: R,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        timeout_s: float,
        on_result: Callable[[AttemptResult], None],
        secret_headers: Sequence[tuple[str, str]] = (),
        sign: Sign | None = None,
    ) -> SubmittedAttempt:
        """As `Destination.submit`. The values of `secret_headers` are not recorded; `sign` makes
        the signatures of another body."""
        ...


class PreparedWebhook[R](Struct, frozen=True, gc=False):
    """An endpoint's route, the headers that do not depend on the delivery, and its signatures.

    `secret_headers` are the endpoint's own and its authentication: their values are not recorded.
    `special`: it has a format of its own, or needs access tokens or a permission.
    """

    route: R
    headers: tuple[tuple[str, str], ...]
    signatures: Signatures
    secret_headers: tuple[tuple[str, str], ...] = ()
    special: bool = False
    form: FormatPayload | None = None
    tokens: TokenSource | None = None
    handshake: Handshake | None = None

    def __repr__(self) -> str:
        """Without what may hold a secret."""
        return f"PreparedWebhook({len(self.headers) + len(self.secret_headers)} headers)"


class WebhookDestination[R]:
    """Implements `Destination` by HTTP POST requests under Standard Webhooks.

    `links` are where receivers fetch the payloads of thin events. `clock_s` is monotonic.
    """

    def __init__(
        self,
        poster: Poster[R],
        links: FetchLinks = NO_LINKS,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._route = poster.route
        self._post = poster.post
        self._links = links
        self._tokens = AccessTokens(poster, clock_s)
        self._clock_s = clock_s

    def prepare(self, options: DestinationOptions) -> PreparedWebhook[R]:
        """As the port has it."""
        headers, tokens = self._authenticated(options)
        content_type = [each for each in headers.items() if each[0].lower() == CONTENT_TYPE]
        form = format_of(options, self._links)
        return PreparedWebhook(
            self._route(
                options.url, options.proxy, options.client_certificate, options.ca_certificates
            ),
            tuple(content_type) or DEFAULT_HEADERS,
            Signatures.of(options),
            tuple([each for each in headers.items() if each not in content_type]),
            form is not None or tokens is not None or options.handshake,
            form,
            tokens,
            self._handshake(options) if options.handshake else None,
        )

    def submit(
        self,
        prepared: PreparedWebhook[R],
        delivery: OutgoingDelivery,
        on_result: Callable[[AttemptResult], None],
    ) -> SubmittedAttempt:
        """As the port has it."""
        if prepared.special:
            return self._submit_special(prepared, delivery, on_result)
        headers = prepared.headers
        if delivery.content_type is not None:
            headers = _with_content_type(headers, delivery.content_type)
        headers += prepared.signatures.headers(delivery)
        if delivery.trace is not None:
            headers = (*headers, ("traceparent", delivery.trace))
        return self._post(
            prepared.route,
            headers,
            delivery.payload,
            delivery.timeout_s,
            on_result,
            prepared.secret_headers,
            partial(prepared.signatures.of_body, delivery),
        )

    def _submit_special(
        self,
        prepared: PreparedWebhook[R],
        delivery: OutgoingDelivery,
        on_result: Callable[[AttemptResult], None],
    ) -> SubmittedAttempt:
        plain = replace(prepared, special=False)
        form, tokens = prepared.form, prepared.tokens
        if form is not None:
            delivery, own = form(delivery)
            plain = _with_headers(plain, own)
        handshake = prepared.handshake
        if handshake is None:
            return self._send_authorized(plain, tokens, delivery, on_result)

        def go(timeout_s: float) -> SubmittedAttempt:
            return self._send_authorized(
                plain, tokens, replace(delivery, timeout_s=timeout_s), on_result
            )

        return handshake.submit(delivery.timeout_s, go, on_result)

    def _send_authorized(
        self,
        plain: PreparedWebhook[R],
        tokens: TokenSource | None,
        delivery: OutgoingDelivery,
        on_result: Callable[[AttemptResult], None],
    ) -> SubmittedAttempt:
        if tokens is None:
            return self.submit(plain, delivery, on_result)

        def send(
            authorization: str, timeout_s: float, on_sent: Callable[[AttemptResult], None]
        ) -> SubmittedAttempt:
            return self.submit(
                _with_secret_header(plain, (AUTHORIZATION, authorization)),
                replace(delivery, timeout_s=timeout_s),
                on_sent,
            )

        attempt = AuthorizedAttempt(tokens, delivery.timeout_s, send, on_result)
        attempt.start()
        return attempt

    def _handshake(self, options: DestinationOptions) -> Handshake:
        """Raises OptionsUnusable."""
        origin = urlsplit(self._links.url or "").hostname
        if origin is None:
            raise OptionsUnusable(
                "the handshake names the host of the platform; the operator must set"
                " ANGARIUM_PUBLIC_URL for the worker"
            )
        route = self._route(
            options.url,
            options.proxy,
            options.client_certificate,
            options.ca_certificates,
            "OPTIONS",
        )
        post, headers = self._post, (("webhook-request-origin", origin),)

        def ask(timeout_s: float, on_answer: Callable[[AttemptResult], None]) -> SubmittedAttempt:
            return post(route, headers, b"", timeout_s, on_answer)

        return Handshake(ask, origin, self._clock_s)

    def _authenticated(
        self, options: DestinationOptions
    ) -> tuple[dict[str, str], TokenSource | None]:
        """The endpoint's custom headers with its authentication, which goes before an
        Authorization among them. Raises ValueError."""
        headers = dict(options.headers)
        if options.authentication is None:
            return headers, None
        authentication = decode_authentication(options.authentication)
        headers = {name: value for name, value in headers.items() if name.lower() != AUTHORIZATION}
        if authentication.authorization is None:
            return headers, self._tokens.source(authentication)
        return headers | {AUTHORIZATION: authentication.authorization}, None


def _with_headers[R](prepared: PreparedWebhook[R], headers: Headers) -> PreparedWebhook[R]:
    return replace(prepared, headers=prepared.headers + headers) if headers else prepared


def _with_secret_header[R](
    prepared: PreparedWebhook[R], header: tuple[str, str]
) -> PreparedWebhook[R]:
    return replace(prepared, secret_headers=(*prepared.secret_headers, header))


def _with_content_type(
    headers: tuple[tuple[str, str], ...], content_type: str
) -> tuple[tuple[str, str], ...]:
    others = [header for header in headers if header[0].lower() != CONTENT_TYPE]
    return ((CONTENT_TYPE, content_type), *others)
