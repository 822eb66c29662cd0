"""The port through which deliveries leave: a destination takes one and gives its result."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from angarium_worker.domain.attempt_result import AttemptResult


class OptionsUnusable(ValueError):
    """An endpoint's secrets or options cannot be used, whatever is sent to it."""


class DestinationOptions(Struct, frozen=True, gc=False):
    """An endpoint's configuration as its owner set it, with its secrets opened.

    `secrets` are as the owner wrote them (`whsec_…`, `whsk_…`); each signs until its place in
    `expire_at_s` (Unix time; `inf`: always). `header_names` is `webhook`, `svix` or `both`.
    `proxy` is a URL, `client_certificate` PEM. `authentication` is the JSON of an
    `EndpointAuthentication`, `ca_certificates` PEM; the options after them are as in
    `EndpointOptions`. `tenant_id` and `application_id` are the endpoint's.
    """

    url: str
    secrets: tuple[str, ...]
    expire_at_s: tuple[float, ...] = ()
    header_names: str = "webhook"
    headers: Mapping[str, str] = {}
    proxy: str | None = None
    client_certificate: bytes | None = None
    authentication: bytes | None = None
    ca_certificates: bytes | None = None
    payload_format: str = "plain"
    content_type: str | None = None
    event_source: str | None = None
    handshake: bool = False
    tenant_id: bytes = bytes(16)
    application_id: bytes = bytes(16)

    def __repr__(self) -> str:
        """Without what may hold a secret."""
        return f"DestinationOptions({len(self.secrets)} secrets, {len(self.headers)} headers)"


class OutgoingDelivery(Struct, frozen=True, gc=False):
    """The content of one attempt.

    `payload` travels as it is: as application/json, unless it has a `content_type`. `trace` is a
    W3C traceparent, sent along as it is. `timestamp_s` is the Unix time that is signed, `number`
    that of the attempt, from 1. `timeout_s` covers the whole attempt: waiting for a connection,
    DNS, connect, TLS, writing and the complete answer.
    """

    webhook_id: str
    event_type: str
    payload: bytes
    trace: str | None
    timestamp_s: int
    number: int
    timeout_s: float
    content_type: str | None = None

    def __repr__(self) -> str:
        """Without the payload."""
        return f"OutgoingDelivery({self.webhook_id}, {len(self.payload)} bytes)"


class FailedAnswer(Struct, frozen=True):
    """Why an answer counts as a failure: `reason` is a stable name, `text` one sentence for the
    endpoint's owner."""

    reason: str
    text: str


type ExplainAnswer = Callable[[int], FailedAnswer | None]
"""Why an answer with this `response_status` is a failure; None for a success."""


class SubmittedAttempt(Protocol):
    """An attempt under way."""

    def cancel(self) -> None:
        """Give up now: its connection is closed and its callback is not called any more."""
        ...


class Destination[P](Protocol):
    """One kind of place that deliveries go to. `P` is what it keeps ready of an endpoint."""

    def prepare(self, options: DestinationOptions) -> P:
        """Everything about an endpoint that is the same for all its deliveries.

        Raises OptionsUnusable. A URL that may not be sent to is no error here: each attempt then
        ends as Unreachable and stands on record.
        """
        ...

    def submit(
        self, prepared: P, delivery: OutgoingDelivery, on_result: Callable[[AttemptResult], None]
    ) -> SubmittedAttempt:
        """Make one attempt, without a task: `on_result` is called once, later, from the event
        loop, by `timeout_s`.

        Raises nothing for what an endpoint or a network does. `on_result` must be quick and must
        not raise. It may submit again.
        """
        ...


class Destinations:
    """The destinations of this worker, by the scheme of the endpoint's URL; `otherwise` takes
    the rest and refuses what it does not know."""

    def __init__(
        self,
        otherwise: Destination[Any],
        by_scheme: Mapping[str, Destination[Any]] | None = None,
    ) -> None:
        self._otherwise = otherwise
        self._by_scheme = dict(by_scheme or {})

    def of(self, url: str) -> Destination[Any]:
        """The destination of an endpoint with this URL."""
        return self._by_scheme.get(url.partition(":")[0].lower(), self._otherwise)
