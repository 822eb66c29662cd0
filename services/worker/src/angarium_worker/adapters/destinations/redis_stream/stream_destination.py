"""Endpoints that are streams: signs each delivery and appends it with XADD."""

import asyncio
import base64
import hashlib
from collections.abc import Callable

from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.egress.proxy_url import Proxy
from angarium_webhooks.endpoint_url import UrlRefused
from angarium_webhooks.stream_url import STREAM_SCHEMES, StreamUrl, parse_stream_url

from angarium_worker.adapters.destinations.dialing.dialler import Dialler
from angarium_worker.adapters.destinations.dialing.failures import SendFailed
from angarium_worker.adapters.destinations.dialing.origin import Origin, Origins, origin_of
from angarium_worker.adapters.destinations.signatures import Signatures
from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OptionsUnusable,
    OutgoingDelivery,
    SubmittedAttempt,
)
from angarium_worker.domain.attempt_result import (
    AttemptResult,
    FailureReason,
    without_answer,
)

from .stream_attempt import PreparedStream, StreamAttempt
from .stream_connections import StreamConnections, StreamLimits

__all__ = ["STREAM_SCHEMES", "StreamDestination", "StreamLimits"]

CREDENTIALS_HEADER = "authorization"


class StreamDestination:
    """Implements `Destination`. Construct it inside its event loop; `aclose` it there.

    `proxy` is the operator's, for endpoints without one of their own.
    """

    def __init__(
        self,
        rules: EgressRules,
        dialler: Dialler,
        *,
        limits: StreamLimits | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self._origins = Origins(rules, proxy)
        self._dialler = dialler
        self._connections = StreamConnections(limits or StreamLimits())
        self._loop = asyncio.get_running_loop()
        self._attempts: set[StreamAttempt] = set()
        self._closed = False

    def prepare(self, options: DestinationOptions) -> PreparedStream:
        """As the port has it. The header `authorization: Basic …` holds user and password."""
        headers = {name.lower(): value for name, value in options.headers.items()}
        credentials = _credentials(headers.pop(CREDENTIALS_HEADER, None))
        fields = [part.encode() for header in headers.items() for part in header]
        url, origin, refusal = self._target(options)
        digest = hashlib.sha256(b"\0".join(credentials)).hexdigest() if credentials else "-"
        auth = ((b"AUTH", *credentials),) if credentials else ()
        select = ((b"SELECT", str(url.database).encode()),) if url.database else ()
        trim = () if url.maxlen is None else (b"MAXLEN", b"~", str(url.maxlen).encode())
        return PreparedStream(
            refusal,
            origin,
            f"{origin.key} {url.database} {digest}",
            (*auth, *select),
            (b"XADD", url.stream.encode(), *trim, b"*"),
            tuple(fields),
            Signatures.of(options),
        )

    def submit(
        self,
        prepared: PreparedStream,
        delivery: OutgoingDelivery,
        on_result: Callable[[AttemptResult], None],
    ) -> SubmittedAttempt:
        """As the port has it."""
        if self._closed:
            refusal = FailureReason.SENDER_CLOSED, "the destination is closed"
            return self._loop.call_soon(on_result, without_answer(*refusal))
        if prepared.refusal is not None:
            return self._loop.call_soon(on_result, without_answer(*prepared.refusal))
        attempt = StreamAttempt(self._connections, self._dialler, prepared, delivery, on_result)
        self._attempts.add(attempt)
        attempt.task.add_done_callback(lambda _: self._attempts.discard(attempt))
        return attempt

    async def aclose(self) -> None:
        """Close every connection. Attempts under way end with SENDER_CLOSED; later ones too."""
        self._closed = True
        attempts = list(self._attempts)
        for attempt in attempts:
            attempt.close()
        await asyncio.gather(*[each.task for each in attempts], return_exceptions=True)
        self._connections.close()

    def _target(
        self, options: DestinationOptions
    ) -> tuple[StreamUrl, Origin, tuple[FailureReason, str] | None]:
        try:
            url = parse_stream_url(options.url)
            origin = self._origins.find(
                "https" if url.is_tls else "http",
                url.host,
                url.port,
                options.proxy,
                options.client_certificate,
                options.ca_certificates,
            )
        except UrlRefused as refused:
            refusal = FailureReason.URL_REFUSED, str(refused)
        except SendFailed as failed:
            refusal = failed.reason, failed.detail
        else:
            return url, origin, None
        return _NOWHERE, origin_of("http", _NOWHERE.host, _NOWHERE.port), refusal


_NOWHERE = StreamUrl("redis+stream", "invalid", 1, 0, "-")


def _credentials(authorization: str | None) -> tuple[bytes, ...]:
    """User and password, or the password alone. Raises OptionsUnusable."""
    if authorization is None:
        return ()
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except ValueError:
        user, colon, password = b"", b"", b""
    if scheme.lower() != "basic" or not colon or not password:
        raise OptionsUnusable("the header authorization is not `Basic` with `user:password`")
    return (user, password) if user else (password,)
