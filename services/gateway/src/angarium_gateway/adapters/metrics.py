"""Prometheus metrics of the gateway, read from plain counters at each scrape."""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from angarium_chassis.group_commit import GroupCommit
from angarium_chassis.metrics.catalog import Catalog, LabelValues
from angarium_chassis.metrics.histogram import Histogram
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from angarium_gateway.application.accept.accept_counters import AcceptCounters
from angarium_gateway.domain.fair_level import FairLevel
from angarium_gateway.domain.messages import CommitOutcome, NewMessage
from angarium_gateway.domain.open_batches import OpenBatches

GATEWAY: Final = Catalog("Gateway")
_MESSAGES: Final = GATEWAY.read_counter(
    "angarium_gateway_messages_accepted",
    "Messages committed, by whether they go out at once (`immediate`) or later (`scheduled`).",
    "schedule",
)
_REPLAYED: Final = GATEWAY.read_counter(
    "angarium_gateway_messages_replayed",
    "Messages that an earlier request with the same idempotency key had brought.",
)
_LATENCY: Final = GATEWAY.read_histogram(
    "angarium_gateway_accept_latency_seconds",
    "How long accepted requests `POST …/msg` took, from the headers to the end of the answer.",
)
_GROUP_SIZE: Final = GATEWAY.read_histogram(
    "angarium_gateway_group_size_messages", "Messages of each group commit.", "schedule"
)
_COMMIT: Final = GATEWAY.read_histogram(
    "angarium_gateway_group_commit_seconds", "How long group commits took.", "schedule"
)
_FAILED: Final = GATEWAY.read_counter(
    "angarium_gateway_group_commits_failed",
    "Group commits that failed, or whose outcome is not known.",
    "schedule",
)
_WAITING: Final = GATEWAY.read_gauge(
    "angarium_gateway_messages_waiting",
    "Messages that wait for the next group commit.",
    "schedule",
)
_LEVEL: Final = GATEWAY.read_gauge(
    "angarium_gateway_tenant_messages_per_second_max",
    "Messages a second that this process takes of one tenant while others post, too.",
)
_WINDOW: Final = GATEWAY.read_gauge(
    "angarium_gateway_window_bytes_used",
    "Bytes of this process's window that open batches and commits in flight use.",
)
_WINDOW_MAX: Final = GATEWAY.read_gauge(
    "angarium_gateway_window_bytes_max", "Size of the window: ANGARIUM_WINDOW_BYTES."
)
_OPEN: Final = GATEWAY.read_gauge(
    "angarium_gateway_open_batches", "Batches that this process has published, not yet settled."
)
_OLDEST: Final = GATEWAY.read_gauge(
    "angarium_gateway_oldest_open_batch_age_seconds",
    "Seconds since the oldest batch in this process's window made progress; 0 without any.",
)
_DIRECTORY: Final = GATEWAY.read_gauge(
    "angarium_gateway_directory_age_seconds",
    "Seconds since the copy of the directory was known to be complete: up to 5 while a dispatcher"
    " confirms it.",
)
_STATISTICS: Final = GATEWAY.read_gauge(
    "angarium_gateway_statistics_lag_seconds",
    "Age of the oldest moment that statistics may be incomplete from.",
)

type Commits = GroupCommit[NewMessage, CommitOutcome]


class CountedPath(Protocol):
    """The parts of the hot path that count."""

    @property
    def window(self) -> OpenBatches: ...
    @property
    def counters(self) -> AcceptCounters: ...
    @property
    def commits(self) -> Commits: ...
    @property
    def scheduled(self) -> Commits: ...
    @property
    def level(self) -> FairLevel: ...


class GatewayMetrics(Collector):
    """Collects the metrics of one gateway. `directory_age_s` and `statistics_lag_s` are read at
    each scrape."""

    def __init__(
        self,
        path: CountedPath,
        *,
        clock_s: Callable[[], float],
        directory_age_s: Callable[[], float],
        statistics_lag_s: Callable[[], float],
    ) -> None:
        self._path = path
        self._clock_s = clock_s
        self._directory_age_s = directory_age_s
        self._statistics_lag_s = statistics_lag_s

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as of now."""
        path, counters, window = self._path, self._path.counters, self._path.window
        commits: dict[str, Commits] = {"immediate": path.commits, "scheduled": path.scheduled}
        yield _MESSAGES.values({"immediate": counters.immediate, "scheduled": counters.scheduled})
        yield _REPLAYED.value(counters.replayed)
        yield _LATENCY.histogram(counters.latencies_s)
        yield _GROUP_SIZE.histograms(_of(commits, lambda each: each.sizes))
        yield _COMMIT.histograms(_of(commits, lambda each: each.durations_s))
        yield _FAILED.values({name: each.failed for name, each in commits.items()})
        yield _WAITING.values({name: each.waiting for name, each in commits.items()})
        yield _LEVEL.value(path.level.rate)
        yield _WINDOW.value(window.used_bytes)
        yield _WINDOW_MAX.value(window.window_bytes)
        yield _OPEN.value(len(window))
        yield _OLDEST.value(window.longest_without_progress_s(self._clock_s()))
        yield _DIRECTORY.value(self._directory_age_s())
        yield _STATISTICS.value(self._statistics_lag_s())


def _of(
    commits: dict[str, Commits], part: Callable[[Commits], Histogram]
) -> dict[LabelValues, Histogram]:
    return {name: part(each) for name, each in commits.items()}
