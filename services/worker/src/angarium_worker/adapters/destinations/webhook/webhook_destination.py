"""Endpoints that take webhooks: signs each delivery and posts it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from angarium_worker.adapters.destinations.signatures import Signatures
from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OutgoingDelivery,
    SubmittedAttempt,
)
from angarium_worker.domain.attempt_result import AttemptResult

DEFAULT_HEADERS = (("content-type", "application/json"),)


class Poster[R](Protocol):
    """Port of the HTTP sender. `R` is a URL's prepared route."""

    def route(self, url: str, proxy: str | None, certificate: bytes | None) -> R:
        """The way to a URL; one that may not be sent to fails when it is posted to."""
        ...

    def post(
        self,
        route: R,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        timeout_s: float,
        on_result: Callable[[AttemptResult], None],
    ) -> SubmittedAttempt:
        """As `Destination.submit`."""
        ...


class PreparedWebhook[R](Struct, frozen=True, gc=False):
    """An endpoint's route, the headers that do not depend on the delivery, and its signatures."""

    route: R
    headers: tuple[tuple[str, str], ...]
    signatures: Signatures

    def __repr__(self) -> str:
        """Without what may hold a secret."""
        return f"PreparedWebhook({len(self.headers)} headers)"


class WebhookDestination[R]:
    """Implements `Destination` by HTTP POST requests under Standard Webhooks."""

    def __init__(self, poster: Poster[R]) -> None:
        self._route = poster.route
        self._post = poster.post

    def prepare(self, options: DestinationOptions) -> PreparedWebhook[R]:
        """As the port has it."""
        own = options.headers
        names = {name.lower() for name in own}
        defaults = tuple([header for header in DEFAULT_HEADERS if header[0] not in names])
        return PreparedWebhook(
            self._route(options.url, options.proxy, options.client_certificate),
            (*defaults, *own.items()),
            Signatures.of(options),
        )

    def submit(
        self,
        prepared: PreparedWebhook[R],
        delivery: OutgoingDelivery,
        on_result: Callable[[AttemptResult], None],
    ) -> SubmittedAttempt:
        """As the port has it."""
        headers = prepared.headers
        if delivery.content_type is not None:
            headers = _with_content_type(headers, delivery.content_type)
        headers += prepared.signatures.headers(delivery)
        if delivery.trace is not None:
            headers = (*headers, ("traceparent", delivery.trace))
        return self._post(prepared.route, headers, delivery.payload, delivery.timeout_s, on_result)


def _with_content_type(
    headers: tuple[tuple[str, str], ...], content_type: str
) -> tuple[tuple[str, str], ...]:
    others = [header for header in headers if header[0].lower() != "content-type"]
    return (("content-type", content_type), *others)
