"""The dispatcher's metrics, read from plain counters at each scrape."""

from collections.abc import Iterator
from typing import Final

from angarium_chassis.metrics.catalog import Catalog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from angarium_dispatcher.application.dispatch.dispatch_messages import DispatchedCounts
from angarium_dispatcher.application.dispatch.recipients_cache import RecipientsCache

DISPATCHER: Final = Catalog("Dispatcher")
_MESSAGES: Final = DISPATCHER.read_counter(
    "angarium_dispatcher_messages_dispatched", "Messages matched to their endpoints."
)
_DELIVERIES: Final = DISPATCHER.read_counter(
    "angarium_dispatcher_deliveries_requested", "Deliveries handed to the workers."
)
_WITHOUT_RECIPIENTS: Final = DISPATCHER.read_counter(
    "angarium_dispatcher_batches_without_recipients", "Batches of which no endpoint wanted any."
)
_FILTERS_FAILED: Final = DISPATCHER.read_counter(
    "angarium_dispatcher_filters_failed",
    "Evaluations of endpoint filters without a result, each for one message.",
)
_HITS: Final = DISPATCHER.read_counter(
    "angarium_dispatcher_cache_hits", "Applications of a batch found in memory, current."
)
_MISSES: Final = DISPATCHER.read_counter(
    "angarium_dispatcher_cache_misses", "Applications of a batch read from the database."
)
_CACHED: Final = DISPATCHER.read_gauge(
    "angarium_dispatcher_cached_applications", "Applications in memory."
)


class DispatchMetrics(Collector):
    """Adds the counts of one handler call at a time, and collects them."""

    def __init__(self, cache: RecipientsCache) -> None:
        self._cache = cache
        self._total = DispatchedCounts()

    def count(self, counts: DispatchedCounts) -> None:
        """Add the counts of messages that have been published."""
        total = self._total
        total.messages += counts.messages
        total.deliveries += counts.deliveries
        total.batches_without_recipients += counts.batches_without_recipients
        total.filters_failed += counts.filters_failed

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as of now."""
        total, cache = self._total, self._cache
        yield _MESSAGES.value(total.messages)
        yield _DELIVERIES.value(total.deliveries)
        yield _WITHOUT_RECIPIENTS.value(total.batches_without_recipients)
        yield _FILTERS_FAILED.value(total.filters_failed)
        yield _HITS.value(cache.hits)
        yield _MISSES.value(cache.misses)
        yield _CACHED.value(len(cache))
