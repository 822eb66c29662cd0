"""The dispatcher's metrics."""

from typing import Final

from angarium_chassis.metrics.catalog import Catalog

from angarium_dispatcher.application.dispatch.dispatch_messages import DispatchedCounts
from angarium_dispatcher.application.dispatch.recipients_cache import RecipientsCache

DISPATCHER: Final = Catalog("Dispatcher")
_MESSAGES = DISPATCHER.counter(
    "angarium_dispatcher_messages_dispatched", "Messages matched to their endpoints."
)
_DELIVERIES = DISPATCHER.counter(
    "angarium_dispatcher_deliveries_requested", "Deliveries handed to the workers."
)
_WITHOUT_RECIPIENTS = DISPATCHER.counter(
    "angarium_dispatcher_batches_without_recipients", "Batches of which no endpoint wanted any."
)
_FILTERS_FAILED = DISPATCHER.counter(
    "angarium_dispatcher_filters_failed",
    "Evaluations of endpoint filters without a result, each for one message.",
)
_HITS = DISPATCHER.counter(
    "angarium_dispatcher_cache_hits", "Applications of a batch found in memory, current."
)
_MISSES = DISPATCHER.counter(
    "angarium_dispatcher_cache_misses", "Applications of a batch read from the database."
)
_CACHED = DISPATCHER.gauge("angarium_dispatcher_cached_applications", "Applications in memory.")


class DispatchMetrics:
    """Adds the counts of one handler call at a time."""

    def __init__(self, cache: RecipientsCache) -> None:
        self._cache = cache
        self._hits = cache.hits
        self._misses = cache.misses
        _CACHED.set_function(lambda: len(cache))

    def count(self, counts: DispatchedCounts) -> None:
        """Add the counts of messages that have been published."""
        _MESSAGES.inc(counts.messages)
        if counts.deliveries:
            _DELIVERIES.inc(counts.deliveries)
        if counts.batches_without_recipients:
            _WITHOUT_RECIPIENTS.inc(counts.batches_without_recipients)
        if counts.filters_failed:
            _FILTERS_FAILED.inc(counts.filters_failed)
        _HITS.inc(self._cache.hits - self._hits)
        _MISSES.inc(self._cache.misses - self._misses)
        self._hits, self._misses = self._cache.hits, self._cache.misses
