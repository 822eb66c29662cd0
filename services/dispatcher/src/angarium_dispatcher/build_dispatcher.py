"""The dispatcher put together from its ports, for main.py and the tests alike."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from angarium_chassis.sealing import Seal
from angarium_chassis.streams.writer import StreamWriter
from angarium_chassis.tracing.spans import Spans
from angarium_webhooks.egress.egress_rules import EgressRules

from .adapters.streams.answer_queries import QueryAnswers
from .adapters.streams.dispatch_batches import BatchDispatch, Metrics
from .application.configuration.changes import Announcer, ConfigurationChanges
from .application.configuration.context import ConfigurationContext, ConfigurationLimits
from .application.configuration.endpoint_secrets import EndpointSecrets
from .application.configuration.store import ConfigurationStore
from .application.dispatch.match_messages import MatchingReads
from .application.dispatch.recipients_cache import ReadRecipients, RecipientsCache


class DispatcherReads(MatchingReads, Protocol):
    """Reads of committed configuration, and of the recipients of messages."""

    @property
    def recipients(self) -> ReadRecipients: ...


@dataclass(frozen=True, slots=True)
class DispatcherPorts:
    """Adapters through which the dispatcher reaches the rest of the world."""

    store: ConfigurationStore
    reads: DispatcherReads
    announcer: Announcer
    wake_outbox: Callable[[], None]
    seal: Seal


@dataclass(frozen=True, slots=True)
class DispatcherClocks:
    """Sources of time and randomness. `now` returns aware times; `new_id` returns 16 bytes that
    sort by time."""

    now: Callable[[], datetime]
    new_id: Callable[[], bytes]
    random_bytes: Callable[[int], bytes]


class DispatcherSettings(Protocol):
    """The settings that the composition reads; `Settings` has them."""

    allow_http_endpoints: bool
    stream_destinations: bool
    endpoints_per_application_max: int
    secret_grace_s: int
    signature_headers: Literal["webhook", "svix", "both"]
    require_event_types: bool
    cached_applications_max: int
    cached_filters_max: int
    public_url: str | None

    @property
    def egress_rules(self) -> EgressRules: ...


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """The dispatcher without its streams: use cases, answers, and the cache of recipients."""

    context: ConfigurationContext
    cache: RecipientsCache
    answers: QueryAnswers

    def batch_dispatch(
        self,
        writer: StreamWriter,
        metrics: Metrics,
        *,
        requests: str,
        pause: Callable[[float], Awaitable[bool]],
        spans: Spans | None = None,
    ) -> BatchDispatch:
        """The handler of one numbered stream, which publishes to the stream `requests`."""
        return BatchDispatch(
            self.cache, writer, metrics, requests=requests, pause=pause, spans=spans
        )


def build_dispatcher(
    ports: DispatcherPorts, settings: DispatcherSettings, clocks: DispatcherClocks
) -> Dispatcher:
    """Build the dispatcher. Performs no I/O."""
    cache = RecipientsCache(
        ports.reads.recipients,
        applications_max=settings.cached_applications_max,
        weight_max=settings.cached_filters_max,
    )
    context = ConfigurationContext(
        changes=ConfigurationChanges(ports.store, ports.announcer, cache, ports.wake_outbox),
        secrets=EndpointSecrets(ports.seal, clocks.random_bytes),
        seal=ports.seal,
        new_id=clocks.new_id,
        now=clocks.now,
        limits=ConfigurationLimits(
            allow_http=settings.allow_http_endpoints,
            allow_streams=settings.stream_destinations,
            egress=settings.egress_rules,
            endpoints_max=settings.endpoints_per_application_max,
            secret_grace_s=settings.secret_grace_s,
            header_names=settings.signature_headers,
            require_event_types=settings.require_event_types,
            public_url=settings.public_url,
        ),
    )
    return Dispatcher(context, cache, QueryAnswers(context, ports.reads, cache))
