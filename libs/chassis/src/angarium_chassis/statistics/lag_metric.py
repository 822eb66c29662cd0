"""The metric of a roller: how far statistics are behind what is recorded."""

from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .roller import Roller


class LagMetric(Collector):
    """`angarium_<service>_statistics_lag_seconds`."""

    def __init__(self, roller: Roller, service: str) -> None:
        self._roller = roller
        self._name = f"angarium_{service}_statistics_lag_seconds"

    def describe(self) -> list[Metric]:
        """Declare nothing, so that several rollers of one process, as in tests, do not clash."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the lag as of the latest turn."""
        text = "Age of the oldest moment that statistics may be incomplete from."
        yield GaugeMetricFamily(self._name, text, value=self._roller.lag_s)


async def run_with_metric(roller: Roller, service: str) -> None:
    """Run a roller until cancelled, with its metric in the process's registry."""
    metric = LagMetric(roller, service)
    REGISTRY.register(metric)
    try:
        await roller.run()
    finally:
        REGISTRY.unregister(metric)
