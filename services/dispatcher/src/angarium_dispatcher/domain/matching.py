"""Matching messages to the endpoints of an application."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .filters.message_filter import (
    BrokenFilter,
    FilteredMessage,
    FilterFailed,
    MessageFilter,
)
from .schedules import NO_SCHEDULES, Schedules


@dataclass(frozen=True, slots=True)
class EndpointFilter:
    """Filters of an enabled endpoint; None accepts everything.

    `version` is the directory version of its configuration.
    """

    endpoint_id: bytes
    version: int
    event_types: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    filter: MessageFilter | BrokenFilter | None = None

    @property
    def weight(self) -> int:
        """Weight in the cache: 1 for itself, 1 for each name, and that of its expression."""
        own = 1 if self.filter is None else 1 + self.filter.weight
        return own + len(self.event_types or ()) + len(self.channels or ())


def matches(endpoint: EndpointFilter, event_type: str, channels: Sequence[str]) -> bool:
    """True when the endpoint accepts such a message.

    As in the Svix API, event types are exact names, and an endpoint with channels accepts only
    messages that share one of them.
    """
    if endpoint.event_types is not None and event_type not in endpoint.event_types:
        return False
    return endpoint.channels is None or not endpoint.channels.isdisjoint(channels)


def accepted(
    endpoints: Sequence[EndpointFilter], message: FilteredMessage, failed: list[bytes]
) -> Sequence[EndpointFilter]:
    """Those of the endpoints whose filter expression is true for the message.

    An endpoint whose filter has no result is not among them; its id is added to `failed`.
    """
    if all(endpoint.filter is None for endpoint in endpoints):
        return endpoints
    kept: list[EndpointFilter] = []
    for endpoint in endpoints:
        try:
            if endpoint.filter is None or endpoint.filter.matches(message):
                kept.append(endpoint)
        except FilterFailed:
            failed.append(endpoint.endpoint_id)
    return kept


class Recipients:
    """The enabled endpoints of one application at one directory version, by event type.

    The index by event type spares a message the comparison with every endpoint that filters
    for other types. `share` is the application's weight in the scheduling of deliveries,
    `schedules` are its tenant's, and `weight` is that of the endpoints in the cache. `filtered`:
    some endpoint has a filter expression, which sees the application's `metadata`.
    """

    __slots__ = (
        "_by_event_type",
        "_of_every_type",
        "filtered",
        "metadata",
        "schedules",
        "share",
        "tenant_id",
        "version",
        "weight",
    )

    def __init__(
        self,
        version: int,
        filters: Iterable[EndpointFilter] = (),
        *,
        tenant_id: bytes = b"",
        share: int = 1,
        schedules: Schedules = NO_SCHEDULES,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        of_every_type: list[EndpointFilter] = []
        by_event_type: defaultdict[str, list[EndpointFilter]] = defaultdict(list)
        self.version = version
        self.tenant_id = tenant_id
        self.share = share
        self.schedules = schedules
        self.weight = 1
        self.filtered = False
        for endpoint in filters:
            self.weight += endpoint.weight
            self.filtered = self.filtered or endpoint.filter is not None
            if endpoint.event_types is None:
                of_every_type.append(endpoint)
            else:
                for event_type in endpoint.event_types:
                    by_event_type[event_type].append(endpoint)
        self.metadata: Mapping[str, str] = dict(metadata or {}) if self.filtered else {}
        self._of_every_type = of_every_type
        self._by_event_type = dict(by_event_type)

    def matching(self, event_type: str, channels: Sequence[str]) -> list[EndpointFilter]:
        """The endpoints that accept such a message, each once. Callers must not modify the
        list, which may be the index's own."""
        candidates = self._of_every_type
        of_this_type = self._by_event_type.get(event_type)
        if of_this_type is not None:
            candidates = candidates + of_this_type if candidates else of_this_type
        if not candidates:
            return candidates
        return [
            endpoint
            for endpoint in candidates
            if endpoint.channels is None or not endpoint.channels.isdisjoint(channels)
        ]
