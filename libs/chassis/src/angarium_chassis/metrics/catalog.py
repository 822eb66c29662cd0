"""Declarations of metrics, of which the reference page is made.

A declared metric reads plain counters at a scrape, so that counting costs the hot path an addition
and no lock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, Literal

from prometheus_client import Counter, Gauge
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.samples import Exemplar

from .histogram import Histogram

type Kind = Literal["counter", "gauge", "histogram"]
type LabelValues = str | tuple[str, ...]

_SUFFIXES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric. `platform_wide`: it is a figure of the whole platform, which one process at a time
    reports."""

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()
    platform_wide: bool = False

    @property
    def series(self) -> tuple[str, ...]:
        """The names by which queries select its series."""
        return tuple(self.name + suffix for suffix in _SUFFIXES[self.kind])

    def value(self, value: float) -> Metric:
        """The metric without labels."""
        return self.values({(): value})

    def values(self, values: Mapping[LabelValues, float]) -> Metric:
        """The metric, by the values of its labels."""
        family = (CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily)(
            self.name, self.text, labels=self.labels
        )
        for labels, value in values.items():
            family.add_metric(_listed(labels), value)
        return family

    def histograms(self, histograms: Mapping[LabelValues, Histogram]) -> Metric:
        """The histogram, by the values of its labels."""
        family = HistogramMetricFamily(self.name, self.text, labels=self.labels)
        for labels, histogram in histograms.items():
            family.add_metric(_listed(labels), _buckets(histogram), histogram.total)
        return family

    def histogram(self, histogram: Histogram) -> Metric:
        """The histogram without labels."""
        return self.histograms({(): histogram})


@dataclass(frozen=True, slots=True)
class Catalog:
    """The metrics that one part of the platform declares, in the order of their declaration."""

    title: str
    declared: list[Declared] = field(default_factory=list)

    def __iter__(self) -> Iterator[Declared]:
        return iter(self.declared)

    def read_counter(self, name: str, text: str, *labels: str) -> Declared:
        """Declare a counter, without the suffix `_total`."""
        return self._declare(Declared(name, "counter", text, labels))

    def read_gauge(
        self, name: str, text: str, *labels: str, platform_wide: bool = False
    ) -> Declared:
        """Declare a gauge."""
        return self._declare(Declared(name, "gauge", text, labels, platform_wide))

    def read_histogram(self, name: str, text: str, *labels: str) -> Declared:
        """Declare a histogram."""
        return self._declare(Declared(name, "histogram", text, labels))

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """Declare a counter that is counted up where the event happens; not for the hot path."""
        self._declare(Declared(name, "counter", text, labels))
        return Counter(name, text, labels)

    def gauge(self, name: str, text: str) -> Gauge:
        """Declare a gauge that is set, or that a function reads."""
        self._declare(Declared(name, "gauge", text))
        return Gauge(name, text)

    def _declare(self, declared: Declared) -> Declared:
        self.declared.append(declared)
        return declared


def _buckets(histogram: Histogram) -> list[tuple[str, float] | tuple[str, float, Exemplar]]:
    """With examples, which the format OpenMetrics shows and the plain one leaves out."""
    bounds = [*(f"{bound:g}" for bound in histogram.bounds), "+Inf"]
    found: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
    for at, (bound, count) in enumerate(zip(bounds, accumulate(histogram.counts), strict=True)):
        example = histogram.examples.get(at)
        if example is None:
            found.append((bound, count))
        else:
            exemplar = Exemplar(dict(example.labels), example.value, example.at_s)
            found.append((bound, count, exemplar))
    return found


def _listed(labels: LabelValues) -> list[str]:
    return [labels] if isinstance(labels, str) else list(labels)
